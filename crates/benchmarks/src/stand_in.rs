//! A stand-in for AWS Batch and S3 that answers at once and counts who asks for what. Its jobs run
//! until it ends.

use std::collections::{BTreeMap, HashMap};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use poem::http::{StatusCode, Uri};
use poem::listener::{Acceptor, Listener, TcpListener};
use poem::web::Data;
use poem::{EndpointExt, Response, Route, Server, handler};
use serde_json::{Value, json};

use crate::Outcome;

const QUEUE: &str = "arn:aws:batch:eu-central-1:123456789012:job-queue/live2-job-queue";
const DEFINITION: &str =
    "arn:aws:batch:eu-central-1:123456789012:job-definition/live2-simulation:1";

/// What it was asked.
#[derive(Clone, Default)]
pub(crate) struct StandIn(Arc<Mutex<Seen>>);

#[derive(Default)]
struct Seen {
    /// When each job was submitted, by its name.
    submitted: HashMap<String, Instant>,
    /// By action.
    calls: BTreeMap<String, u64>,
}

impl StandIn {
    /// Serves on a free port for as long as the program runs.
    pub(crate) async fn serve(&self) -> Outcome<u16> {
        let acceptor = TcpListener::bind("127.0.0.1:0").into_acceptor().await?;
        let port = acceptor
            .local_addr()
            .first()
            .and_then(|address| address.as_socket_addr().map(std::net::SocketAddr::port))
            .ok_or("the stand-in has no port")?;
        let routes = Route::new().at("*path", answer).data(self.clone());
        tokio::spawn(Server::new_with_acceptor(acceptor).run(routes));
        Ok(port)
    }

    /// When a job of this id was submitted.
    pub(crate) fn submitted(&self, id: &str) -> Option<Instant> {
        self.seen(|seen| {
            let mut names = seen.submitted.iter();
            names.find(|(name, _)| name.contains(id)).map(|(_, at)| *at)
        })
    }

    pub(crate) fn jobs(&self) -> usize {
        self.seen(|seen| seen.submitted.len())
    }

    /// The calls since the last time, by action.
    pub(crate) fn take_calls(&self) -> BTreeMap<String, u64> {
        self.seen(|seen| std::mem::take(&mut seen.calls))
    }

    fn seen<T>(&self, look: impl FnOnce(&mut Seen) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[handler]
async fn answer(stand_in: Data<&StandIn>, uri: &Uri, body: Vec<u8>) -> Response {
    let Some(action) = uri.path().strip_prefix("/v1/") else {
        return of_s3(uri.path());
    };
    let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
    stand_in.seen(|seen| *seen.calls.entry(action.to_owned()).or_default() += 1);
    let answer = match action {
        "describejobqueues" => json!({"jobQueues": [{
            "jobQueueName": "live2-job-queue", "jobQueueArn": QUEUE,
            "state": "ENABLED", "status": "VALID", "priority": 1, "computeEnvironmentOrder": [],
        }]}),
        "describejobdefinitions" => json!({"jobDefinitions": [{
            "jobDefinitionName": "live2-simulation", "jobDefinitionArn": DEFINITION,
            "revision": 1, "status": "ACTIVE", "type": "container",
            "containerProperties": {"image": "image", "command": []},
        }]}),
        "submitjob" => submit(&stand_in, &asked),
        "describejobs" => json!({"jobs": running(&asked)}),
        "listjobs" => json!({"jobSummaryList": []}),
        _ => json!({}),
    };
    Response::builder()
        .content_type("application/json")
        .body(answer.to_string())
}

/// The form of an id is AWS Batch's; what it says is the name, which comes once.
fn submit(stand_in: &StandIn, asked: &Value) -> Value {
    let name = asked["jobName"].as_str().unwrap_or_default();
    stand_in.seen(|seen| seen.submitted.insert(name.to_owned(), Instant::now()));
    json!({"jobName": name, "jobId": id_of(name)})
}

fn id_of(name: &str) -> String {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    let hash = hasher.finish();
    let (high, low) = (hash >> 32, hash & 0xffff_ffff);
    format!("{high:08x}-0000-4000-8000-0000{low:08x}")
}

fn running(asked: &Value) -> Vec<Value> {
    let ids = asked["jobs"].as_array().cloned().unwrap_or_default();
    ids.into_iter()
        .map(|id| {
            json!({
                "jobId": id, "jobName": id, "jobQueue": QUEUE, "jobDefinition": DEFINITION,
                "status": "RUNNING", "startedAt": 1_700_000_000_000_u64, "attempts": [],
            })
        })
        .collect()
}

/// The bucket is there, and nothing in it.
fn of_s3(path: &str) -> Response {
    if !path.trim_matches('/').contains('/') {
        return Response::builder().status(StatusCode::OK).finish();
    }
    Response::builder()
        .status(StatusCode::NOT_FOUND)
        .content_type("application/xml")
        .body("<Error><Code>NoSuchKey</Code><Message>There is none.</Message></Error>")
}
