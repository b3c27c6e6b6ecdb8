//! Wakes those in this process who wait for a job to change.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use batchway_domain::identity::JobId;
use tokio::sync::Notify;

/// Who waits for which job. A hint only: a change made by another process is not told here,
/// so those who wait look for themselves now and then.
#[derive(Debug, Default)]
pub(crate) struct JobChanges {
    waiting: Mutex<HashMap<JobId, Arc<Notify>>>,
}

impl JobChanges {
    /// What tells of this job's changes: of each, to those who had asked to be notified before it.
    pub(crate) fn of(&self, id: &JobId) -> Arc<Notify> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, changes| Arc::strong_count(changes) > 1);
        waiting.entry(id.clone()).or_default().clone()
    }

    pub(crate) fn publish(&self, id: &JobId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(changes) = waiting.get(id) {
            changes.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use batchway_domain::Timestamp;
    use futures_util::FutureExt;

    #[tokio::test]
    async fn only_the_changed_job_wakes_its_waiters() {
        let id = |chance| JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [chance; 10]);
        let changes = JobChanges::default();
        let (first, second) = (changes.of(&id(1)), changes.of(&id(2)));
        let (first_changed, second_changed) = (first.notified(), second.notified());
        changes.publish(&id(1));
        first_changed.await;
        assert!(second_changed.now_or_never().is_none());
        drop((first, second));
        drop(changes.of(&id(3)));
        assert_eq!(
            changes.waiting.lock().unwrap().len(),
            1,
            "those who left are forgotten"
        );
    }
}
