//! AWS Batch as a replica reaches it: the port, as the adapter for AWS keeps it, over the account
//! in memory and a network that loses things.

mod translation;

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallLimit, CallLimits, Candidate, Capacity, ComputeBackend, Description,
    LogError, LogPage, LogPosition, Queue, QueuePage, QueuePosition, QueuedJob, Submission,
    SubmitError,
};
use batchway_fake_aws_batch::wire::{JobDetail, JobSummary, ListJobs, ListedJobs};
use batchway_fake_aws_batch::{Account, ApiError, Millis};

use tokio::task::yield_now;

use crate::account::{DEPLOYMENT_TAG, HASH_TAG};
use crate::network::{NoAnswer, Service};
use crate::plants::Plant;
use crate::replica::Process;
use crate::setting;
use crate::world::World;
use translation::{by_name, describe, request, submit_error};

/// As the adapter for AWS has it.
const CALLS: CallLimit = CallLimit {
    per_second: 40.0,
    burst: 10,
};

/// How often an SDK that repeats requests sends one.
const SDK_ATTEMPTS: usize = 3;

/// A replica's client of AWS Batch.
pub(crate) struct BatchLink {
    world: Arc<World>,
    process: Process,
}

impl BatchLink {
    pub(crate) const fn new(world: Arc<World>, process: Process) -> Self {
        Self { world, process }
    }

    async fn call<T: Send + 'static>(
        &self,
        service: Service,
        step: impl FnOnce(&World, &mut Account, Millis) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<Result<T, ApiError>, NoAnswer> {
        let world = self.world.clone();
        self.world
            .call(service, move || {
                if world.weather.calls_are_throttled() {
                    return Err(ApiError::too_many_requests());
                }
                if world.weather.rights_are_missing() {
                    return Err(ApiError::access_denied("batch"));
                }
                world.in_account(|account, now| step(&world, account, now))
            })
            .await
    }

    async fn read<T: Send + 'static>(
        &self,
        step: impl FnOnce(&World, &mut Account, Millis) -> Result<T, ApiError> + Send + 'static,
    ) -> Result<T, BackendError> {
        match self.call(Service::Batch, step).await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(BackendError {
                throttled: error.status == 429,
                reason: error.message,
                source: None,
            }),
            Err(NoAnswer) => Err(BackendError {
                reason: "no answer".to_owned(),
                throttled: false,
                source: None,
            }),
        }
    }

    async fn send(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let (request, name) = (request(submission), submission.name.clone());
        let is_gated = submission.gated;
        let answer = self.call(Service::SubmitJob, move |world, account, now| {
            let accepted = account.submit_job(&request, now)?;
            let id = BackendId(accepted.job_id.to_string());
            world.truth().add_copy(id.clone(), name.clone(), is_gated);
            world.trace(|| format!("{id} is accepted as {name}"));
            world.hide_for_a_while(account, &id, now);
            Ok(id)
        });
        match answer.await {
            Ok(Ok(id)) => Ok(id),
            Ok(Err(error)) => Err(submit_error(error)),
            Err(NoAnswer) if self.world.is_planted(Plant::NoAnswerMeansNothing) => {
                Err(SubmitError::DidNotHappen {
                    reason: "no answer".to_owned(),
                    retry_after: None,
                    source: None,
                })
            }
            Err(NoAnswer) => Err(SubmitError::Unknown {
                reason: "no answer".to_owned(),
                source: None,
            }),
        }
    }

    async fn list(&self, request: ListJobs) -> Result<ListedJobs, BackendError> {
        self.read(move |_, account, now| account.list_jobs(&request, now))
            .await
    }

    async fn details(&self, ids: Vec<String>) -> Result<Vec<JobDetail>, BackendError> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        self.read(move |_, account, now| account.describe_jobs(&ids, now))
            .await
    }

    async fn listed_by_name(&self, filter: String) -> Result<Vec<JobSummary>, BackendError> {
        let mut found = Vec::new();
        let mut next_token = None;
        loop {
            let page = self.list(by_name(filter.clone(), next_token)).await?;
            found.extend(page.job_summary_list);
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(found);
            }
        }
    }
}

impl std::fmt::Debug for BatchLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("BatchLink")
    }
}

#[async_trait]
impl ComputeBackend for BatchLink {
    fn settlement(&self) -> Settlement {
        if self.world.is_planted(Plant::ResolveAtOnce) {
            return Settlement::Authoritative;
        }
        Settlement::AWS_BATCH
    }

    async fn capacity(&self) -> Capacity {
        Capacity::Queue
    }

    fn call_limits(&self) -> Option<CallLimits> {
        Some(CallLimits {
            scope: "123456789012/eu-central-1".to_owned(),
            submissions: CALLS,
            others: CALLS,
        })
    }

    async fn resolve_target(&self, _: &Execution) -> Result<Target, SubmitError> {
        let target = Target(format!("{} {}:1", setting::QUEUE, setting::DEFINITION));
        match self.call(Service::Batch, move |_, _, _| Ok(target)).await {
            Ok(Ok(target)) => Ok(target),
            Ok(Err(error)) => Err(submit_error(error)),
            Err(NoAnswer) => Err(SubmitError::DidNotHappen {
                reason: "no answer".to_owned(),
                retry_after: None,
                source: None,
            }),
        }
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let mut answer = self.send(submission).await;
        if self.world.is_planted(Plant::SdkRetries) {
            for _ in 1..SDK_ATTEMPTS {
                if matches!(answer, Err(SubmitError::Unknown { .. })) {
                    answer = self.send(submission).await;
                }
            }
        }
        self.stand_still_now_and_then().await;
        if let Ok(id) = &answer {
            self.world.heard(self.process, id, &submission.name);
        }
        answer
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let asked = ids.iter().map(|id| id.0.clone()).collect();
        let mut jobs = self.details(asked).await?;
        if self.world.is_planted(Plant::LosersEvent) {
            for job in &mut jobs {
                self.put_another_in_its_place(job).await?;
            }
        }
        Ok(jobs.iter().map(describe).collect())
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        _target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        let mut listed = self.listed_by_name(name.to_string()).await?;
        listed.retain(|job| *job.job_name == *name.to_string());
        if !self.world.is_planted(Plant::AdoptByNameOnly) {
            let ids = listed.iter().map(|job| job.job_id.to_string()).collect();
            let described = self.details(ids).await?;
            let detail = |job: &JobSummary| described.iter().find(|one| one.job_id == job.job_id);
            if listed.iter().any(|job| detail(job).is_none()) {
                return Err(BackendError {
                    reason: "a job is listed, and not described yet".to_owned(),
                    throttled: false,
                    source: None,
                });
            }
            listed.retain(|job| {
                let tag = detail(job).and_then(|detail| detail.tags.get(HASH_TAG));
                tag.is_none_or(|tagged| *tagged == hash.0)
            });
        }
        Ok(listed
            .iter()
            .map(|job| Candidate {
                id: BackendId(job.job_id.to_string()),
                created_at: Timestamp::from_millis(job.created_at),
            })
            .collect())
    }

    fn queue_of(&self, _: &Target) -> Option<Queue> {
        Some(Queue(setting::QUEUE.to_owned()))
    }

    async fn list_queue(
        &self,
        _queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        let takes_all = self.world.is_planted(Plant::SweepOthers);
        let filter = if takes_all {
            "bw-*".to_owned()
        } else {
            format!("bw-{deployment}-*")
        };
        let token = from.map(|position| position.0.clone());
        let page = self.list(by_name(filter, token)).await?;
        let alive: Vec<&JobSummary> = page
            .job_summary_list
            .iter()
            .filter(|job| !job.status.is_terminal())
            .collect();
        let ids = alive.iter().map(|job| job.job_id.to_string()).collect();
        let marked = self.details(ids).await?;
        let is_marked = |job: &JobSummary| {
            let detail = marked.iter().find(|detail| detail.job_id == job.job_id);
            let tag = detail.and_then(|detail| detail.tags.get(DEPLOYMENT_TAG));
            takes_all || tag.is_some_and(|tag| *tag == deployment.to_string())
        };
        let queued = |job: &&JobSummary| {
            let mut name: TryName = job.job_name.parse().ok()?;
            if takes_all {
                name.deployment = deployment.clone();
            }
            Some(QueuedJob {
                id: BackendId(job.job_id.to_string()),
                name,
                created_at: Timestamp::from_millis(job.created_at),
            })
        };
        let created = page.job_summary_list.iter().map(|job| job.created_at);
        Ok(QueuePage {
            jobs: alive
                .iter()
                .filter(|job| is_marked(job))
                .filter_map(queued)
                .filter(|job| job.name.deployment == *deployment)
                .collect(),
            back_to: created.min().map(Timestamp::from_millis),
            next: page.next_token.map(QueuePosition),
        })
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        let described = self.details(vec![id.0.clone()]).await?;
        let tags = described.first().map(|job| &job.tags);
        let tag = tags.and_then(|tags| tags.get(DEPLOYMENT_TAG));
        Ok(tag.is_some_and(|tag| *tag == deployment.to_string()))
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        if self.world.is_planted(Plant::StopOnce) && !self.world.truth().stops_first_time(id) {
            return Ok(());
        }
        let (id, reason) = (id.0.clone(), reason.to_owned());
        let cancels = self.world.is_planted(Plant::CancelJob);
        self.read(move |world, account, now| {
            world.stop_asked(&BackendId(id.clone()));
            world.trace(|| format!("{id} is told to stop"));
            if cancels {
                account.cancel_job(&id, &reason, now)
            } else {
                account.terminate_job(&id, &reason, now)
            }
        })
        .await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        _limit: usize,
    ) -> Result<LogPage, LogError> {
        let described = self.details(vec![id.0.clone()]).await?;
        let attempts = described.first().map(|job| describe(job).attempts);
        let index = attempt as usize - 1;
        let has_begun = attempts
            .unwrap_or_default()
            .get(index)
            .is_some_and(|attempt| attempt.started_at.is_some());
        if !has_begun {
            let reason = "it has not begun, or is forgotten".to_owned();
            return Err(LogError::NoLog { reason });
        }
        Ok(translation::log(id, attempt, &from))
    }

    async fn forget(&self, _id: &BackendId) -> Result<(), BackendError> {
        Ok(())
    }
}

impl BatchLink {
    /// A process that has its answer, and has not written it down.
    async fn stand_still_now_and_then(&self) {
        if self.world.plan.pauses && self.world.dice.happens(300) {
            self.world.replicas[self.process.replica].stand_still();
            yield_now().await;
        }
    }

    /// What is said of the newest job of that name is taken for this one's.
    async fn put_another_in_its_place(&self, job: &mut JobDetail) -> Result<(), BackendError> {
        let named = self.listed_by_name(job.job_name.to_string()).await?;
        let Some(newest) = named.first().filter(|other| other.job_id != job.job_id) else {
            return Ok(());
        };
        let others = self.details(vec![newest.job_id.to_string()]).await?;
        if let Some(other) = others.into_iter().next() {
            let id = job.job_id.clone();
            *job = other;
            job.job_id = id;
        }
        Ok(())
    }
}
