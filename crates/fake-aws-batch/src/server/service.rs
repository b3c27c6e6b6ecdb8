//! One request, from its path to its reply, with what goes wrong between.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::http::Method;

use super::control;
use super::listener::Asked;
use super::machine::Machine;
use super::operations::{self, Call};
use super::reply::{LostReply, Reply, Response};
use super::tags;
use crate::ApiError;
use crate::faults::{Fault, Operation};

/// What CloudWatch Logs' actions begin with in `x-amz-target`.
const LOGS: &str = "Logs_20140328.";

/// Answers requests.
#[derive(Debug)]
pub(super) struct Service {
    machine: Arc<Machine>,
    answered: AtomicU64,
}

impl Service {
    pub(super) const fn new(machine: Arc<Machine>) -> Self {
        Self {
            machine,
            answered: AtomicU64::new(1),
        }
    }

    pub(super) async fn answer(&self, asked: Asked) -> Result<Response, LostReply> {
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let request_id = format!("fa4e0000-0000-4000-8000-{number:012x}");
        let path = asked.parts.uri.path();
        if let Some(path) = path.strip_prefix("/_control") {
            return Ok(control::answer(&self.machine, path, &asked).whole(&request_id));
        }
        if let Some(arn) = path.strip_prefix("/v1/tags/") {
            let reply = tags::answer(&self.machine, &asked.parts.method, arn);
            return Ok(reply.whole(&request_id));
        }
        let target = asked.header("x-amz-target");
        if let Some(action) = target.and_then(|target| target.strip_prefix(LOGS)) {
            let answer = self.machine.logs().answer(action, &asked.body);
            let reply = answer.map_or_else(refused, |answer| Reply::ok(&answer));
            return Ok(reply.whole(&request_id));
        }
        match operations::of_path(path).filter(|_| asked.parts.method == Method::POST) {
            Some(operation) => self.batch(operation, &asked, &request_id).await,
            None => Ok(unknown(&asked).whole(&request_id)),
        }
    }

    /// An operation of AWS Batch, and the fault that strikes it, if one does.
    async fn batch(
        &self,
        operation: Operation,
        asked: &Asked,
        request_id: &str,
    ) -> Result<Response, LostReply> {
        let (reply, fault) = self.machine.act(|inside, now| {
            inside.history.called(operation);
            let name = || operations::job_name(operation, &asked.body);
            let has_rules = !inside.faults.rules().is_empty();
            let fault = has_rules.then(|| inside.faults.take(operation, name().as_deref()));
            let fault = fault.flatten();
            let call = Call {
                operation,
                asked,
                fault,
            };
            let reply = match fault {
                Some(Fault::ServerErrorBefore) => refused(ApiError::server()),
                Some(Fault::Throttle) => refused(ApiError::too_many_requests()),
                Some(Fault::AccessDenied) => {
                    refused(ApiError::access_denied(&format!("batch:{operation}")))
                }
                None
                | Some(
                    Fault::LostReplyAfterAcceptance
                    | Fault::CutReply
                    | Fault::EmptyReply
                    | Fault::ServerErrorAfter
                    | Fault::Delay(_),
                ) => call.make(inside, now),
            };
            (reply, fault)
        });
        tracing::debug!(%operation, status = reply.status(), ?fault, peer = %asked.peer);
        match fault {
            Some(Fault::LostReplyAfterAcceptance) => Err(LostReply),
            Some(Fault::CutReply) => Ok(reply.cut(request_id)),
            Some(Fault::ServerErrorAfter) => Ok(refused(ApiError::server()).whole(request_id)),
            Some(Fault::EmptyReply) => Ok(Reply::ok(&serde_json::json!({})).whole(request_id)),
            Some(Fault::Delay(millis)) => {
                tokio::time::sleep(Duration::from_millis(millis)).await;
                Ok(reply.whole(request_id))
            }
            None | Some(Fault::ServerErrorBefore | Fault::Throttle | Fault::AccessDenied) => {
                Ok(reply.whole(request_id))
            }
        }
    }
}

pub(super) fn refused(error: ApiError) -> Reply {
    Reply::error(error.status, error.code, &error.message)
}

fn unknown(asked: &Asked) -> Reply {
    let (method, path) = (&asked.parts.method, asked.parts.uri.path());
    let message = format!("The fake of AWS Batch has no {method} {path}. See GET /_control.");
    Reply::error(404, "UnknownOperationException", &message)
}
