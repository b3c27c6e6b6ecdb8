//! What a visitor does: start a simulation, watch it, look at the results.

use std::path::{Path, PathBuf};

use bytesize::ByteSize;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use super::api_client::{ApiClient, Artifact, Job};
use super::progress_display::ProgressDisplay;
use crate::command_line::DemoArguments;
use crate::failure::Failure;

/// How a visit ended.
#[derive(Debug)]
pub(crate) enum Ending {
    Completed,
    /// The visitor left before the job had ended.
    Interrupted,
    /// The job failed or was cancelled; how, in a sentence.
    Otherwise(String),
}

/// One visit.
#[derive(Debug)]
pub(crate) struct Visit {
    client: ApiClient,
    params: Value,
    folder: PathBuf,
    stays: bool,
    leaving: CancellationToken,
}

impl Visit {
    pub(crate) fn new(
        client: ApiClient,
        arguments: &DemoArguments,
        folder: &Path,
        leaving: CancellationToken,
    ) -> Self {
        let params = json!({"simulation_config": {"mode": "open_chemistry", "config": {
            "num_particles": arguments.particles, "temperature": 300, "steps": arguments.steps,
        }}});
        Self {
            client,
            params,
            folder: folder.to_owned(),
            stays: !arguments.exit,
            leaving,
        }
    }

    pub(crate) fn pay(&self) -> Result<Ending, Failure> {
        say(&format!(
            "\nBatchway is listening. Everything it keeps lies in {}.",
            self.folder.display()
        ));
        say(&format!(
            "  API key of user demo, for this demo only: {}\n",
            self.client.key()
        ));
        let job_id = self.start_or_find()?;
        let Some(job) = self.follow(&job_id)? else {
            say("\nThe job goes on without the gateway. The same command again shows how it ends.");
            return Ok(Ending::Interrupted);
        };
        if job.status != "completed" {
            return Ok(Ending::Otherwise(sentence_about(&job)));
        }
        self.show_artifacts(&self.client.artifacts(&job_id)?);
        self.show_what_next(&job_id);
        Ok(Ending::Completed)
    }

    fn start_or_find(&self) -> Result<String, Failure> {
        if let Some(job) = self.client.unfinished()? {
            say(&format!(
                "{} of an earlier demo has not ended: here it is again.\n",
                job.job_id
            ));
            return Ok(job.job_id);
        }
        say(&format!("POST {}/jobs", self.client.api()));
        say(&format!(
            "  {}",
            json!({"job_type": "run_simulation", "params": self.params})
        ));
        let started = self.client.start(&self.params)?;
        say(&format!(
            "  202 {} · about {} s\n",
            started.job_id, started.estimated_time
        ));
        Ok(started.job_id)
    }

    /// The job at its end; `None` where the visitor left before.
    fn follow(&self, job_id: &str) -> Result<Option<Job>, Failure> {
        let mut display = ProgressDisplay::new();
        loop {
            let job = match self.client.next_change(job_id) {
                Ok(job) => job,
                Err(_) if self.leaving.is_cancelled() => return Ok(None),
                Err(failure) => return Err(failure),
            };
            display.show(&job);
            if matches!(job.status.as_str(), "completed" | "failed" | "cancelled") {
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
        let (api, key) = (self.client.api(), self.client.key());
        let docs = api.trim_end_matches("/api/v1");
        say(&format!("\nAPI docs        {docs}/docs"));
        say(&format!(
            "By hand         curl -H 'Authorization: Bearer {key}' {api}/jobs/{job_id}"
        ));
        if self.stays {
            say("\nThe gateway stays up until Ctrl-C.");
        }
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
