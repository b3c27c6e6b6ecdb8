//! What is there before the first generated request: users, a job in every state, and what a
//! caller could know of them.

use std::net::SocketAddr;

use serde_json::{Value, json};

use super::http::Api;
use super::installation::Installation;
use crate::failure::{Failure, Outcome};

/// How often a job is asked for its end, for five seconds each time.
const LOOKS: usize = 24;

/// A job type that generated requests don't ask for: it never ends.
const STANDING: &str = "standing";

/// What the hooks of schemathesis read.
pub(super) struct Known {
    /// Who calls, in the format of Web Fuzzing Commons.
    pub(super) users: Value,
    /// What narrows the document.
    pub(super) facts: Value,
    /// Opens the runner's route.
    pub(super) job_token: String,
    /// The document that this gateway serves.
    pub(super) document: Value,
}

/// Fills a new gateway, whose webhooks go to one address.
pub(super) fn sow(installation: &Installation, webhooks: SocketAddr) -> Outcome<Known> {
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|user| installation.create_key(user));
    let (alice, bob, carol) = (alice?, bob?, carol?);
    let api = |key| Api {
        address: installation.address,
        key,
    };

    let webhook_url = format!("http://{webhooks}/");
    let submit = |key, kind| submit(&api(key), kind, &webhook_url);

    let mut jobs = serde_json::Map::new();
    for (status, kind) in [
        ("completed", "quick"),
        ("failed", "failing"),
        ("cancelled", "brief"),
        ("running", STANDING),
    ] {
        let id = submit(&alice, kind)?;
        if status == "cancelled" {
            api(&alice).post(&format!("/api/v1/jobs/{id}/cancel"), "")?;
        }
        wait_for(&api(&alice), &id, status)?;
        jobs.insert(status.to_owned(), id.into());
    }
    submit(&bob, "quick")?;
    // Nobody who calls with a key owns the job whose token the runner's route gets.
    let reported = submit(&carol, STANDING)?;
    wait_for(&api(&carol), &reported, "running")?;
    let run = submission_of(installation, &reported)?;

    let completed = text(&Value::Object(jobs.clone()), "completed")?;
    let path = format!("/api/v1/jobs/{completed}/webhook-deliveries");
    let deliveries = api(&alice).get(&path)?;
    let kinds = api(&alice).get("/api/v1/job-types")?;
    let kinds: Vec<&Value> = items(&kinds["job_types"])
        .filter(|kind| kind["name"] != STANDING)
        .collect();
    Ok(Known {
        users: json!({"auth": [user("alice", &alice), user("bob", &bob)]}),
        facts: json!({
            "job_types": kinds,
            "deliveries": {completed: deliveries["deliveries"][0]["delivery_id"]},
            "jobs": jobs,
            "webhook_url": webhook_url,
            "report": {"backend_id": run["backend_id"], "attempt": 1, "progress": 0.5},
        }),
        job_token: text(&run["environment"], "BATCHWAY_JOB_TOKEN")?,
        document: api(&alice).get("/openapi.json")?,
    })
}

fn user(name: &str, key: &str) -> Value {
    let header = json!({"name": "Authorization", "value": format!("Bearer {key}")});
    json!({"name": name, "fixedHeaders": [header]})
}

/// Starts a job with its type's own example.
fn submit(api: &Api<'_>, kind: &str, webhook_url: &str) -> Outcome<String> {
    let kinds = api.get("/api/v1/job-types")?;
    let example = items(&kinds["job_types"])
        .find(|known| known["name"] == kind)
        .map(|known| &known["example"]);
    let body = json!({"job_type": kind, "params": example, "webhook_url": webhook_url});
    text(&api.post("/api/v1/jobs", &body.to_string())?, "job_id")
}

fn wait_for(api: &Api<'_>, id: &str, status: &str) -> Outcome {
    let mut job = Value::Null;
    for _ in 0..LOOKS {
        job = api.get(&format!("/api/v1/jobs/{id}?wait=5s"))?;
        if job["status"] == status {
            return Ok(());
        }
    }
    Err(Failure::because(format!(
        "a job was to be {status} before the tests, and is: {job:#}"
    )))
}

/// What the gateway wrote down for the runner of a job.
fn submission_of(installation: &Installation, id: &str) -> Outcome<Value> {
    let run = installation.folder.join(format!("data/runs/{id}-1"));
    let path = run.join("submission.json");
    let text = std::fs::read_to_string(&path).map_err(Failure::at(&path, "read"))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::because(format!("{} is not JSON: {error}", path.display())))
}

fn items(list: &Value) -> impl Iterator<Item = &Value> {
    list.as_array().into_iter().flatten()
}

fn text(value: &Value, field: &str) -> Outcome<String> {
    let text = value[field].as_str().map(str::to_owned);
    text.ok_or_else(|| Failure::because(format!("no {field} in {value}")))
}
