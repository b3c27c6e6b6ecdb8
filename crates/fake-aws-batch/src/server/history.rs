//! What truly happened, whatever Batch's API shows or has forgotten.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::Serialize;

use super::listener::Asked;
use crate::faults::{Fault, Operation};
use crate::wire::{JobDetail, JobStatus};
use crate::{Exit, Millis, Signal, StateChange};

/// A job that was accepted, from its acceptance to the end of the fake.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct JobRecord {
    /// Its id.
    pub job_id: Arc<str>,
    /// Its name.
    pub job_name: Arc<str>,
    /// When it was accepted.
    pub accepted_at: i64,
    /// Its latest status, even if no answer shows it.
    pub status: JobStatus,
    /// Why it ended, or why it waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub status_reason: Option<String>,
    /// Whether Batch was made to forget it.
    pub vanished: bool,
    /// The requests that named it, in order. None of an array's children.
    pub requests: Vec<Request>,
    /// The containers that there were for it, in order.
    pub runs: Vec<Run>,
}

/// A request to submit or to stop a job.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    /// When it came.
    pub at: i64,
    /// What was asked.
    pub operation: Operation,
    /// Who asked.
    pub caller: Caller,
    /// The reason that was given for stopping.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// What went wrong with the answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fault: Option<Fault>,
}

/// Who asked, as far as a request tells.
#[derive(Clone, Debug, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Caller {
    /// The access key that signed. No signature is checked.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub access_key_id: Option<String>,
    /// What the client calls itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub user_agent: Option<String>,
    /// Address and port.
    pub peer: String,
}

impl Caller {
    pub(super) fn of(asked: &Asked) -> Self {
        // `AWS4-HMAC-SHA256 Credential=KEY/20260101/region/batch/aws4_request, …`
        let authorization = asked.header("authorization");
        let credential = authorization.and_then(|text| text.split_once("Credential="));
        let key = credential.and_then(|(_, credential)| credential.split('/').next());
        Self {
            access_key_id: key.map(str::to_owned),
            user_agent: asked.header("user-agent").map(str::to_owned),
            peer: asked.peer.to_string(),
        }
    }
}

/// One attempt's container, or what stands for it.
#[derive(Clone, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Run {
    /// From 1.
    pub attempt: u32,
    /// When the executor was asked to start it.
    pub asked_at: i64,
    /// When it ran.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub started_at: Option<i64>,
    /// When it was over.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<i64>,
    /// 128 and the signal where one ended it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// What is said of its end beyond that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// `SIGTERM` and `SIGKILL`, as they were sent.
    pub signals: Vec<&'static str>,
    /// The log stream that it writes to.
    pub log_stream_name: Arc<str>,
}

/// All jobs ever accepted, and how often each operation was asked for.
#[derive(Debug, Default)]
pub(super) struct History {
    jobs: BTreeMap<Arc<str>, JobRecord>,
    order: Vec<Arc<str>>,
    calls: BTreeMap<&'static str, u64>,
}

impl History {
    pub(super) fn called(&mut self, operation: Operation) {
        *self.calls.entry(operation.as_str()).or_default() += 1;
    }

    pub(super) fn calls(&self) -> &BTreeMap<&'static str, u64> {
        &self.calls
    }

    pub(super) fn accepted(&mut self, id: &Arc<str>, name: &Arc<str>, request: Request) {
        let record = self.record(id, name, request.at);
        record.requests.push(request);
    }

    /// A request to stop. An unknown job has no record.
    pub(super) fn asked_to_stop(&mut self, id: &str, request: Request) {
        if let Some(record) = self.jobs.get_mut(id) {
            record.requests.push(request);
        }
    }

    pub(super) fn changed(&mut self, change: &StateChange) {
        let JobDetail {
            job_id, job_name, ..
        } = &change.job;
        let record = self.record(job_id, job_name, change.job.created_at);
        record.status = change.job.status;
        record.status_reason = change.job.status_reason.as_deref().map(str::to_owned);
    }

    pub(super) fn vanished(&mut self, id: &str) {
        if let Some(record) = self.jobs.get_mut(id) {
            record.vanished = true;
        }
    }

    pub(super) fn asked_to_start(&mut self, start: &crate::Start, at: Millis) {
        let record = self.record(&start.job_id, &start.job_name, at.0);
        record.runs.push(Run {
            attempt: start.attempt,
            asked_at: at.0,
            started_at: None,
            ended_at: None,
            exit_code: None,
            reason: None,
            signals: Vec::new(),
            log_stream_name: start.log_stream_name.clone(),
        });
    }

    pub(super) fn started(&mut self, id: &str, attempt: u32, at: Millis) {
        if let Some(run) = self.run(id, attempt) {
            run.started_at = Some(at.0);
        }
    }

    pub(super) fn signalled(&mut self, id: &str, attempt: u32, signal: Signal) {
        if let Some(run) = self.run(id, attempt) {
            run.signals.push(match signal {
                Signal::Terminate => "SIGTERM",
                Signal::Kill => "SIGKILL",
            });
        }
    }

    pub(super) fn ended(&mut self, id: &str, attempt: u32, exit: &Exit, at: Millis) {
        if let Some(run) = self.run(id, attempt) {
            run.ended_at = Some(at.0);
            run.exit_code = exit.code;
            run.reason.clone_from(&exit.reason);
        }
    }

    pub(super) fn job(&self, id: &str) -> Option<&JobRecord> {
        self.jobs.get(id)
    }

    /// In the order of acceptance.
    pub(super) fn jobs(&self) -> impl Iterator<Item = &JobRecord> {
        self.order.iter().filter_map(|id| self.jobs.get(id))
    }

    fn run(&mut self, id: &str, attempt: u32) -> Option<&mut Run> {
        let runs = &mut self.jobs.get_mut(id)?.runs;
        runs.iter_mut().find(|run| run.attempt == attempt)
    }

    fn record(&mut self, id: &Arc<str>, name: &Arc<str>, accepted_at: i64) -> &mut JobRecord {
        self.jobs.entry(id.clone()).or_insert_with(|| {
            self.order.push(id.clone());
            JobRecord {
                job_id: id.clone(),
                job_name: name.clone(),
                accepted_at,
                status: JobStatus::Submitted,
                status_reason: None,
                vanished: false,
                requests: Vec::new(),
                runs: Vec::new(),
            }
        })
    }
}
