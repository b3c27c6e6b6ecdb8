//! The port on top of it all.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_batch::Client;
use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{
    BackendError, CallLimit, CallLimits, Candidate, Capacity, Clock, ComputeBackend, Description,
    Held, LogError, LogPage, LogPosition, ParamsDelivery, Queue, QueuePage, QueuePosition,
    RequestSize, Submission, SubmitError,
};

use crate::call::{CallFailure, Transmission, with_causes};
use crate::catalog::{Catalog, Facts, NotUsable};
use crate::classification::Verdict;
use crate::clients::{self, Timeouts};
use crate::failure::OUR_MARK;
use crate::lookup::Named;
use crate::overrides::{self, Overrides};
use crate::target::{BatchTarget, QueueArn};
use crate::{description, fargate, log, lookup, obstacles, submission, sweeping, tags};

/// Of the 50 calls a second that AWS allows an account in a region, for SubmitJob by its
/// documents, for the others by experience. No second has more, not even one that begins with all
/// that was saved up: what is turned away costs more than it gains.
const CALLS: CallLimit = CallLimit {
    per_second: 40.0,
    burst: 10,
};

/// The longest reason that TerminateJob takes, in characters.
const LONGEST_REASON: usize = 1024;

/// What the owner of a job is told that AWS refuses.
const REFUSED: &str = "AWS Batch refuses the request for the job, although its queue and its job definition are in order; the gateway's operator finds the words of AWS in its log.";

const SUBMIT: &str = "batch:SubmitJob";
const TERMINATE: &str = "batch:TerminateJob";

/// What the backend needs to know besides how to reach AWS.
#[derive(Clone, Debug)]
pub struct AwsBatchConfig {
    /// The number of the AWS account, where it is known beforehand. Otherwise it is learnt from
    /// the first queue.
    pub account: Option<String>,
    /// Set for every job, in place of what a submission says, such as `S3_BUCKET`. No secrets:
    /// whoever may describe a job can read them.
    pub environment: BTreeMap<String, String>,
    /// How often AWS Batch starts a try under our runner whose machine went away, from 1 to 10.
    pub attempts: u8,
    /// How long AWS may take.
    pub timeouts: Timeouts,
    /// Tells whether a signature is refused for our clock.
    pub clock: Arc<dyn Clock>,
}

/// Runs jobs on AWS Batch.
#[derive(Debug)]
pub struct AwsBatchBackend {
    config: AwsBatchConfig,
    region: Option<String>,
    batch: Client,
    logs: aws_sdk_cloudwatchlogs::Client,
    catalog: Catalog,
    /// The account that the queues belong to.
    account: OnceLock<String>,
}

impl AwsBatchBackend {
    /// A backend that reaches AWS as `sdk` says: region, credentials, endpoint, HTTP client.
    /// Retries and timeouts are its own. Makes no call.
    pub fn new(sdk: &SdkConfig, config: AwsBatchConfig) -> Self {
        let batch = clients::batch(sdk, config.timeouts);
        let account = config
            .account
            .clone()
            .map(OnceLock::from)
            .unwrap_or_default();
        Self {
            region: sdk.region().map(ToString::to_string),
            logs: clients::logs(sdk, config.timeouts),
            catalog: Catalog::new(batch.clone()),
            batch,
            config,
            account,
        }
    }

    /// Checks what AWS Batch would accept and then fail.
    fn check_size(execution: &AwsBatchExecution, facts: &Facts) -> Result<(), SubmitError> {
        let definition = &facts.definition;
        let is_as_defined = execution.vcpus.is_none() && execution.memory_mib.is_none();
        if !definition.on_fargate || is_as_defined {
            return Ok(());
        }
        let vcpus = execution.vcpus.as_ref().or(definition.vcpus.as_ref());
        let memory = execution.memory_mib.or(definition.memory_mib);
        let (Some(vcpus), Some(memory)) = (vcpus, memory) else {
            return Ok(());
        };
        fargate::check(vcpus, memory).map_err(|message| held("job_type_invalid", message))
    }

    /// The one request. What AWS answers, or why there is no answer.
    async fn send(
        &self,
        submission: &Submission,
        target: &BatchTarget,
        overrides: Overrides,
    ) -> Result<String, CallFailure> {
        let share = target
            .fair_share
            .then(|| submission::share_identifier(&submission.tenant));
        let attempts = i32::from(self.config.attempts);
        let (clock, limit) = (self.config.clock.clone(), self.config.timeouts.operation);
        let transmission = Transmission::within(limit, clock);
        let answer = self
            .batch
            .submit_job()
            .job_name(submission.name.to_string())
            .job_queue(target.queue.as_str())
            .job_definition(&target.definition)
            .container_overrides(overrides.into_request())
            .retry_strategy(submission::retry_strategy(submission.gated, attempts))
            .set_timeout(submission::timeout(submission))
            .set_share_identifier(share)
            .set_tags(Some(tags::of(submission)))
            .customize()
            .interceptor(transmission.clone())
            .send()
            .await;
        answer
            .map(|accepted| accepted.job_id.unwrap_or_default())
            .map_err(|error| CallFailure::of(SUBMIT, transmission.has_begun(), error))
    }

    async fn submit_error(
        &self,
        failure: CallFailure,
        name: &TryName,
        target: &BatchTarget,
    ) -> SubmitError {
        let reason = failure.reason();
        match failure.verdict(self.config.clock.now()) {
            Verdict::Unknown => SubmitError::Unknown {
                reason,
                source: failure.source,
            },
            Verdict::Faulty => self.blame(reason, name, target).await,
            _ => self.nothing_accepted(&failure),
        }
    }

    /// ClientException is one code for the job's faults and for ours: the job is at fault only
    /// where queue and definition are found in order.
    async fn blame(&self, reason: String, name: &TryName, target: &BatchTarget) -> SubmitError {
        let looked = self
            .catalog
            .look(target.queue.as_str(), &target.definition)
            .await;
        match looked {
            Ok(facts) if facts.target == *target => {
                // The words of AWS may tell of its account and its roles, which are none of the
                // owner's business.
                tracing::warn!(%name, "{reason}");
                SubmitError::Refused {
                    reason: REFUSED.to_owned(),
                }
            }
            Ok(_) => held(
                "queue_changed",
                "The job queue has been made anew since the job was resolved; it is tried again."
                    .to_owned(),
            ),
            Err(NotUsable::Held(held)) => SubmitError::Held(held),
            Err(NotUsable::Call(_)) => SubmitError::DidNotHappen {
                reason: format!("{reason}; whether queue or definition are at fault is not known"),
                retry_after: None,
                source: None,
            },
        }
    }

    /// Of a call that certainly had no effect, or that could have none.
    fn nothing_accepted(&self, failure: &CallFailure) -> SubmitError {
        let reason = failure.reason();
        match failure.verdict(self.config.clock.now()) {
            Verdict::Held(cause) => {
                tracing::warn!(code = cause.code(), "{reason}");
                held(cause.code(), cause.mend(failure.action))
            }
            Verdict::Throttled => SubmitError::Throttled {
                reason,
                retry_after: failure.retry_after(),
            },
            _ => SubmitError::DidNotHappen {
                reason: format!("{reason} {}", with_causes(failure.source.as_ref())),
                retry_after: failure.retry_after(),
                source: None,
            },
        }
    }

    fn backend_error(&self, failure: CallFailure) -> BackendError {
        failure.into_backend_error(self.config.clock.now())
    }

    /// Whether this job needs no stopping: Batch doesn't know it, or it has ended.
    async fn is_over(&self, id: &BackendId) -> Result<bool, CallFailure> {
        let jobs = lookup::describe(&self.batch, [id]).await?;
        let described = jobs.iter().filter_map(description::describe).next();
        Ok(described.is_none_or(|job| job.state.has_ended()))
    }
}

#[async_trait]
impl ComputeBackend for AwsBatchBackend {
    fn settlement(&self) -> Settlement {
        Settlement::AWS_BATCH
    }

    async fn capacity(&self) -> Capacity {
        Capacity::Queue
    }

    fn call_limits(&self) -> Option<CallLimits> {
        let region = self.region.as_deref().unwrap_or("unknown-region");
        let scope = match self.account.get() {
            Some(account) => format!("{account}/{region}"),
            None => region.to_owned(),
        };
        Some(CallLimits {
            scope,
            submissions: CALLS,
            others: CALLS,
        })
    }

    /// A client of one region sees nothing of another's, nor one account of another's.
    fn looks_after(&self, target: &Target) -> bool {
        BatchTarget::parse(target).is_some_and(|target| {
            let (region, account) = (self.region.as_deref(), self.account.get());
            region.is_none_or(|region| region == target.queue.region())
                && account.is_none_or(|account| account == target.queue.account())
        })
    }

    fn request_size(
        &self,
        execution: &Execution,
        environment: &BTreeMap<String, String>,
        params: &str,
    ) -> Option<RequestSize> {
        overrides::request_size(execution, environment, &self.config.environment, params)
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        let execution = overrides::execution_of(execution)?;
        let facts = self
            .catalog
            .facts(&execution.queue, &execution.definition)
            .await
            .map_err(|not_usable| match &*not_usable {
                NotUsable::Held(held) => SubmitError::Held(held.clone()),
                NotUsable::Call(failure) => self.nothing_accepted(failure),
            })?;
        Self::check_size(execution, &facts)?;
        let account = facts.target.queue.account().to_owned();
        self.account.get_or_init(|| account);
        Ok(facts.target.to_target())
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let execution = overrides::execution_of(&submission.execution)?;
        let target = BatchTarget::parse(&submission.target)
            .filter(|_| self.looks_after(&submission.target))
            .ok_or_else(|| other_target(submission))?;
        if !submission.gated && submission.params == ParamsDelivery::Stored {
            return Err(SubmitError::Refused {
                reason:
                    "its params are too long to be sent, and its image has no runner to fetch them"
                        .to_owned(),
            });
        }
        let overrides = Overrides::of(submission, execution, &self.config.environment)?;
        let id = match self.send(submission, &target, overrides).await {
            Ok(id) => id,
            Err(failure) => {
                return Err(self.submit_error(failure, &submission.name, &target).await);
            }
        };
        if id.is_empty() {
            return Err(SubmitError::Unknown {
                reason: "AWS Batch took the job and gave it no id".to_owned(),
                source: None,
            });
        }
        Ok(BackendId(id))
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let jobs = lookup::describe(&self.batch, ids)
            .await
            .map_err(|failure| self.backend_error(failure))?;
        Ok(jobs.iter().filter_map(description::describe).collect())
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        let Some(BatchTarget { queue, .. }) = BatchTarget::parse(target) else {
            return Err(no_queue(&target.0));
        };
        let now = self.config.clock.now();
        match lookup::find_by_name(&self.batch, name, &queue, hash, now).await {
            Ok(Named::Ours(candidates)) => Ok(candidates),
            Ok(Named::NotYetDescribed(id)) => Err(BackendError {
                reason: format!("AWS Batch lists {id}, and does not describe it yet"),
                throttled: false,
                source: None,
            }),
            Err(failure) => Err(self.backend_error(failure)),
        }
    }

    fn queue_of(&self, target: &Target) -> Option<Queue> {
        let target = BatchTarget::parse(target)?;
        Some(Queue(target.queue.as_str().to_owned()))
    }

    async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        let queue = QueueArn::parse(&queue.0).ok_or_else(|| no_queue(&queue.0))?;
        sweeping::page(&self.batch, &queue, deployment, from)
            .await
            .map_err(|failure| self.backend_error(failure))
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        sweeping::is_marked(&self.batch, id, deployment)
            .await
            .map_err(|failure| self.backend_error(failure))
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        if !lookup::is_id(id) {
            return Ok(());
        }
        let reason: String = OUR_MARK.chars().chain(reason.chars()).collect();
        let request = self
            .batch
            .terminate_job()
            .job_id(&id.0)
            .reason(reason.chars().take(LONGEST_REASON).collect::<String>());
        let Err(error) = request.send().await else {
            return Ok(());
        };
        let failure = CallFailure::of(TERMINATE, true, error);
        let is_refused = failure.verdict(self.config.clock.now()) == Verdict::Faulty;
        if is_refused && self.is_over(id).await.unwrap_or(false) {
            return Ok(());
        }
        Err(self.backend_error(failure))
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        log::check(&from)?;
        let jobs = lookup::describe(&self.batch, [id])
            .await
            .map_err(|failure| self.backend_error(failure))?;
        let Some(job) = jobs.first() else {
            return Err(LogError::NoLog {
                reason: "AWS Batch does not know the job, or no longer".to_owned(),
            });
        };
        let stream = log::stream_of(job, attempt)?;
        log::read(&self.logs, &stream, from, limit, self.config.clock.now()).await
    }

    async fn obstacles(
        &self,
        target: &Target,
        execution: Option<&Execution>,
    ) -> Result<Obstacles, BackendError> {
        let target = BatchTarget::parse(target).ok_or_else(|| no_queue(&target.0))?;
        let execution = execution.and_then(|one| overrides::execution_of(one).ok());
        let vcpus = execution.and_then(|execution| execution.vcpus.as_deref());
        let now = self.config.clock.now();
        obstacles::look(&self.batch, &self.catalog, &target, vcpus, now)
            .await
            .map_err(|failure| self.backend_error(failure))
    }

    /// AWS Batch forgets jobs by itself, not before a week after their end.
    async fn forget(&self, _id: &BackendId) -> Result<(), BackendError> {
        Ok(())
    }
}

fn held(code: &str, message: String) -> SubmitError {
    SubmitError::Held(Held {
        code: code.to_owned(),
        message,
    })
}

fn no_queue(text: &str) -> BackendError {
    BackendError {
        reason: format!("{text} is no queue of AWS Batch"),
        throttled: false,
        source: None,
    }
}

fn other_target(submission: &Submission) -> SubmitError {
    let Submission { name, target, .. } = submission;
    tracing::warn!(%name, target = target.0, "the job belongs to another account or region");
    held(
        "other_target",
        "The job belongs to another account, region or backend than this gateway serves."
            .to_owned(),
    )
}
