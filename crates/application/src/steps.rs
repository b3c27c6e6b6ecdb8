//! The one way in which a job is changed: read, decide, compare and set, tell.

use batchway_domain::identity::JobId;
use batchway_domain::job::machine::{GateReading, Observation};
use batchway_domain::job::{Job, JobState, Lane};
use batchway_domain::ports::{CommitError, JobCommit, StoreError};

use crate::Application;
use crate::causes::WithCauses;
use crate::lost_answers::once_more_if_lost;

/// How often a lost compare-and-set is tried again. Each loss means that someone else moved
/// the job, which happens a few times in a job's life.
const MAX_CONFLICTS: usize = 16;

/// What was learnt of one try says nothing of the next, nor what was learnt of one sending or
/// copy of another.
fn is_outdated(observation: &Observation, read: &Job, present: &Job) -> bool {
    let (then, now) = (&read.current_try, &present.current_try);
    let of_other_try = then.number != now.number && observation.is_bound_to_its_try();
    let of_other_sending = then.epoch != now.epoch && observation.is_bound_to_its_sending();
    let of_other_copy =
        read.state.backend_id() != present.state.backend_id() && observation.is_bound_to_its_copy();
    of_other_try || of_other_sending || of_other_copy
}

impl Application {
    /// Applies an observation to a job, reading it again where it has changed meanwhile.
    /// Answers the job as it then is; `None` where there is no such job any more.
    pub(crate) async fn apply(
        &self,
        mut job: Job,
        observation: &Observation,
    ) -> Result<Option<Job>, StoreError> {
        for _ in 0..MAX_CONFLICTS {
            match self.try_apply(&job, observation).await {
                Ok(applied) => return Ok(Some(applied.unwrap_or(job))),
                Err(CommitError::NotFound) => return Ok(None),
                Err(CommitError::Store(error)) => return Err(error),
                Err(CommitError::Conflict) => match self.jobs().load(&job.id).await? {
                    Some(present) if is_outdated(observation, &job, &present) => {
                        return Ok(Some(present));
                    }
                    Some(present) => job = present,
                    None => return Ok(None),
                },
            }
        }
        Err(StoreError::Unavailable {
            reason: format!("job {} kept changing while it was to be changed", job.id),
            source: None,
        })
    }

    /// Applies an observation to the job exactly as it was read. `None` where it changes
    /// nothing.
    pub(crate) async fn try_apply(
        &self,
        job: &Job,
        observation: &Observation,
    ) -> Result<Option<Job>, CommitError> {
        let rules = self.rules_of(job);
        let machine = &self.0.machine;
        let Some(transition) = machine.decide(job, observation, &rules, self.now()) else {
            return Ok(None);
        };
        let commit = JobCommit {
            job: transition.job.clone(),
            expected_version: job.version,
            operation: u128::from_le_bytes(self.0.ports.entropy.bytes()),
            events: transition.events,
        };
        self.commit_surely(commit).await?;
        self.log_move(job, &transition.job);
        self.tell(&transition.job);
        Ok(Some(transition.job))
    }

    /// Ends a job that will not be started. Where a copy of it may still be on its way, that one
    /// must not be able to work; while that can't be seen to, the job stays as it is.
    pub(crate) async fn give_up(&self, job: Job, message: String) -> Result<(), StoreError> {
        let gate = if job.current_try.in_doubt {
            self.shut_gate(&job).await
        } else {
            Ok(GateReading::NoGate)
        };
        match gate {
            Ok(gate) => {
                let observation = Observation::Unstartable { message, gate };
                self.apply(job, &observation).await?;
            }
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, %error, "could not shut the job's gate");
            }
        }
        Ok(())
    }

    /// Puts back a job that was taken before its time. A due time can be moved by one who had read
    /// the job before it changed, so a loop that must not be early goes by the record.
    pub(crate) async fn put_back_if_early(&self, job: &Job) -> Result<bool, StoreError> {
        let at = job.due().at;
        let is_early = at > self.now();
        if is_early {
            self.jobs().reschedule(&[(job.id.clone(), at)]).await?;
        }
        Ok(is_early)
    }

    /// The operation id makes the same commit twice the same as once.
    async fn commit_surely(&self, commit: JobCommit) -> Result<(), CommitError> {
        once_more_if_lost(|| self.jobs().commit(commit.clone())).await
    }

    /// Wakes those who wait for the job, and the loop that has to do with it next.
    fn tell(&self, job: &Job) {
        self.0.changes.publish(&job.id);
        if job.status().is_terminal() {
            // Its end may have made room for another.
            self.0.nudges.ring(&Lane::Dispatch(job.backend.clone()));
        }
        self.0.nudges.ring(&job.due().lane);
        self.0.nudges.ring_for_mirror();
        if job.webhook.is_some() {
            self.0.nudges.ring_for_deliveries();
        }
    }

    fn log_move(&self, before: &Job, after: &Job) {
        let is_tried_again = before.current_try.number != after.current_try.number;
        if before.status() == after.status() && !is_tried_again {
            return;
        }
        let copy = after.backend_id().or_else(|| before.backend_id());
        let failure = match &after.state {
            JobState::Failed { failure } => Some(failure),
            _ if is_tried_again => after.attempts.last().and_then(|last| last.failure.as_ref()),
            _ => None,
        };
        // What the program said is its owner's.
        tracing::info!(
            job = %after.id,
            user = %after.user,
            from = %before.status(),
            to = %after.status(),
            attempt = after.current_try.number,
            backend_id = copy.map(tracing::field::display),
            failure = failure.map(|failure| failure.class.as_str()),
            exit_code = failure.and_then(|failure| failure.exit_code),
            reason = failure.and_then(|failure| failure.backend_reason.as_deref()),
            "job moved"
        );
    }

    /// One of the caller's jobs by what stands in the path.
    pub(crate) async fn find_own(
        &self,
        key: &batchway_domain::security::KeyDigest,
        id: &str,
    ) -> Result<Job, crate::RequestError> {
        let unknown = || crate::RequestError::JobNotFound { job: id.to_owned() };
        match id.parse::<JobId>() {
            Ok(job) => self.jobs().find(key, &job).await?.ok_or_else(unknown),
            // What can't be an id is as unknown as any other, to those who have a key.
            Err(_) => {
                self.authenticate(key).await?;
                Err(unknown())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::Timestamp;
    use batchway_domain::job::{BackendId, NewJob, RequestHash};

    use super::*;

    fn job_in_try(number: u32) -> Job {
        let new = NewJob {
            id: JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [0; 10]),
            environment: "prod".parse().unwrap(),
            job_type: "run_simulation".parse().unwrap(),
            backend: "process".parse().unwrap(),
            work: 1.0,
            estimated_seconds: 1,
            webhook: None,
            request_hash: RequestHash(String::new()),
        };
        let mut job = new.admit("user123".parse().unwrap()).job;
        job.current_try.number = number;
        job
    }

    #[test]
    fn what_was_learnt_of_one_try_is_not_applied_to_the_next() {
        let (first, second) = (job_in_try(1), job_in_try(2));
        let empty = Observation::LookedUp {
            found: Vec::new(),
            gate: GateReading::Open,
        };
        assert!(is_outdated(&empty, &first, &second));
        assert!(!is_outdated(&empty, &first, &first));
        assert!(!is_outdated(&Observation::CancelRequested, &first, &second));
    }

    #[test]
    fn what_was_looked_up_before_a_sending_says_nothing_of_it() {
        let (before, mut sent_again) = (job_in_try(1), job_in_try(1));
        sent_again.current_try.epoch += 1;
        let empty = Observation::LookedUp {
            found: Vec::new(),
            gate: GateReading::Open,
        };
        assert!(is_outdated(&empty, &before, &sent_again));
        let gate = Observation::GateRead(GateReading::Open);
        assert!(!is_outdated(&gate, &before, &sent_again));
    }

    #[test]
    fn that_one_copy_is_absent_says_nothing_of_another() {
        let (mut first, mut second) = (job_in_try(1), job_in_try(1));
        for (job, copy) in [(&mut first, "a"), (&mut second, "b")] {
            job.state = JobState::Submitted {
                backend_id: BackendId(copy.to_owned()),
                waiting: None,
                absence: None,
            };
        }
        let absent = Observation::Absent {
            by_name: Some(false),
            manifest: None,
            main_result: None,
        };
        assert!(is_outdated(&absent, &first, &second));
        assert!(!is_outdated(&absent, &first, &first));
    }
}
