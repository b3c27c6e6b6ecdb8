//! A caller with a key.

use std::time::Duration;

use serde_json::{Value, json};
use ureq::Agent;

use crate::gateway::{PATIENCE, text, wait_within};

/// The API with a caller's key.
#[derive(Clone)]
pub(crate) struct Api {
    agent: Agent,
    url: String,
    key: String,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.bytes)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&self.bytes)))
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body of an answer that must have this status.
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(
            self.status,
            status,
            "{}",
            String::from_utf8_lossy(&self.bytes)
        );
        self.json()
    }
}

impl Api {
    pub(crate) fn new(url: &str, key: &str) -> Self {
        let agent = Agent::config_builder()
            .http_status_as_error(false)
            .timeout_global(Some(PATIENCE + Duration::from_secs(30)))
            .build()
            .into();
        Self {
            agent,
            url: url.to_owned(),
            key: key.to_owned(),
        }
    }

    pub(crate) fn get(&self, path: &str) -> Answer {
        self.try_get(path)
            .unwrap_or_else(|error| panic!("GET {path}: {error}"))
    }

    pub(crate) fn try_get(&self, path: &str) -> Result<Answer, ureq::Error> {
        let request = self.agent.get(self.absolute(path));
        request
            .header("authorization", &self.bearer())
            .call()
            .and_then(read)
    }

    pub(crate) fn post(&self, path: &str, body: &str, headers: &[(&str, &str)]) -> Answer {
        self.try_post(path, body, headers)
            .unwrap_or_else(|error| panic!("POST {path}: {error}"))
    }

    pub(crate) fn try_post(
        &self,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Result<Answer, ureq::Error> {
        let mut request = self
            .agent
            .post(self.absolute(path))
            .header("authorization", &self.bearer())
            .header("content-type", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request.send(body).and_then(read)
    }

    /// Fetches a whole URL without a key, as a browser would.
    pub(crate) fn fetch(&self, url: &str) -> Answer {
        self.agent.get(url).call().and_then(read).unwrap()
    }

    /// Starts a job and answers its id.
    pub(crate) fn submit(&self, job_type: &str, params: &Value) -> String {
        let body = json!({"job_type": job_type, "params": params}).to_string();
        let started = self.post("/api/v1/jobs", &body, &[]).expect(202);
        text(&started, "job_id").to_owned()
    }

    pub(crate) fn job(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/jobs/{id}")).expect(200)
    }

    pub(crate) fn cancel(&self, id: &str) -> Answer {
        self.post(&format!("/api/v1/jobs/{id}/cancel"), "", &[])
    }

    /// The job that was cancelled, once it has been stopped: a cancel waits for that, but not for
    /// ever.
    pub(crate) fn cancel_until_stopped(&self, id: &str) -> Value {
        wait_within(PATIENCE, &format!("{id} to be stopped"), || {
            let answer = self.cancel(id);
            (answer.status != 202).then(|| answer.expect(200))
        })
    }

    /// The job once it has this status.
    pub(crate) fn wait_for_status(&self, id: &str, status: &str) -> Value {
        self.wait_for_status_within(PATIENCE, id, status)
    }

    pub(crate) fn wait_for_status_within(
        &self,
        patience: Duration,
        id: &str,
        status: &str,
    ) -> Value {
        let mut job = self.job(id);
        wait_within(patience, &format!("{id} to be {status}"), || {
            let now = text(&job, "status");
            let over = ["completed", "failed", "cancelled"].contains(&now);
            assert!(!over || now == status, "{id} was to be {status}: {job:#}");
            if now == status {
                return Some(job.clone());
            }
            job = self.get(&format!("/api/v1/jobs/{id}?wait=5s")).expect(200);
            None
        })
    }

    /// All artifacts of a job.
    pub(crate) fn artifacts(&self, id: &str) -> Vec<Value> {
        let list = self
            .get(&format!("/api/v1/jobs/{id}/artifacts"))
            .expect(200);
        list["artifacts"].as_array().unwrap().clone()
    }

    /// The content of one artifact, fetched by its link.
    pub(crate) fn artifact(&self, id: &str, name: &str) -> Vec<u8> {
        let artifacts = self.artifacts(id);
        let artifact = artifacts
            .iter()
            .find(|artifact| text(artifact, "key").ends_with(&format!("/{name}")))
            .unwrap_or_else(|| panic!("no {name} among {artifacts:#?}"));
        let answer = self.fetch(text(artifact, "url"));
        assert_eq!(
            answer.status,
            200,
            "{}",
            String::from_utf8_lossy(&answer.bytes)
        );
        answer.bytes
    }

    fn absolute(&self, path: &str) -> String {
        format!("{}{path}", self.url)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.key)
    }
}

fn read(mut response: ureq::http::Response<ureq::Body>) -> Result<Answer, ureq::Error> {
    let headers = response
        .headers()
        .iter()
        .map(|(name, value)| {
            (
                name.as_str().to_owned(),
                String::from_utf8_lossy(value.as_bytes()).into_owned(),
            )
        })
        .collect();
    let bytes = response
        .body_mut()
        .with_config()
        .limit(256 << 20)
        .read_to_vec()?;
    Ok(Answer {
        status: response.status().as_u16(),
        headers,
        bytes,
    })
}
