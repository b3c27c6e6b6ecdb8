//! Looks at jobs that are pulled forward, because somebody waits or an event came.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, JobState, Lane};
use batchway_domain::ports::StoreError;

use crate::Application;

/// The least time between two such looks at one job, however many wait for it.
const EVERY: Duration = Duration::from_secs(2);

/// So long before its time a look is due that somebody waits for: where the backend may not be
/// asked about all that are due, it is asked about these first.
const HEAD_START: Duration = Duration::from_secs(300);

/// From how many jobs on those are forgotten whose last look is long over.
const MANY: usize = 1024;

/// For which time each job's last such look was ordered.
#[derive(Debug, Default)]
pub(crate) struct PulledLooks(Mutex<HashMap<JobId, Timestamp>>);

impl PulledLooks {
    /// For when a look may be ordered now; `None` where one is still to come.
    fn order(&self, job: &JobId, now: Timestamp) -> Option<Timestamp> {
        let mut last = self.last();
        if last.len() >= MANY {
            last.retain(|_, at| at.plus(EVERY) > now);
        }
        let at = match last.get(job) {
            // Further off than that, the clock was set back.
            Some(at) if *at > now && *at <= now.plus(EVERY) => return None,
            Some(at) if *at <= now => now.max(at.plus(EVERY)),
            _ => now,
        };
        last.insert(job.clone(), at);
        Some(at)
    }

    /// The order could not be given.
    fn withdraw(&self, job: &JobId) {
        self.last().remove(job);
    }

    fn last(&self) -> MutexGuard<'_, HashMap<JobId, Timestamp>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Application {
    /// Has the job's backend asked soon. A hint: where it fails, the job's own pace holds.
    pub(crate) async fn look_soon(&self, job: &Job) {
        // The failure is the store's, and whoever waits hears of it by the next read.
        let _hint = self.pull_look_forward(job).await;
    }

    /// Has the job's backend asked at once, but not within two seconds of the last time that
    /// this was wished for.
    pub(crate) async fn pull_look_forward(&self, job: &Job) -> Result<(), StoreError> {
        if !is_looked_at(job) {
            return Ok(());
        }
        let now = self.now();
        let Some(at) = self.0.pulled_looks.order(&job.id, now) else {
            return Ok(());
        };
        let due = if at == now { now.minus(HEAD_START) } else { at };
        if let Err(error) = self.look_at(job, due).await {
            self.0.pulled_looks.withdraw(&job.id);
            return Err(error);
        }
        Ok(())
    }

    /// Has the job's backend asked before it is asked about any other job.
    pub(crate) async fn look_first(&self, job: &Job) {
        if is_looked_at(job) {
            // A hint, as above: the job's record says that it is to be stopped.
            let _hint = self.look_at(job, Timestamp::EPOCH).await;
        }
    }

    async fn look_at(&self, job: &Job, at: Timestamp) -> Result<(), StoreError> {
        self.jobs().reschedule(&[(job.id.clone(), at)]).await?;
        self.0.nudges.ring(&job.due().lane);
        Ok(())
    }
}

/// Whether its backend is asked about it. While it is being sent, only who sends it can tell.
fn is_looked_at(job: &Job) -> bool {
    let is_being_sent = matches!(job.state, JobState::Submitting { .. });
    !is_being_sent && matches!(job.due().lane, Lane::Watch(_) | Lane::Resolve(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    #[test]
    fn one_job_is_looked_at_no_more_than_every_two_seconds_and_no_wish_is_lost() {
        let job = |chance| JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [chance; 10]);
        let looks = PulledLooks::default();
        assert_eq!(looks.order(&job(1), at(0)), Some(at(0)));
        assert_eq!(looks.order(&job(1), at(500)), Some(at(2000)));
        assert_eq!(looks.order(&job(1), at(1900)), None, "one is to come");
        assert_eq!(looks.order(&job(2), at(1900)), Some(at(1900)));
        assert_eq!(looks.order(&job(1), at(2100)), Some(at(4000)));
        looks.withdraw(&job(1));
        assert_eq!(looks.order(&job(1), at(2200)), Some(at(2200)));
        assert_eq!(looks.order(&job(1), at(90_000)), Some(at(90_000)));
        assert_eq!(looks.order(&job(1), at(5)), Some(at(5)), "set back");
    }

    #[test]
    fn what_is_long_over_is_forgotten() {
        let looks = PulledLooks::default();
        for number in 0..3 * MANY {
            let [low, high, ..] = number.to_le_bytes();
            let chance = [low, high, 0, 0, 0, 0, 0, 0, 0, 0];
            let job = JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), chance);
            let seconds = i64::try_from(number / MANY).unwrap() * 10;
            looks.order(&job, at(seconds * 1000));
        }
        assert!(looks.last().len() <= MANY + 1);
    }
}
