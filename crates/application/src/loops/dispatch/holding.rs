//! Targets that take nothing for now, through no fault of the jobs: credentials have expired, a
//! queue is disabled. Such a target is shut to all jobs but one every 30 seconds, of all
//! replicas together. The others wait without being touched, and go as soon as that one was
//! taken.
//!
//! Each replica finds out by itself that a target is shut, by the first job that it sends there.
//! That it is open again they tell each other through the jobs: whoever finds it open calls all
//! jobs back that wait for it. A job that comes back before its time is a reason to try.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, WaitingReason};
use batchway_domain::job_type::{Execution, JobType};
use batchway_domain::ports::{Held, StoreError};
use data_encoding::HEXLOWER;
use futures_util::future::join_all;
use sha2::{Digest, Sha256};

use super::{Dispatch, Served};
use crate::calls::PROBE_EVERY;

/// How long a job waits for a target that is shut, unless it is called back. Only if nobody
/// could call it back does it wait so long.
const WAITS_AT_MOST: Duration = Duration::from_secs(150);

/// The least time between two looks at a target by one who was not allowed to try it.
const LEAST_WAIT: Duration = Duration::from_secs(1);

/// Jobs that would be refused together for a fault of ours: those of one queue and definition,
/// or of one program.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TargetKey(String);

impl TargetKey {
    pub(super) fn of(execution: &Execution) -> Self {
        let mut hash = Sha256::new();
        let parts: Vec<&str> = match execution {
            Execution::Process(process) => process.command.iter().map(String::as_str).collect(),
            Execution::AwsBatch(batch) => vec![&batch.queue, &batch.definition],
        };
        for part in parts {
            hash.update(part);
            hash.update([0]);
        }
        Self(HEXLOWER.encode(&hash.finalize()[..16]))
    }
}

/// Which targets are shut, and why.
#[derive(Debug, Default)]
pub(super) struct HeldTargets(Mutex<BTreeMap<TargetKey, WaitingReason>>);

impl HeldTargets {
    pub(super) fn reason(&self, target: &TargetKey) -> Option<WaitingReason> {
        self.shut().get(target).cloned()
    }

    /// Says whether it was open until now.
    fn close(&self, target: TargetKey, reason: WaitingReason) -> bool {
        self.shut().insert(target, reason).is_none()
    }

    pub(super) fn open(&self, target: &TargetKey) {
        self.shut().remove(target);
    }

    fn shut(&self) -> MutexGuard<'_, BTreeMap<TargetKey, WaitingReason>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dispatch {
    /// The target took nothing, for this reason. Says whether that is news.
    pub(super) async fn shut(&self, kind: &JobType, reason: WaitingReason) -> bool {
        let target = TargetKey::of(&kind.execution);
        self.targets.forget(&kind.name);
        let is_news = self.held.close(target.clone(), reason);
        if is_news {
            // This was the first try of these 30 seconds. Where nobody can count it, there is
            // one more.
            let _counted = self.calls.grant_probe(&target.0).await;
        }
        is_news
    }

    /// Tries a target that is shut, if that is allowed now.
    pub(super) async fn probe(
        &self,
        kind: &Arc<JobType>,
        target: &TargetKey,
        mut jobs: Vec<Job>,
        reason: &WaitingReason,
    ) -> Served {
        let now = self.application.now();
        let called_back = jobs.iter().position(|job| job.due().at > now);
        if called_back.is_none() {
            let grant = self.calls.grant_probe(&target.0).await?;
            if grant.tokens == 0 {
                self.hold(kind, jobs, reason, grant.next_in).await?;
                return Ok(None);
            }
        }
        let first = jobs.swap_remove(called_back.unwrap_or(0));
        let rest = self.send_all(kind, vec![first], true).await?;
        if let Some(reason) = self.held.reason(target) {
            self.hold(kind, jobs, &reason, PROBE_EVERY).await?;
            return Ok(rest);
        }
        self.call_back(target).await?;
        self.send_all(kind, jobs, false).await
    }

    /// Has these jobs wait: one of them until the target may be tried again, the others until
    /// they are called back.
    pub(super) async fn hold(
        &self,
        kind: &JobType,
        jobs: Vec<Job>,
        reason: &WaitingReason,
        next_try: Duration,
    ) -> Result<(), StoreError> {
        let now = self.application.now();
        let holds = jobs.into_iter().enumerate().map(|(number, job)| {
            let tries_next = number == 0;
            let wait = if tries_next {
                next_try.max(LEAST_WAIT)
            } else {
                WAITS_AT_MOST
            };
            let at = not_beyond_patience(kind, &job, now.plus(wait));
            self.hold_until(job, reason, at, tries_next)
        });
        join_all(holds).await.into_iter().collect()
    }

    /// The record tells its owner the reason, once; that the job that tries next is put off
    /// again and again is nothing to record.
    async fn hold_until(
        &self,
        job: Job,
        reason: &WaitingReason,
        retry_at: Timestamp,
        tries_next: bool,
    ) -> Result<(), StoreError> {
        let is_told = job.state.waiting() == Some(reason);
        if tries_next && is_told {
            return self
                .application
                .jobs()
                .reschedule(&[(job.id, retry_at)])
                .await;
        }
        let observation = Observation::SubmitHeld {
            epoch: job.current_try.epoch,
            waiting: reason.clone(),
            retry_at,
        };
        self.application.apply(job, &observation).await.map(drop)
    }

    /// When a job that its target did not take is due again: the one that found it shut, or
    /// tried it, when it may be tried again; others when they are called back.
    pub(super) fn held_until(&self, kind: &JobType, job: &Job, tries_next: bool) -> Timestamp {
        let wait = if tries_next {
            PROBE_EVERY
        } else {
            WAITS_AT_MOST
        };
        not_beyond_patience(kind, job, self.application.now().plus(wait))
    }

    /// Makes all jobs due that wait for this target, here and for the other replicas.
    async fn call_back(&self, target: &TargetKey) -> Result<(), StoreError> {
        let now = self.application.now();
        let waits_for_it = |job: &Job| {
            let kind = self.application.0.job_types.get(&job.job_type);
            job.state.waiting().is_some()
                && kind.is_some_and(|kind| TargetKey::of(&kind.execution) == *target)
        };
        let jobs = self.all_created_before(now).await?;
        let times: Vec<_> = jobs
            .iter()
            .map(|job| {
                let due = job.due().at;
                let at = if waits_for_it(job) { due.min(now) } else { due };
                (job.id.clone(), at)
            })
            .collect();
        self.application.jobs().reschedule(&times).await?;
        self.application.0.nudges.ring(&self.lane);
        Ok(())
    }
}

/// A job whose patience ends while it waits is judged then.
fn not_beyond_patience(kind: &JobType, job: &Job, at: Timestamp) -> Timestamp {
    match kind.max_queue_time {
        Some(patience) => at.min(job.waits_since().plus(patience)),
        None => at,
    }
}

/// What the owners of the jobs are told.
pub(super) fn reason_of(held: Held) -> WaitingReason {
    WaitingReason {
        code: held.code,
        message: held.message,
    }
}
