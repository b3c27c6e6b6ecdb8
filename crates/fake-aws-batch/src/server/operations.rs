//! From the body of a request to the account, and from its answer to JSON.

use std::sync::Arc;

use serde::de::DeserializeOwned;

use super::history::{Caller, Request};
use super::listener::Asked;
use super::machine::Inside;
use super::reply::Reply;
use crate::faults::{Fault, Operation};
use crate::wire::{
    CancelJob, CancelJobs, DescribeJobs, DescribedJobs, EmptyAnswer, StoppedJobs, SubmitJob,
    TerminateJob, TerminateJobs,
};
use crate::{ApiError, Millis};

/// The operation behind a path such as `/v1/submitjob`.
pub(super) fn of_path(path: &str) -> Option<Operation> {
    let name = path.strip_prefix("/v1/")?;
    Operation::ALL
        .into_iter()
        .find(|operation| operation.as_str().eq_ignore_ascii_case(name))
}

/// A request that was read and not done yet.
pub(super) struct Call<'a> {
    pub(super) operation: Operation,
    pub(super) asked: &'a Asked,
    pub(super) fault: Option<Fault>,
}

/// The name that a request gives to a job, for rules that look at it.
pub(super) fn job_name(operation: Operation, body: &[u8]) -> Option<String> {
    (operation == Operation::SubmitJob)
        .then(|| serde_json::from_slice::<SubmitJob>(body).ok())?
        .map(|request| request.job_name)
}

impl Call<'_> {
    /// Has it done by the account.
    pub(super) fn make(self, inside: &mut Inside, now: Millis) -> Reply {
        self.answer(inside, now).unwrap_or_else(|error| {
            let ApiError {
                status,
                code,
                message,
            } = error;
            Reply::error(status, code, &message)
        })
    }

    fn answer(self, inside: &mut Inside, now: Millis) -> Result<Reply, ApiError> {
        let body = &*self.asked.body;
        let account = &mut inside.account;
        match self.operation {
            Operation::SubmitJob => self.submit(inside, now),
            Operation::DescribeJobs => {
                let request: DescribeJobs = parse(body)?;
                let jobs = account.describe_jobs(&request.jobs, now)?;
                Ok(Reply::ok(&DescribedJobs { jobs }))
            }
            Operation::CancelJob => {
                let request: CancelJob = parse(body)?;
                account.cancel_job(&request.job_id, &request.reason, now)?;
                self.note_stop(inside, &[request.job_id], &request.reason, now);
                Ok(Reply::ok(&EmptyAnswer {}))
            }
            Operation::TerminateJob => {
                let request: TerminateJob = parse(body)?;
                account.terminate_job(&request.job_id, &request.reason, now)?;
                self.note_stop(inside, &[request.job_id], &request.reason, now);
                Ok(Reply::ok(&EmptyAnswer {}))
            }
            Operation::CancelJobs => {
                let request: CancelJobs = parse(body)?;
                let stopped: StoppedJobs = account.cancel_jobs(&request, now)?;
                self.note_stop(inside, &stopped.successful, &request.reason, now);
                Ok(Reply::ok(&stopped))
            }
            Operation::TerminateJobs => {
                let request: TerminateJobs = parse(body)?;
                let stopped: StoppedJobs = account.terminate_jobs(&request, now)?;
                self.note_stop(inside, &stopped.successful, &request.reason, now);
                Ok(Reply::ok(&stopped))
            }
            Operation::ListJobs => ok(account.list_jobs(&parse(body)?, now)),
            Operation::GetJobQueueSnapshot => {
                ok(account.get_job_queue_snapshot(&parse(body)?, now))
            }
            Operation::CreateJobQueue => ok(account.create_job_queue(&parse(body)?, now)),
            Operation::UpdateJobQueue => ok(account.update_job_queue(&parse(body)?, now)),
            Operation::DeleteJobQueue => empty(account.delete_job_queue(&parse(body)?, now)),
            Operation::DescribeJobQueues => ok(account.describe_job_queues(&parse(body)?, now)),
            Operation::RegisterJobDefinition => {
                ok(account.register_job_definition(&parse(body)?, now))
            }
            Operation::DeregisterJobDefinition => {
                empty(account.deregister_job_definition(&parse(body)?, now))
            }
            Operation::DescribeJobDefinitions => {
                ok(account.describe_job_definitions(&parse(body)?, now))
            }
            Operation::CreateComputeEnvironment => {
                ok(account.create_compute_environment(&parse(body)?, now))
            }
            Operation::UpdateComputeEnvironment => {
                ok(account.update_compute_environment(&parse(body)?, now))
            }
            Operation::DeleteComputeEnvironment => {
                empty(account.delete_compute_environment(&parse(body)?, now))
            }
            Operation::DescribeComputeEnvironments => {
                ok(account.describe_compute_environments(&parse(body)?, now))
            }
        }
    }

    fn submit(self, inside: &mut Inside, now: Millis) -> Result<Reply, ApiError> {
        let mut request: SubmitJob = parse(&self.asked.body)?;
        request.body_bytes = Some(self.asked.body.len());
        let submitted = inside.account.submit_job(&request, now)?;
        let (id, name) = (
            Arc::clone(&submitted.job_id),
            Arc::clone(&submitted.job_name),
        );
        inside.history.accepted(&id, &name, self.request(None, now));
        Ok(Reply::ok(&submitted))
    }

    fn note_stop(&self, inside: &mut Inside, ids: &[String], reason: &str, now: Millis) {
        for id in ids {
            let request = self.request(Some(reason.to_owned()), now);
            inside.history.asked_to_stop(id, request);
        }
    }

    fn request(&self, reason: Option<String>, now: Millis) -> Request {
        Request {
            at: now.0,
            operation: self.operation,
            caller: Caller::of(self.asked),
            reason,
            fault: self.fault,
        }
    }
}

fn ok<T: serde::Serialize>(answer: Result<T, ApiError>) -> Result<Reply, ApiError> {
    answer.map(|answer| Reply::ok(&answer))
}

fn empty(answer: Result<(), ApiError>) -> Result<Reply, ApiError> {
    answer.map(|()| Reply::ok(&EmptyAnswer {}))
}

/// A body that is empty says nothing, as one that is `{}` does.
fn parse<T: DeserializeOwned>(body: &[u8]) -> Result<T, ApiError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body).map_err(|error| ApiError {
        status: 400,
        code: "SerializationException",
        message: error.to_string(),
    })
}
