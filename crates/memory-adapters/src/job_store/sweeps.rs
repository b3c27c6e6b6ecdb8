//! The ledger of sweeps.

use std::collections::{BTreeMap, HashMap};

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{MAX_ORPHANS, Orphan, Queue, StoreError, SweepLedger};

use super::MemoryJobStore;

/// What sweeps have found so far.
#[derive(Clone, Default)]
pub(super) struct Sweeps {
    swept_until: HashMap<Queue, Timestamp>,
    orphans: BTreeMap<(BackendName, BackendId), Orphan>,
}

impl Sweeps {
    fn note(&mut self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        let key = (orphan.backend.clone(), orphan.id.clone());
        if let Some(known) = self.orphans.get(&key) {
            return Ok(known.clone());
        }
        if self.orphans.len() >= MAX_ORPHANS {
            return Err(StoreError::Full {
                reason: format!("it keeps {MAX_ORPHANS} orphans already"),
                source: None,
            });
        }
        self.orphans.insert(key, orphan.clone());
        Ok(orphan.clone())
    }
}

#[async_trait]
impl SweepLedger for MemoryJobStore {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        Ok(self.kept_since)
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        Ok(self.contents().sweeps.swept_until.get(queue).copied())
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        let swept_until = &mut self.contents().sweeps.swept_until;
        let kept = swept_until.entry(queue.clone()).or_insert(began_at);
        *kept = began_at.max(*kept);
        Ok(())
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        self.contents().sweeps.note(orphan)
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        let kept = &self.contents().sweeps.orphans;
        let mut orphans: Vec<Orphan> = kept.values().cloned().collect();
        orphans.sort_by(|a, b| (a.noted_at, &a.id).cmp(&(b.noted_at, &b.id)));
        Ok(orphans)
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        let key = (backend.clone(), id.clone());
        self.contents().sweeps.orphans.remove(&key);
        Ok(())
    }
}
