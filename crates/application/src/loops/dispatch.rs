//! Sends accepted jobs to their backend, exactly as `docs/ARCHITECTURE.md` describes: claim,
//! send once, classify.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, JobState, Lane, Settlement, Target, WaitingReason};
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{
    Capacity, ComputeBackend, DueRequest, ParamsDelivery, StoreError, Submission, SubmitError,
};
use batchway_domain::runner::variables;
use batchway_domain::security::JobToken;
use futures_util::future::{join_all, try_join_all};
use tokio::time::{Instant, timeout_at};

use super::{Loop, Report};
use crate::Application;
use crate::causes::WithCauses;
use crate::use_cases::input_runs;

/// How many jobs one round sends.
const BATCH: usize = 32;

/// How long a job is ours to send, and how long one sending may take. After the lease, whoever
/// finds the job must find out what happened, so a crash while sending costs that long.
#[derive(Clone, Copy, Debug)]
struct SendingTime {
    lease: Duration,
    timeout: Duration,
}

impl SendingTime {
    /// A backend on this machine answers at once, or something is wrong with it.
    const fn of(settlement: Settlement) -> Self {
        match settlement {
            Settlement::Authoritative => Self {
                lease: Duration::from_secs(15),
                timeout: Duration::from_secs(8),
            },
            Settlement::After { .. } => Self {
                lease: Duration::from_secs(60),
                timeout: Duration::from_secs(20),
            },
        }
    }
}

/// What must be left of the lease, besides the timeout, when a sending begins.
const MARGIN: Duration = Duration::from_secs(5);

/// When a backend that can't be used is tried again.
const PROBE_EVERY: Duration = Duration::from_secs(30);

/// How often jobs that waited too long are looked for while there is no room: each look reads
/// many.
const EXPIRE_EVERY: Duration = Duration::from_secs(30);

/// How many of those that have waited longest one such look reads.
const MOST_EXPIRED: usize = 10_000;

/// When a job that was not sent is due again, unless the backend says later.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// How long a job token is good: longer than any job waits and runs. It ends earlier, with its
/// try.
const TOKEN_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// Sends the jobs of one backend.
#[derive(Debug)]
pub struct Dispatch {
    application: Application,
    backend: Arc<dyn ComputeBackend>,
    lane: Lane,
    sending: SendingTime,
    /// When those that waited too long were looked for last.
    expired_at: Mutex<Option<Timestamp>>,
}

impl Dispatch {
    pub(super) fn new(
        application: Application,
        name: BackendName,
        backend: Arc<dyn ComputeBackend>,
    ) -> Self {
        let sending = SendingTime::of(backend.settlement());
        Self {
            application,
            backend,
            lane: Lane::Dispatch(name),
            sending,
            expired_at: Mutex::default(),
        }
    }

    /// Ends jobs that waited too long while there is no room to start any. Where there is room,
    /// each is judged when its turn comes.
    async fn expire(&self) -> Result<(), StoreError> {
        let job_types = self.application.0.job_types.iter();
        let Some(shortest) = job_types.filter_map(|kind| kind.max_queue_time).min() else {
            return Ok(());
        };
        let now = self.application.now();
        if !self.expiry_is_due(now) {
            return Ok(());
        }
        let request = DueRequest {
            lane: self.lane.clone(),
            limit: MOST_EXPIRED,
            // They are only looked at: nobody is to be kept from sending them.
            lease: Duration::ZERO,
            created_before: Some(now.minus(shortest)),
        };
        let jobs = self.application.jobs().take_due(&request).await?;
        let as_they_were: Vec<_> = jobs
            .iter()
            .map(|job| (job.id.clone(), job.due().at))
            .collect();
        self.application.jobs().reschedule(&as_they_were).await?;
        let expired: Vec<(Job, String)> = jobs
            .into_iter()
            .filter_map(|job| self.unstartable(&job).map(|message| (job, message)))
            .collect();
        for batch in expired.chunks(BATCH) {
            try_join_all(
                batch.iter().cloned().map(|(job, message)| async move {
                    self.application.give_up(job, message).await
                }),
            )
            .await?;
        }
        *self.expired_at() = Some(now);
        Ok(())
    }

    fn expiry_is_due(&self, now: Timestamp) -> bool {
        self.expired_at()
            .is_none_or(|last| now < last || now.since(last) >= EXPIRE_EVERY)
    }

    fn expired_at(&self) -> MutexGuard<'_, Option<Timestamp>> {
        self.expired_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn unstartable(&self, job: &Job) -> Option<String> {
        let Some(kind) = self.application.0.job_types.get(&job.job_type) else {
            return Some(format!(
                "The job type {} is no longer configured.",
                job.job_type
            ));
        };
        let limit = kind.max_queue_time?;
        let waited = self.application.now().since(waiting_since(job));
        (waited >= limit).then(|| {
            format!(
                "The job could not be started within {} seconds.",
                limit.as_secs()
            )
        })
    }

    async fn start(&self, job: Job) -> Result<(), StoreError> {
        if self.application.put_back_if_early(&job).await? {
            return Ok(());
        }
        if let Some(message) = self.unstartable(&job) {
            return self.application.give_up(job, message).await;
        }
        let Some(kind) = self.application.0.job_types.get(&job.job_type).cloned() else {
            return Ok(());
        };
        let target = match self.backend.resolve_target(&kind.execution).await {
            Ok(target) => target,
            Err(error) => return self.not_resolved(job, error).await,
        };
        let claimed_at = Instant::now();
        let Some(job) = self.claim(job, target).await? else {
            return Ok(());
        };
        self.send(job, &kind, claimed_at).await
    }

    /// Makes the job ours, in the very version that was read: whoever comes second has lost.
    async fn claim(&self, job: Job, target: Target) -> Result<Option<Job>, StoreError> {
        use batchway_domain::ports::CommitError;
        let lease_until = self.application.now().plus(self.sending.lease);
        match self
            .application
            .try_apply(
                &job,
                &Observation::Claimed {
                    lease_until,
                    target,
                },
            )
            .await
        {
            Ok(claimed) => {
                Ok(claimed.filter(|job| matches!(job.state, JobState::Submitting { .. })))
            }
            Err(CommitError::Conflict | CommitError::NotFound) => Ok(None),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    async fn send(&self, job: Job, kind: &JobType, claimed_at: Instant) -> Result<(), StoreError> {
        let epoch = job.current_try.epoch;
        let outcome = match self.submission(&job, kind).await? {
            None => Observation::SubmitRefused {
                epoch,
                reason: "its params are gone".to_owned(),
            },
            Some(submission)
                if claimed_at.elapsed() + self.sending.timeout + MARGIN <= self.sending.lease =>
            {
                let deadline = Instant::now() + self.sending.timeout;
                match timeout_at(deadline, self.backend.submit(&submission)).await {
                    Ok(answer) => {
                        if let Err(error) = &answer {
                            tell(&job, error);
                        }
                        self.classify(epoch, answer)
                    }
                    Err(_) => Observation::SubmitUnknown { epoch },
                }
            }
            Some(_) => Observation::SubmitDidNotHappen {
                epoch,
                retry_at: self.application.now(),
            },
        };
        if let Some(job) = self.application.apply(job, &outcome).await? {
            self.application.stop_what_must(&*self.backend, &job).await;
        }
        Ok(())
    }

    fn classify(
        &self,
        epoch: u64,
        answer: Result<batchway_domain::job::BackendId, SubmitError>,
    ) -> Observation {
        let now = self.application.now();
        match answer {
            Ok(backend_id) => Observation::SubmitAccepted { epoch, backend_id },
            Err(SubmitError::Refused { reason }) => Observation::SubmitRefused { epoch, reason },
            Err(SubmitError::Held(held)) => Observation::SubmitHeld {
                epoch,
                waiting: WaitingReason {
                    code: held.code,
                    message: held.message,
                },
                retry_at: now.plus(PROBE_EVERY),
            },
            Err(
                SubmitError::DidNotHappen { retry_after, .. }
                | SubmitError::Throttled { retry_after, .. },
            ) => Observation::SubmitDidNotHappen {
                epoch,
                retry_at: now.plus(retry_after.unwrap_or(RETRY_AFTER)),
            },
            Err(SubmitError::Unknown { .. }) => Observation::SubmitUnknown { epoch },
        }
    }

    async fn not_resolved(&self, job: Job, error: SubmitError) -> Result<(), StoreError> {
        tell(&job, &error);
        match error {
            SubmitError::Refused { reason } => {
                self.application.give_up(job, reason).await?;
            }
            SubmitError::Held(held) => {
                let observation = Observation::SubmitHeld {
                    epoch: job.current_try.epoch,
                    waiting: WaitingReason {
                        code: held.code,
                        message: held.message,
                    },
                    retry_at: self.application.now().plus(PROBE_EVERY),
                };
                self.application.apply(job, &observation).await?;
            }
            SubmitError::DidNotHappen { .. }
            | SubmitError::Throttled { .. }
            | SubmitError::Unknown { .. } => {
                let at = self.application.now().plus(RETRY_AFTER);
                self.application.jobs().reschedule(&[(job.id, at)]).await?;
            }
        }
        Ok(())
    }

    async fn submission(
        &self,
        job: &Job,
        kind: &JobType,
    ) -> Result<Option<Submission>, StoreError> {
        let Some(params) = self.application.jobs().params(&job.id).await? else {
            return Ok(None);
        };
        let Some(target) = job.current_try.target.clone() else {
            return Ok(None);
        };
        let parsed = serde_json::from_str(&params).unwrap_or_default();
        Ok(Some(Submission {
            name: job.try_name(&self.application.settings().deployment),
            target,
            request_hash: job.request_hash.clone(),
            execution: kind.execution.clone(),
            gated: kind.gated,
            timeout: kind.timeout,
            environment: self.environment(job, &input_runs(kind, &parsed)),
            params: ParamsDelivery::Inline(params),
            tenant: job.user.clone(),
        }))
    }

    /// What the job finds in its environment. Backends add what is theirs.
    fn environment(&self, job: &Job, inputs: &[String]) -> BTreeMap<String, String> {
        let settings = self.application.settings();
        let token = JobToken {
            job: job.id.clone(),
            try_number: job.current_try.number,
            expires_at: self.application.now().plus(TOKEN_LIFETIME),
        };
        let mut variables = BTreeMap::from([
            (variables::JOB_ID.to_owned(), job.id.to_string()),
            (variables::USER_ID.to_owned(), job.user.to_string()),
            (variables::ENV.to_owned(), job.environment.to_string()),
            (variables::JOB_TYPE.to_owned(), job.job_type.to_string()),
            (
                variables::TRY.to_owned(),
                job.current_try.number.to_string(),
            ),
            (
                variables::GATEWAY_URL.to_owned(),
                settings.gateway_url.clone(),
            ),
            (
                variables::JOB_TOKEN.to_owned(),
                token.sign(&settings.secrets),
            ),
        ]);
        if !inputs.is_empty() {
            variables.insert(variables::INPUT_RUNS.to_owned(), inputs.join(","));
        }
        variables
    }
}

/// Tells the operator why a job could not be handed over.
fn tell(job: &Job, error: &SubmitError) {
    let error = WithCauses(error);
    tracing::warn!(job = %job.id, backend = %job.backend, %error, "could not hand the job over");
}

/// Since when the job waits for its present try: since its acceptance, or the end of the try
/// before.
fn waiting_since(job: &Job) -> Timestamp {
    let present = job.current_try.number;
    job.attempts
        .iter()
        .filter(|attempt| attempt.try_number < present)
        .filter_map(|attempt| attempt.stopped_at)
        .max()
        .unwrap_or(job.created_at)
}

#[async_trait]
impl Loop for Dispatch {
    fn name(&self) -> String {
        self.lane.to_string()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Report {
        let limit = match self.backend.capacity().await {
            Capacity::Slots(free) => free.min(BATCH),
            Capacity::Queue => BATCH,
        };
        if limit == 0 {
            return match self.expire().await {
                Ok(()) => Report::default(),
                Err(error) => Report::failed(&error),
            };
        }
        let lease = self.sending.lease;
        let taken = self.application.take_due(&self.lane, limit, lease).await;
        let jobs = match taken {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        let results = join_all(jobs.into_iter().map(|job| self.start(job))).await;
        Report::of_batch(limit, results)
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
