//! Wakes those in this process who wait for a job to change.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use batchway_domain::identity::JobId;
use tokio::sync::watch;

/// Who waits for which job. A hint only: a change made by another process is not told here,
/// so those who wait look for themselves now and then.
#[derive(Debug, Default)]
pub(crate) struct JobChanges {
    waiting: Mutex<HashMap<JobId, watch::Sender<()>>>,
}

impl JobChanges {
    /// Resolves at the next change after this call.
    pub(crate) fn subscribe(&self, id: &JobId) -> watch::Receiver<()> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|_, sender| sender.receiver_count() > 0);
        waiting
            .entry(id.clone())
            .or_insert_with(|| watch::Sender::new(()))
            .subscribe()
    }

    pub(crate) fn publish(&self, id: &JobId) {
        let waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(sender) = waiting.get(id) {
            sender.send_replace(());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use batchway_domain::Timestamp;

    #[tokio::test]
    async fn only_the_changed_job_wakes_its_waiters() {
        let id = |chance| JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [chance; 10]);
        let changes = JobChanges::default();
        let (mut first, second) = (changes.subscribe(&id(1)), changes.subscribe(&id(2)));
        changes.publish(&id(1));
        first.changed().await.unwrap();
        assert!(!second.has_changed().unwrap());
        drop((first, second));
        drop(changes.subscribe(&id(3)));
        assert_eq!(
            changes.waiting.lock().unwrap().len(),
            1,
            "those who left are forgotten"
        );
    }
}
