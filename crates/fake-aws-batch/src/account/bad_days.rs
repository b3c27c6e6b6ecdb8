//! What happens on a bad day, on demand.

use super::Account;
use super::jobs::{JobKey, StopCause};
use super::time::Millis;
use crate::wire::JobStatus;

impl Account {
    /// Spot takes the place of the job's attempt back. On Fargate the container is told to end and
    /// killed after the grace; on EC2 its instance is gone at once. Then the retry strategy
    /// decides. Whether there was an attempt to end.
    pub fn reclaim_spot(&mut self, id: &str, now: Millis) -> bool {
        self.advance(now);
        let Some(key) = self.key_with_attempt(id) else {
            return false;
        };
        let job = self.jobs.get(key);
        if job.is_some_and(|job| job.spec.definition.is_fargate()) {
            self.stop_attempt(key, StopCause::SpotInterruption)
        } else {
            self.lose_attempt(key);
            true
        }
    }

    /// The job's host dies, and the attempt with it: `Host EC2 (instance i-…) terminated.`, where
    /// there are hosts. Then the retry strategy decides. Whether there was an attempt to end.
    pub fn lose_host(&mut self, id: &str, now: Millis) -> bool {
        self.advance(now);
        let key = self.key_with_attempt(id);
        if let Some(key) = key {
            self.lose_attempt(key);
        }
        key.is_some()
    }

    /// Batch forgets the job, whatever state it is in, without a word. Its container is not
    /// touched, and its end goes unheard. Whether there was such a job.
    pub fn vanish(&mut self, id: &str) -> bool {
        let key = self.jobs.key(id);
        if let Some(key) = key {
            self.forget(key);
        }
        key.is_some()
    }

    /// Neither DescribeJobs nor ListJobs shows the job before `until`; it goes on meanwhile.
    /// Whether there is such a job.
    pub fn hide(&mut self, id: &str, until: Millis) -> bool {
        let key = self.jobs.key(id);
        let job = key.and_then(|key| self.jobs.get_mut(key));
        job.map(|job| job.hidden_until = until).is_some()
    }

    /// How long ListJobs lags behind from now on. What it knows already it does not forget.
    pub fn set_list_lag(&mut self, lag: Millis) {
        self.settings.list_lag = lag;
    }

    /// For how long jobs submitted from now on are absent from DescribeJobs.
    pub fn set_describe_lag(&mut self, lag: Millis) {
        self.settings.describe_lag = lag;
    }

    fn key_with_attempt(&self, id: &str) -> Option<JobKey> {
        let key = self.jobs.key(id)?;
        let job = self.jobs.get(key)?;
        job.attempt.is_some().then_some(key)
    }

    /// Removes every trace of a job.
    pub(super) fn forget(&mut self, key: JobKey) {
        let job = self.jobs.get(key);
        if job.is_some_and(|job| job.status == JobStatus::Runnable) {
            self.leave_front(key);
        }
        if let Some(mut job) = self.jobs.remove(key) {
            self.agenda.clear(key, &mut job.alarms);
            self.unlist(key, &job);
        }
    }
}
