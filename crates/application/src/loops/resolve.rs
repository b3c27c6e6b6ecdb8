//! Finds out what became of jobs that may have been sent: looks them up by name, and has the
//! gate decide.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::BackendName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{BackendId, Job, JobState, Lane};
use batchway_domain::ports::StoreError;
use futures_util::future::join_all;

use super::{Loop, Report};
use crate::Application;
use crate::calls::{CallError, Calls};
use crate::causes::WithCauses;

const BATCH: usize = 32;
const LEASE: Duration = Duration::from_secs(60);

/// The least time until a job is looked up for which no call was left.
const LEAST_REST: Duration = Duration::from_secs(1);

/// Resolves the jobs of one backend.
#[derive(Debug)]
pub struct Resolve {
    application: Application,
    calls: Arc<Calls>,
    lane: Lane,
}

impl Resolve {
    pub(super) fn new(application: Application, name: BackendName, calls: Arc<Calls>) -> Self {
        Self {
            application,
            calls,
            lane: Lane::Resolve(name),
        }
    }

    async fn resolve(&self, mut job: Job) -> Result<(), StoreError> {
        if matches!(job.state, JobState::Submitting { .. }) {
            match self
                .application
                .apply(job, &Observation::LeaseExpired)
                .await?
            {
                Some(doubtful) => job = doubtful,
                None => return Ok(()),
            }
        }
        if !matches!(job.state, JobState::Unresolved { .. }) {
            // Someone may still be sending it.
            self.application.put_back_if_early(&job).await?;
            return Ok(());
        }
        if !self.calls.looks_after(job.current_try.target.as_ref()) {
            return self.application.leave_to_others(&job).await;
        }
        self.calls.keep_in_use(job.current_try.target.as_ref());
        let observation = match self.look_up(&job).await {
            Ok(Some(observation)) => observation,
            Ok(None) => return Ok(()),
            Err(wait) => {
                let at = self.application.now().plus(wait);
                return self.application.jobs().reschedule(&[(job.id, at)]).await;
            }
        };
        if let Some(job) = self.application.apply(job, &observation).await? {
            self.application.stop_what_must(&self.calls, &job).await;
        }
        Ok(())
    }

    /// `None` where the gate can't be read: the lease brings the job back. Fails where the
    /// backend may not be asked, for so long.
    async fn look_up(&self, job: &Job) -> Result<Option<Observation>, Duration> {
        let found = match self.find(job).await {
            Ok(found) => found,
            Err(CallError::UsedUp { next_in }) => return Err(next_in.max(LEAST_REST)),
            Err(error) => {
                tell(job, &error);
                let was_asked = matches!(error, CallError::Backend(_)) && !error.was_turned_away();
                return if was_asked {
                    Ok(Some(Observation::BackendUnreachable))
                } else {
                    Err(LEAST_REST)
                };
            }
        };
        let oldest = found.first().or(job.candidates.first());
        match self.application.settle_gate(job, oldest).await {
            Ok(gate) => Ok(Some(Observation::LookedUp { found, gate })),
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, %error, "could not read the job's gate");
                Ok(None)
            }
        }
    }

    async fn find(&self, job: &Job) -> Result<Vec<BackendId>, CallError> {
        // What was never claimed has no target, and nothing can bear its name.
        let Some(target) = &job.current_try.target else {
            return Ok(Vec::new());
        };
        let name = job.try_name(&self.application.settings().deployment);
        let mut found = self
            .calls
            .find_by_name(&name, target, &job.request_hash)
            .await?;
        found.sort_by(|a, b| (a.created_at, &a.id).cmp(&(b.created_at, &b.id)));
        Ok(found.into_iter().map(|candidate| candidate.id).collect())
    }
}

fn tell(job: &Job, error: &CallError) {
    let error = WithCauses(error);
    tracing::warn!(job = %job.id, %error, "could not look the job up");
}

#[async_trait]
impl Loop for Resolve {
    fn name(&self) -> String {
        self.lane.to_string()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Report {
        let taken = self.application.take_due(&self.lane, BATCH, LEASE).await;
        let jobs = match taken {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        if self.application.is_draining() {
            return Report::of_result(self.application.hand_back(&jobs).await);
        }
        let results = join_all(jobs.into_iter().map(|job| self.resolve(job))).await;
        Report::of_batch(BATCH, results)
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
