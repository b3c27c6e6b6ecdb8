//! A ledger of sweeps that fails on request.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{Orphan, Queue, StoreError, SweepLedger};

use super::{Faults, store_error};

/// The calls of a [`SweepLedger`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum SweepLedgerCall {
    KeptSince,
    SweptUntil,
    RecordSweep,
    NoteOrphan,
    Orphans,
    ForgetOrphan,
}

impl SweepLedgerCall {
    /// Every call.
    pub const ALL: [Self; 6] = [
        Self::KeptSince,
        Self::SweptUntil,
        Self::RecordSweep,
        Self::NoteOrphan,
        Self::Orphans,
        Self::ForgetOrphan,
    ];
}

/// A ledger of sweeps before which calls fail as its [`Faults`] say, with the errors of
/// [`FailingJobStore`](super::FailingJobStore).
#[derive(Debug)]
pub struct FailingSweepLedger {
    inner: Arc<dyn SweepLedger>,
    faults: Faults<SweepLedgerCall>,
}

impl FailingSweepLedger {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn SweepLedger>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<SweepLedgerCall> {
        &self.faults
    }
}

#[async_trait]
impl SweepLedger for FailingSweepLedger {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        let work = self.inner.kept_since();
        self.faults
            .around(SweepLedgerCall::KeptSince, work, store_error)
            .await
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        let work = self.inner.swept_until(queue);
        self.faults
            .around(SweepLedgerCall::SweptUntil, work, store_error)
            .await
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        let work = self.inner.record_sweep(queue, began_at);
        self.faults
            .around(SweepLedgerCall::RecordSweep, work, store_error)
            .await
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        let work = self.inner.note_orphan(orphan);
        self.faults
            .around(SweepLedgerCall::NoteOrphan, work, store_error)
            .await
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        let work = self.inner.orphans();
        self.faults
            .around(SweepLedgerCall::Orphans, work, store_error)
            .await
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        let work = self.inner.forget_orphan(backend, id);
        self.faults
            .around(SweepLedgerCall::ForgetOrphan, work, store_error)
            .await
    }
}
