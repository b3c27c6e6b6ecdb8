//! Puts what the programs of an ended job wrote beside its artifacts, where it stays when the
//! backend has forgotten it.

use std::time::Duration;

use batchway_domain::artifacts::LOG_HEADER;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, NumberedAttempt, Rules, Settlement};
use batchway_domain::ports::{ArtifactError, LogError, StoreError};

use crate::Application;
use crate::causes::WithCauses;
use crate::log_content::{Bounds, LogContent};

/// When the next look is at a job whose logs can't be read here, or not now.
const ON_THIS_MACHINE_AGAIN: Duration = Duration::from_millis(500);
const ACROSS_A_NETWORK_AGAIN: Duration = Duration::from_secs(60);
const CROWDED_AGAIN: Duration = Duration::from_secs(5);

/// Why there is no archived log of an attempt.
#[derive(Debug, thiserror::Error)]
enum NotArchived {
    /// There is nothing to archive, and there never will be.
    #[error("{reason}")]
    Nothing { reason: String },
    /// It may come, or may be had later.
    #[error("its log is not there yet: {reason}")]
    NotYet { reason: String },
    /// Too many calls are made as it is.
    #[error("too many logs are read at once")]
    Crowded,
    /// The job's backend is none of those that this gateway has.
    #[error("there is no such backend in the configuration any more")]
    NoBackend,
    /// The backend gave no answer.
    #[error(transparent)]
    Log(LogError),
    /// It could not be stored, or broke off while it was read.
    #[error(transparent)]
    Store(#[from] ArtifactError),
}

impl Application {
    /// Archives the logs of all attempts of a job that has ended. Doing it again writes the same.
    pub(super) async fn archive_logs(&self, job: &Job) -> Result<(), StoreError> {
        if self.is_for_others(job) {
            let rest = match self.rules_of(job).settlement {
                Settlement::Authoritative => ON_THIS_MACHINE_AGAIN,
                Settlement::After { .. } => ACROSS_A_NETWORK_AGAIN,
            };
            return self.put_off(job, rest).await;
        }
        let mut failure = None;
        for attempt in job.numbered_attempts() {
            match self.archive_log(job, attempt).await {
                Ok(()) => {}
                Err(NotArchived::Crowded) => return self.put_off(job, CROWDED_AGAIN).await,
                Err(NotArchived::Nothing { reason }) => {
                    tracing::debug!(job = %job.id, attempt = attempt.number, reason, "no log to archive");
                }
                Err(error) => failure = Some((attempt.number, error)),
            }
        }
        let observation = match failure {
            None => Observation::LogsArchived,
            Some(_) => Observation::LogsNotArchived,
        };
        let after = self.apply(job.clone(), &observation).await?;
        if let (Some((attempt, error)), Some(after)) = (failure, after) {
            let error = WithCauses(&error);
            let is_given_up = after.archive_logs_at.is_none();
            tracing::warn!(job = %job.id, attempt, %error, is_given_up, "could not archive a log");
        }
        Ok(())
    }

    /// Whether another replica can read its logs and this one can't. Nobody is waited for for ever.
    fn is_for_others(&self, job: &Job) -> bool {
        let target = job.current_try.target.as_ref();
        let calls = self.calls_to(&job.backend);
        let is_elsewhere = calls.is_some_and(|calls| !calls.looks_after(target));
        is_elsewhere && self.now().since(job.state_since) < Rules::LOGS_GIVEN_UP_AFTER
    }

    async fn put_off(&self, job: &Job, rest: Duration) -> Result<(), StoreError> {
        let at = self.now().plus(rest);
        self.jobs().reschedule(&[(job.id.clone(), at)]).await
    }

    async fn archive_log(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
    ) -> Result<(), NotArchived> {
        let calls = self.0.calls.get(&job.backend);
        let calls = calls.ok_or(NotArchived::NoBackend)?.clone();
        let copy = attempt.attempt.backend_id.clone();
        let content = match LogContent::open(calls, copy, attempt.of_copy, Bounds::USUAL).await {
            Ok(content) if content.is_empty() && self.may_still_come(job, attempt) => {
                let reason = "it has no line".to_owned();
                return Err(NotArchived::NotYet { reason });
            }
            Ok(content) => content,
            Err(LogError::NoLog { reason }) if self.may_still_come(job, attempt) => {
                return Err(NotArchived::NotYet { reason });
            }
            Err(LogError::NoLog { reason }) => return Err(NotArchived::Nothing { reason }),
            Err(LogError::Backend(error)) if error.throttled => return Err(NotArchived::Crowded),
            Err(error) => return Err(NotArchived::Log(error)),
        };
        let key = job.folder().log(attempt.attempt.try_number, attempt.of_try);
        if content.is_empty() {
            // The runner may have stored what the backend does not have.
            self.artifacts().create(&key, LOG_HEADER.into()).await?;
        } else {
            self.artifacts().put(&key, content.into_stream()).await?;
        }
        Ok(())
    }

    /// Whether a program ran, and so lately that what it wrote may be on its way.
    fn may_still_come(&self, job: &Job, attempt: NumberedAttempt<'_>) -> bool {
        let patience = self.rules_of(job).settlement.log_patience();
        attempt.attempt.started_at.is_some() && self.now().since(job.state_since) < patience
    }
}
