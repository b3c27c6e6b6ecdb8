//! What a visitor does: start a simulation, watch it, look at the results.

use std::path::{Path, PathBuf};

use batchway_client::types::{Artifact, Job, JobStatus, SubmitJobRequest};
use batchway_client::{CarriesProblem, Client, Error};
use bytesize::ByteSize;
use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::progress_display::ProgressDisplay;
use crate::command_line::DemoArguments;
use crate::failure::Failure;

/// How long a poll waits for the job's end.
const POLL: &str = "5s";

/// How a visit ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Completed,
    /// The visitor left before the job had ended.
    Interrupted,
    /// The job failed or was cancelled; how, in a sentence.
    Otherwise(String),
}

/// Where a visitor goes, and with what.
#[derive(Debug)]
pub(crate) struct Entrance {
    pub(crate) url: String,
    pub(crate) key: String,
}

/// One visit.
#[derive(Debug)]
pub(crate) struct Visit {
    client: Client,
    entrance: Entrance,
    params: Map<String, Value>,
    folder: PathBuf,
    stays: bool,
    leaving: CancellationToken,
}

impl Visit {
    pub(crate) fn new(
        entrance: Entrance,
        arguments: &DemoArguments,
        folder: &Path,
        leaving: CancellationToken,
    ) -> Result<Self, Failure> {
        let simulation = json!({"mode": "open_chemistry", "config": {
            "num_particles": arguments.particles, "temperature": 300, "steps": arguments.steps,
        }});
        Ok(Self {
            client: Client::new(&entrance.url, &entrance.key).map_err(Failure::failed)?,
            entrance,
            params: Map::from_iter([("simulation_config".to_owned(), simulation)]),
            folder: folder.to_owned(),
            stays: !arguments.exit,
            leaving,
        })
    }

    pub(crate) async fn pay(&self) -> Result<Ending, Failure> {
        say(&format!(
            "\nBatchway is listening. Everything it keeps lies in {}.",
            self.folder.display()
        ));
        say(&format!(
            "  API key of user demo, for this demo only: {}\n",
            self.entrance.key
        ));
        let job_id = self.start_or_find().await?;
        let Some(job) = self.follow(&job_id).await? else {
            say("\nThe job goes on without the gateway. The same command again shows how it ends.");
            return Ok(Ending::Interrupted);
        };
        if job.status != JobStatus::Completed {
            return Ok(Ending::Otherwise(sentence_about(&job)));
        }
        let list = self.client.list_artifacts().job_id(&job_id).send().await;
        self.show_artifacts(&list.map_err(|error| refused(&error))?.artifacts);
        self.show_what_next(&job_id);
        Ok(Ending::Completed)
    }

    async fn start_or_find(&self) -> Result<String, Failure> {
        if let Some(job) = self.unfinished().await? {
            say(&format!(
                "{} of an earlier demo has not ended: here it is again.\n",
                job.job_id
            ));
            return Ok(job.job_id);
        }
        let request = SubmitJobRequest {
            idempotency_key: None,
            job_type: "run_simulation".to_owned(),
            params: self.params.clone(),
            webhook_url: None,
        };
        say(&format!("POST {}/api/v1/jobs", self.entrance.url));
        say(&format!(
            "  {}",
            json!({"job_type": request.job_type, "params": request.params})
        ));
        let started = self.client.submit_job().body(request).send().await;
        let started = started.map_err(|error| refused(&error))?;
        say(&format!(
            "  202 {} · about {} s\n",
            started.job_id, started.estimated_time
        ));
        Ok(started.into_inner().job_id)
    }

    /// A job of an earlier visit that has not ended.
    async fn unfinished(&self) -> Result<Option<Job>, Failure> {
        for status in [JobStatus::Running, JobStatus::Queued] {
            let list = self.client.list_jobs().limit(1).status(status).send().await;
            let list = list.map_err(|error| refused(&error))?.into_inner();
            if let Some(job) = list.jobs.into_iter().next() {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    /// The job at its end; `None` where the visitor left before.
    async fn follow(&self, job_id: &str) -> Result<Option<Job>, Failure> {
        let mut display = ProgressDisplay::new();
        loop {
            let job = self.client.get_job().job_id(job_id).wait(POLL).send().await;
            let job = match job {
                Ok(job) => job.into_inner(),
                Err(_) if self.leaving.is_cancelled() => return Ok(None),
                Err(error) => return Err(refused(&error)),
            };
            display.show(&job);
            if !matches!(job.status, JobStatus::Queued | JobStatus::Running) {
                display.finish();
                return Ok(Some(job));
            }
            if self.leaving.is_cancelled() {
                return Ok(None);
            }
        }
    }

    fn show_artifacts(&self, artifacts: &[Artifact]) {
        say("\nResults, by links that work in a browser for an hour:");
        for artifact in artifacts {
            let name = artifact.key.rsplit('/').next().unwrap_or(&artifact.key);
            say(&format!(
                "  {name:<22}{:>10}  {}",
                ByteSize::b(artifact.size),
                artifact.url
            ));
        }
    }

    fn show_what_next(&self, job_id: &str) {
        let Entrance { url, key } = &self.entrance;
        say(&format!("\nAPI docs        {url}/docs"));
        say(&format!(
            "By hand         curl -H 'Authorization: Bearer {key}' {url}/api/v1/jobs/{job_id}"
        ));
        if self.stays {
            say("\nThe gateway stays up until Ctrl-C.");
        }
    }
}

fn refused(error: &Error) -> Failure {
    match error.problem() {
        Some(problem) => Failure::failed(format!(
            "the gateway answered {}: {problem}",
            problem.status
        )),
        None => Failure::failed(format!("the gateway does not answer: {error}")),
    }
}

fn sentence_about(job: &Job) -> String {
    let error = job.error.as_deref().unwrap_or_default();
    let remedy = job
        .failure
        .as_ref()
        .map(|failure| failure.remedy.as_str())
        .unwrap_or_default();
    format!("{} is {}. {error} {remedy}", job.job_id, job.status)
        .trim_end()
        .to_owned()
}

#[expect(clippy::print_stdout, reason = "the demo speaks to whoever typed it")]
pub(crate) fn say(line: &str) {
    println!("{line}");
}
