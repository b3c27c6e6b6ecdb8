//! A stand-in for AWS Batch whose jobs are processes.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

use crate::Outcome;
use crate::books::BatchJob;

const QUEUE: &str = "arn:aws:batch:eu-central-1:123456789012:job-queue/live2-job-queue";
const DEFINITION: &str =
    "arn:aws:batch:eu-central-1:123456789012:job-definition/live2-simulation:1";

#[derive(Debug)]
pub(crate) struct StandIn {
    shared: Arc<Shared>,
    port: u16,
}

#[derive(Debug)]
struct Shared {
    runner: PathBuf,
    environment: BTreeMap<String, String>,
    jobs: Mutex<BTreeMap<String, Job>>,
}

#[derive(Debug)]
struct Job {
    detail: Value,
    stop: watch::Sender<bool>,
}

impl StandIn {
    pub(crate) async fn start(runner: PathBuf, environment: &[(&str, String)]) -> Outcome<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let port = listener.local_addr()?.port();
        let environment = environment
            .iter()
            .map(|(name, value)| ((*name).to_owned(), value.clone()));
        let shared = Arc::new(Shared {
            runner,
            environment: environment.collect(),
            jobs: Mutex::default(),
        });
        let serving = shared.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let shared = serving.clone();
                tokio::spawn(async move { drop(shared.serve(stream).await) });
            }
        });
        Ok(Self { shared, port })
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn jobs(&self) -> Vec<BatchJob> {
        let jobs = self.shared.jobs();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        jobs.values()
            .map(|job| BatchJob {
                id: text(&job.detail["jobId"]),
                name: text(&job.detail["jobName"]),
                status: text(&job.detail["status"]),
            })
            .collect()
    }
}

impl Shared {
    fn jobs(&self) -> MutexGuard<'_, BTreeMap<String, Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn serve(self: &Arc<Self>, stream: TcpStream) -> std::io::Result<()> {
        let mut stream = BufReader::new(stream);
        loop {
            let (mut path, mut length) = (String::new(), 0);
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                let lower = line.to_ascii_lowercase();
                if let Some(value) = lower.strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap_or(0);
                }
                if path.is_empty() {
                    path = line.split(' ').nth(1).unwrap_or_default().to_owned();
                }
                if line == "\r\n" {
                    break;
                }
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            let asked: Value = serde_json::from_slice(&body).unwrap_or_default();
            let answer = self.answer(&path, &asked).to_string();
            let head = format!(
                "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n",
                answer.len()
            );
            stream.write_all((head + &answer).as_bytes()).await?;
        }
    }

    fn answer(self: &Arc<Self>, path: &str, asked: &Value) -> Value {
        match path {
            "/v1/describejobqueues" => json!({"jobQueues": [{
                "jobQueueName": "live2-job-queue", "jobQueueArn": QUEUE,
                "state": "ENABLED", "status": "VALID", "priority": 1,
                "computeEnvironmentOrder": [],
            }]}),
            "/v1/describejobdefinitions" => json!({"jobDefinitions": [{
                "jobDefinitionName": "live2-simulation", "jobDefinitionArn": DEFINITION,
                "revision": 1, "status": "ACTIVE", "type": "container",
                "containerProperties": {"image": "image", "command": []},
            }]}),
            "/v1/submitjob" => self.submit(asked),
            "/v1/describejobs" => {
                let jobs = self.jobs();
                let ids = asked["jobs"].as_array().cloned().unwrap_or_default();
                let found: Vec<Value> = ids
                    .iter()
                    .filter_map(|id| Some(jobs.get(id.as_str()?)?.detail.clone()))
                    .collect();
                json!({ "jobs": found })
            }
            "/v1/listjobs" => self.list(asked),
            "/v1/terminatejob" => {
                let mut jobs = self.jobs();
                if let Some(job) = jobs.get_mut(asked["jobId"].as_str().unwrap_or_default()) {
                    job.detail["isTerminated"] = json!(true);
                    job.detail["statusReason"] = asked["reason"].clone();
                    job.stop.send_replace(true);
                }
                json!({})
            }
            _ => json!({}),
        }
    }

    fn list(&self, asked: &Value) -> Value {
        let wanted = asked["filters"][0]["values"][0]
            .as_str()
            .map(str::to_lowercase);
        let status = asked["jobStatus"].as_str().unwrap_or("RUNNING");
        let jobs = self.jobs();
        let found: Vec<Value> = jobs
            .values()
            .filter(|job| match &wanted {
                Some(name) => {
                    job.detail["jobName"]
                        .as_str()
                        .map(str::to_lowercase)
                        .as_ref()
                        == Some(name)
                }
                None => job.detail["status"] == status,
            })
            .map(|job| job.detail.clone())
            .collect();
        json!({ "jobSummaryList": found })
    }

    fn submit(self: &Arc<Self>, asked: &Value) -> Value {
        let (stop, stopped) = watch::channel(false);
        let mut jobs = self.jobs();
        let number = jobs.len() + 1;
        let id = format!("{number:08x}-0000-4000-8000-000000000000");
        let detail = json!({
            "jobId": id, "jobName": asked["jobName"], "jobQueue": QUEUE,
            "jobDefinition": DEFINITION, "status": "STARTING", "createdAt": now(),
            "tags": asked["tags"], "attempts": [], "container": asked["containerOverrides"],
            "isTerminated": false, "isCancelled": false,
        });
        jobs.insert(id.clone(), Job { detail, stop });
        tokio::spawn(
            self.clone()
                .run(id.clone(), asked["containerOverrides"].clone(), stopped),
        );
        json!({"jobName": asked["jobName"], "jobId": id})
    }

    async fn run(self: Arc<Self>, id: String, asked: Value, mut stopped: watch::Receiver<bool>) {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let environment: HashMap<String, String> = asked["environment"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|pair| (text(&pair["name"]), text(&pair["value"])))
            .collect();
        let command = asked["command"].as_array().cloned().unwrap_or_default();
        let mut child = tokio::process::Command::new(&self.runner)
            .args(["run", "--"])
            .args(command.iter().map(text))
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .envs(&self.environment)
            .envs(environment)
            .env("AWS_BATCH_JOB_ID", &id)
            .env("AWS_BATCH_JOB_ATTEMPT", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("the runner was looked for before");
        self.change(&id, |detail| {
            detail["status"] = json!("RUNNING");
            detail["startedAt"] = json!(now());
        });
        let status = tokio::select! {
            status = child.wait() => status,
            () = async { let _ = stopped.wait_for(|stop| *stop).await.map(drop); } => {
                let pid = child.id().unwrap_or_default().to_string();
                let _ = tokio::process::Command::new("kill").arg(pid).status().await;
                match tokio::time::timeout(Duration::from_secs(30), child.wait()).await {
                    Ok(status) => status,
                    Err(_) => { let _ = child.kill().await; child.wait().await }
                }
            }
        };
        let code = status.ok().and_then(|status| status.code()).unwrap_or(137);
        self.change(&id, |detail| {
            detail["status"] = json!(if code == 0 { "SUCCEEDED" } else { "FAILED" });
            detail["stoppedAt"] = json!(now());
            detail["container"]["exitCode"] = json!(code);
            if detail["statusReason"].is_null() {
                detail["statusReason"] = json!("Essential container in task exited");
            }
            detail["attempts"] = json!([{"container": {"exitCode": code}, "startedAt": detail["startedAt"], "stoppedAt": now()}]);
        });
    }

    fn change(&self, id: &str, change: impl FnOnce(&mut Value)) {
        if let Some(job) = self.jobs().get_mut(id) {
            change(&mut job.detail);
        }
    }
}

fn now() -> u64 {
    #[expect(clippy::disallowed_methods, reason = "AWS Batch has a clock")]
    let now = SystemTime::now();
    now.duration_since(SystemTime::UNIX_EPOCH)
        .map_or(0, |since| since.as_millis() as u64)
}
