//! Claim, send once, classify.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::machine::{GateReading, Observation};
use batchway_domain::job::{BackendId, Job, JobState, Target};
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{CommitError, StoreError, Submission, SubmitError};
use futures_util::future::join_all;
use tokio::time::{Instant, timeout_at};

use super::holding::{TargetKey, reason_of};
use super::submission::{Prepared, Unprepared};
use super::{Dispatch, LEAST_REST, Served};
use crate::calls::PROBE_EVERY;
use crate::causes::WithCauses;

/// What must be left of the lease, besides the timeout, when a sending begins.
const MARGIN: Duration = Duration::from_secs(5);

/// When a job that was not sent is due again, unless the backend says later.
const RETRY_AFTER: Duration = Duration::from_secs(2);

/// The same where there were too many calls. That a job waits is not what spares the backend:
/// there are fewer calls for all.
const TURNED_AWAY_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The same where the reason is an artifact store that does not take its params.
const STORE_AGAIN_AFTER: Duration = Duration::from_secs(10);

/// However long a backend asks us to wait, no job waits longer: what stands in the way may have no
/// right to ask.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// What jobs are sent to, and as what.
#[derive(Clone)]
struct Errand {
    kind: Arc<JobType>,
    target: Target,
    /// It is tried whether the target takes anything again.
    is_probe: bool,
}

impl Dispatch {
    /// Sends as many of these jobs as calls may be made, and puts the others back. What is put
    /// back is not touched before there are calls again.
    pub(super) async fn send_all(
        &self,
        kind: &Arc<JobType>,
        mut jobs: Vec<Job>,
        is_probe: bool,
    ) -> Served {
        if jobs.is_empty() {
            return Ok(None);
        }
        let target = match self.resolve_target(kind).await {
            Ok(target) => target,
            Err(error) => return self.not_resolved(kind, jobs, error).await,
        };
        let grant = match self.calls.grant_submissions(jobs.len()).await {
            Ok(grant) => grant,
            Err(error) => {
                self.application.hand_back(&jobs).await?;
                return Err(error);
            }
        };
        let put_back = jobs.split_off((grant.tokens as usize).min(jobs.len()));
        self.application.hand_back(&put_back).await?;
        let errand = Errand {
            kind: kind.clone(),
            target,
            is_probe,
        };
        let sent = jobs.into_iter().map(|job| self.start(job, &errand));
        let results = join_all(sent).await;
        results.into_iter().collect::<Result<(), _>>()?;
        Ok((!put_back.is_empty()).then(|| grant.next_in.max(LEAST_REST)))
    }

    async fn start(&self, job: Job, errand: &Errand) -> Result<(), StoreError> {
        let prepared = match self.prepare(&job, &errand.kind).await? {
            Ok(prepared) => prepared,
            Err(Unprepared::ParamsGone) => {
                let message = "The job's params are gone.".to_owned();
                return self.application.give_up(job, message).await;
            }
            Err(Unprepared::NotStored) => {
                let at = self.application.now().plus(STORE_AGAIN_AFTER);
                return self.application.jobs().reschedule(&[(job.id, at)]).await;
            }
        };
        let claimed_at = Instant::now();
        match self.claim(job, errand.target.clone()).await? {
            Some(job) => self.send(job, errand, prepared, claimed_at).await,
            None => Ok(()),
        }
    }

    /// Makes the job ours, in the very version that was read: whoever comes second has lost.
    async fn claim(&self, job: Job, target: Target) -> Result<Option<Job>, StoreError> {
        let lease_until = self.application.now().plus(self.sending.lease);
        let observation = Observation::Claimed {
            lease_until,
            target,
        };
        match self.application.try_apply(&job, &observation).await {
            Ok(claimed) => {
                Ok(claimed.filter(|job| matches!(job.state, JobState::Submitting { .. })))
            }
            Err(CommitError::Conflict | CommitError::NotFound) => Ok(None),
            Err(CommitError::Store(error)) => Err(error),
        }
    }

    async fn send(
        &self,
        job: Job,
        errand: &Errand,
        prepared: Prepared,
        claimed_at: Instant,
    ) -> Result<(), StoreError> {
        let epoch = job.current_try.epoch;
        // The target of a try in doubt is the one that it was first sent to.
        let target = job.current_try.target.clone();
        let target = target.unwrap_or_else(|| errand.target.clone());
        let submission = self.submission(&job, &errand.kind, target, prepared);
        let is_in_time = self.is_in_time(&job, claimed_at);
        let outcome = if is_in_time && !self.application.is_draining() {
            let outcome = self.submit(&job, errand, &submission).await;
            self.once_the_gate_is_shut(&job, outcome).await
        } else {
            Observation::SubmitDidNotHappen {
                epoch,
                retry_at: self.application.now(),
            }
        };
        if let Some(job) = self.application.apply(job, &outcome).await? {
            self.application.stop_what_must(&self.calls, &job).await;
        }
        Ok(())
    }

    /// Whether enough is left of the lease, by both clocks: the time of day may be set back, and
    /// the monotonic one stands still while the machine sleeps.
    fn is_in_time(&self, job: &Job, claimed_at: Instant) -> bool {
        let needed = self.sending.timeout + MARGIN;
        let holds_by_the_day = matches!(
            job.state,
            JobState::Submitting { lease_until } if self.application.now().plus(needed) <= lease_until
        );
        holds_by_the_day && claimed_at.elapsed() + needed <= self.sending.lease
    }

    /// A refusal speaks for its own request alone. Where an earlier one of the same try is in
    /// doubt, no copy may be able to work before the job is said to have failed.
    async fn once_the_gate_is_shut(&self, job: &Job, outcome: Observation) -> Observation {
        let is_refused = matches!(outcome, Observation::SubmitRefused { .. });
        if !(is_refused && job.current_try.in_doubt && self.application.rules_of(job).gated) {
            return outcome;
        }
        let is_shut = match self.application.shut_gate(job).await {
            Ok(gate) => gate == GateReading::Cancelled,
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, %error, "could not shut the job's gate");
                false
            }
        };
        let epoch = job.current_try.epoch;
        if is_shut {
            outcome
        } else {
            Observation::SubmitUnknown { epoch }
        }
    }

    async fn submit(&self, job: &Job, errand: &Errand, submission: &Submission) -> Observation {
        let epoch = job.current_try.epoch;
        let deadline = Instant::now() + self.sending.timeout;
        match timeout_at(deadline, self.calls.submit(submission)).await {
            Ok(answer) => {
                if let Err(error) = &answer {
                    tell(job, error);
                }
                self.classify(job, errand, answer).await
            }
            Err(_) => Observation::SubmitUnknown { epoch },
        }
    }

    async fn classify(
        &self,
        job: &Job,
        errand: &Errand,
        answer: Result<BackendId, SubmitError>,
    ) -> Observation {
        let now = self.application.now();
        let epoch = job.current_try.epoch;
        if matches!(answer, Ok(_) | Err(SubmitError::Refused { .. })) {
            self.held.open(&TargetKey::of(&errand.kind.execution));
        }
        match answer {
            Ok(backend_id) => Observation::SubmitAccepted { epoch, backend_id },
            Err(SubmitError::Refused { reason }) => Observation::SubmitRefused { epoch, reason },
            Err(SubmitError::Held(held)) => {
                let waiting = reason_of(held);
                let is_news = self.shut(&errand.kind, waiting.clone()).await;
                let tries_next = errand.is_probe || is_news;
                let retry_at = self.held_until(&errand.kind, job, tries_next);
                Observation::SubmitHeld {
                    epoch,
                    waiting,
                    retry_at,
                }
            }
            Err(SubmitError::DidNotHappen { retry_after, .. }) => Observation::SubmitDidNotHappen {
                epoch,
                retry_at: now.plus(asked_for(retry_after, RETRY_AFTER)),
            },
            Err(SubmitError::Throttled { retry_after, .. }) => Observation::SubmitDidNotHappen {
                epoch,
                retry_at: now.plus(self.later(asked_for(retry_after, TURNED_AWAY_AGAIN_AFTER))),
            },
            Err(SubmitError::Unknown { .. }) => Observation::SubmitUnknown { epoch },
        }
    }

    /// From once to twice as long: those that were turned away together don't come back together.
    fn later(&self, wait: Duration) -> Duration {
        let [chance] = self.application.0.ports.entropy.bytes::<1>();
        wait.mul_f64(1.0 + f64::from(chance) / 255.0)
    }

    /// The same fate for all jobs of a type whose target is not known. None was claimed.
    async fn not_resolved(&self, kind: &JobType, jobs: Vec<Job>, error: SubmitError) -> Served {
        if let Some(job) = jobs.first() {
            tell(job, &error);
        }
        match error {
            SubmitError::Refused { reason } => {
                self.held.open(&TargetKey::of(&kind.execution));
                let given_up = jobs
                    .into_iter()
                    .map(|job| self.application.give_up(job, reason.clone()));
                join_all(given_up)
                    .await
                    .into_iter()
                    .collect::<Result<(), _>>()?;
                Ok(None)
            }
            SubmitError::Held(held) => {
                let reason = reason_of(held);
                let _news = self.shut(kind, reason.clone()).await;
                self.hold(kind, jobs, &reason, PROBE_EVERY).await?;
                Ok(None)
            }
            SubmitError::DidNotHappen { retry_after, .. }
            | SubmitError::Throttled { retry_after, .. } => {
                let wait = asked_for(retry_after, RETRY_AFTER).max(RETRY_AFTER);
                self.put_off(&jobs, wait).await
            }
            SubmitError::Unknown { .. } => self.put_off(&jobs, RETRY_AFTER).await,
        }
    }

    async fn put_off(&self, jobs: &[Job], wait: Duration) -> Served {
        let at = self.application.now().plus(wait);
        let times: Vec<_> = jobs.iter().map(|job| (job.id.clone(), at)).collect();
        self.application.jobs().reschedule(&times).await?;
        Ok(None)
    }
}

/// How long the backend asks us to wait, within reason, or else this long.
fn asked_for(retry_after: Option<Duration>, otherwise: Duration) -> Duration {
    retry_after.map_or(otherwise, |wait| wait.min(LONGEST_WAIT))
}

/// Tells the operator why a job could not be handed over.
fn tell(job: &Job, error: &SubmitError) {
    let error = WithCauses(error);
    tracing::warn!(job = %job.id, backend = %job.backend, %error, "could not hand the job over");
}
