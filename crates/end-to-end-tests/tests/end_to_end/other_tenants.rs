//! Other people's jobs are not there, byte for byte, on every route that the document has.

use std::collections::BTreeMap;

use batchway_test_servers::RedisServer;
use serde_json::{Value, json};

use crate::api::{Answer, Api};
use crate::gateway::{Gateway, Installation, text};

/// What every answer has of its own.
const OF_EACH_ANSWER: [&str; 2] = ["date", "x-request-id"];

/// Where webhooks are sent and nobody takes them: there are deliveries all the same.
const WEBHOOK_URL: &str = "http://127.0.0.1:9/";

#[test]
fn on_sqlite_they_look_like_none() {
    look_like_none(Installation::with_test_job_types());
}

#[test]
fn on_redis_they_look_like_none() {
    let redis = RedisServer::start();
    let port = redis.port().to_string();
    let installation = Installation::with_test_job_types()
        .set("REDIS_HOST", "127.0.0.1")
        .set("REDIS_PORT", &port);
    look_like_none(installation);
}

fn look_like_none(installation: Installation) {
    let installation = installation
        // One at a time, so that the last of the owner's jobs waits.
        .set("BATCHWAY_PROCESS_CONCURRENCY", "1")
        .set("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8");
    let keys = ["user123", "user456"].map(|user| installation.create_key(user));
    let gateway = installation.serve();
    let [owner, stranger] = keys.map(|key| gateway.api(&key));
    let jobs = jobs_in_every_state(&installation, &owner);
    let routes = routes_of_a_job(&gateway, &delivery_of(&owner, &jobs["completed"]));
    let names: Vec<&str> = routes.iter().map(|route| route.name.as_str()).collect();
    assert!(names.contains(&"GET /api/v1/jobs/{job_id}"), "{names:?}");

    for route in &routes {
        for (status, theirs) in &jobs {
            for none in never_given_out(theirs) {
                let of = |id: &str| route.ask(&stranger, id).without(id);
                assert_eq!(of(theirs), of(&none), "{}, {status}", route.name);
                assert_eq!(of(theirs).status, 404, "{}, {status}", route.name);
            }
        }
    }
    // The same requests from whom the job belongs to, or the tests above are of no route at all.
    for route in routes.iter().filter(|route| !route.path.contains('?')) {
        let answer = route.ask(&owner, &jobs["completed"]);
        assert!(answer.status < 300, "{}: {answer:?}", route.name);
    }
    let page = stranger.get("/api/v1/jobs").expect(200);
    assert_eq!(page, json!({"jobs": [], "next_cursor": null}));
}

fn jobs_in_every_state(installation: &Installation, owner: &Api) -> BTreeMap<&'static str, String> {
    let witness = installation.path().join("witness");
    let note = json!({"text": "x", "witness": witness});
    let mut jobs = BTreeMap::new();
    for (status, kind, params) in [
        ("completed", "note", &note),
        ("failed", "fail", &json!({})),
        ("cancelled", "linger", &json!({})),
        ("running", "linger", &json!({})),
        ("queued", "note", &note),
    ] {
        let body = json!({"job_type": kind, "params": params, "webhook_url": WEBHOOK_URL});
        let started = owner.post("/api/v1/jobs", &body.to_string(), &[]);
        let id = text(&started.expect(202), "job_id").to_owned();
        if status == "cancelled" {
            owner.wait_for_status(&id, "running");
            owner.cancel(&id);
        }
        owner.wait_for_status(&id, status);
        jobs.insert(status, id);
    }
    jobs
}

/// The id of a delivery of a job's webhook.
fn delivery_of(owner: &Api, job: &str) -> String {
    let path = format!("/api/v1/jobs/{job}/webhook-deliveries");
    let list = owner.get(&path).expect(200);
    text(&list["deliveries"][0], "delivery_id").to_owned()
}

/// An operation on one job, as the document has it.
struct Route {
    /// Method and path.
    name: String,
    is_post: bool,
    /// With everything in its place but the job.
    path: String,
    body: String,
}

/// Every operation on one job, once bare and once with each parameter of its query.
fn routes_of_a_job(gateway: &Gateway, delivery: &str) -> Vec<Route> {
    let document = gateway.api("").get("/openapi.json").expect(200);
    let mut routes = Vec::new();
    let paths = document["paths"].as_object().unwrap();
    for (path, item) in paths.iter().filter(|(path, _)| path.contains("{job_id}")) {
        for (method, operation) in item.as_object().unwrap() {
            let content = &operation["requestBody"]["content"]["application/json"];
            let body = content.get("example").map(Value::to_string);
            let route = |query: &str| Route {
                name: format!("{} {path}{query}", method.to_uppercase()),
                is_post: method == "post",
                path: format!("{path}{query}").replace("{delivery_id}", delivery),
                body: body.clone().unwrap_or_default(),
            };
            assert!(
                ["get", "post"].contains(&method.as_str()),
                "{method} {path}"
            );
            routes.push(route(""));
            routes.extend(queries(operation).iter().map(|query| route(query)));
        }
    }
    routes
}

/// `?name=example`, one for each parameter of an operation's query.
fn queries(operation: &Value) -> Vec<String> {
    let parameters = operation["parameters"].as_array().into_iter().flatten();
    let of_query = parameters.filter(|parameter| parameter["in"] == "query");
    of_query
        .map(|parameter| {
            let name = text(parameter, "name");
            let example = [&parameter["example"], &parameter["schema"]["example"]]
                .into_iter()
                .find(|example| !example.is_null())
                .unwrap_or_else(|| panic!("{name} has no example"));
            let example = example.as_str().map_or(example.to_string(), str::to_owned);
            format!("?{name}={example}")
        })
        .collect()
}

impl Route {
    fn ask(&self, api: &Api, id: &str) -> Answer {
        let path = self.path.replace("{job_id}", id);
        assert!(!path.contains('{'), "what stands for this in {path}?");
        if self.is_post {
            api.post(&path, &self.body, &[])
        } else {
            api.get(&path)
        }
    }
}

/// Ids that no job has: one like it, and one of another time.
fn never_given_out(id: &str) -> [String; 2] {
    let (head, tail) = id.split_at(id.len() - 4);
    let other_tail = if tail == "zzzz" { "yyyy" } else { "zzzz" };
    [
        format!("{head}{other_tail}"),
        id.replacen("job_0", "job_1", 1),
    ]
}

/// An answer without what every answer has of its own, and without the id that was asked for.
#[derive(Debug, PartialEq)]
struct Bare {
    status: u16,
    headers: Vec<(String, String)>,
    body: String,
}

impl Answer {
    fn without(&self, id: &str) -> Bare {
        let request_id = self.header("x-request-id").unwrap();
        let masked = |text: &str| text.replace(id, "ID").replace(request_id, "REQUEST");
        let headers = self.headers.iter();
        Bare {
            status: self.status,
            headers: headers
                .filter(|(name, _)| !OF_EACH_ANSWER.contains(&name.as_str()))
                .map(|(name, value)| (name.clone(), masked(value)))
                .collect(),
            body: masked(str::from_utf8(&self.bytes).unwrap()),
        }
    }
}

#[test]
fn as_an_input_they_look_like_none() {
    let installation = Installation::new();
    let keys = ["user123", "user456"].map(|user| installation.create_key(user));
    let gateway = installation.serve();
    let [owner, stranger] = keys.map(|key| gateway.api(&key));
    let theirs = owner.submit("run_simulation", &example_of(&owner, "run_simulation"));

    let refused = |id: &str| {
        let params = json!({"dataset_type": "reaction_trajectories", "runs": [id]});
        let body = json!({"job_type": "generate_dataset", "params": params}).to_string();
        stranger.post("/api/v1/jobs", &body, &[]).without(id)
    };
    for none in never_given_out(&theirs) {
        assert_eq!(refused(&theirs), refused(&none));
    }
    assert_eq!(refused(&theirs).status, 422);
    owner.cancel(&theirs);
}

fn example_of(api: &Api, name: &str) -> Value {
    let kinds = api.get("/api/v1/job-types").expect(200);
    let mut kinds = kinds["job_types"].as_array().unwrap().iter();
    kinds.find(|kind| kind["name"] == name).unwrap()["example"].clone()
}
