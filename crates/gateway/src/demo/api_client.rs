//! The API as a stranger sees it.

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};
use ureq::Agent;

use crate::failure::Failure;

/// Longer than any long-poll.
const TIMEOUT: Duration = Duration::from_secs(90);

/// Speaks to a gateway over HTTP with nothing but its address and a key.
#[derive(Clone, Debug)]
pub(crate) struct ApiClient {
    agent: Agent,
    api: String,
    key: String,
}

/// What the demo reads of a job.
#[derive(Debug, Deserialize)]
pub(crate) struct Job {
    pub(crate) job_id: String,
    pub(crate) status: String,
    pub(crate) progress: u64,
    pub(crate) message: Option<String>,
    pub(crate) error: Option<String>,
    pub(crate) failure: Option<Failing>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Failing {
    pub(crate) remedy: String,
}

/// What the demo reads of an artifact.
#[derive(Debug, Deserialize)]
pub(crate) struct Artifact {
    pub(crate) key: String,
    pub(crate) size: u64,
    pub(crate) url: String,
}

/// The answer to a POST.
#[derive(Debug, Deserialize)]
pub(crate) struct Started {
    pub(crate) job_id: String,
    pub(crate) estimated_time: u64,
}

impl ApiClient {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        let agent = Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .build()
            .into();
        Self {
            agent,
            api: format!("{url}/api/v1"),
            key: key.to_owned(),
        }
    }

    /// Address of the API, such as `http://127.0.0.1:8000/api/v1`.
    pub(crate) fn api(&self) -> &str {
        &self.api
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    pub(crate) fn start(&self, params: &Value) -> Result<Started, Failure> {
        let body = json!({"job_type": "run_simulation", "params": params});
        let answer = self
            .agent
            .post(format!("{}/jobs", self.api))
            .header("authorization", format!("Bearer {}", self.key))
            .send_json(&body);
        read(answer)
    }

    /// The job after its next change, at the latest after a few seconds.
    pub(crate) fn next_change(&self, job_id: &str) -> Result<Job, Failure> {
        self.get(&format!("/jobs/{job_id}?wait=5s"))
    }

    /// A job of an earlier visit that has not ended.
    pub(crate) fn unfinished(&self) -> Result<Option<Job>, Failure> {
        #[derive(Deserialize)]
        struct Page {
            jobs: Vec<Job>,
        }
        for status in ["running", "queued"] {
            let page: Page = self.get(&format!("/jobs?limit=1&status={status}"))?;
            if let Some(job) = page.jobs.into_iter().next() {
                return Ok(Some(job));
            }
        }
        Ok(None)
    }

    pub(crate) fn artifacts(&self, job_id: &str) -> Result<Vec<Artifact>, Failure> {
        #[derive(Deserialize)]
        struct List {
            artifacts: Vec<Artifact>,
        }
        let list: List = self.get(&format!("/jobs/{job_id}/artifacts"))?;
        Ok(list.artifacts)
    }

    fn get<T: for<'a> Deserialize<'a>>(&self, path: &str) -> Result<T, Failure> {
        let url = format!("{}{path}", self.api);
        read(
            self.agent
                .get(url)
                .header("authorization", format!("Bearer {}", self.key))
                .call(),
        )
    }
}

fn read<T: for<'a> Deserialize<'a>>(
    answer: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
) -> Result<T, Failure> {
    let mut response =
        answer.map_err(|error| Failure::failed(format!("the gateway does not answer: {error}")))?;
    let status = response.status();
    let text = response
        .body_mut()
        .read_to_string()
        .map_err(Failure::failed)?;
    if !status.is_success() {
        return Err(Failure::failed(format!(
            "the gateway answered {status}: {text}"
        )));
    }
    serde_json::from_str(&text)
        .map_err(|error| Failure::failed(format!("an answer can't be read ({error}): {text}")))
}
