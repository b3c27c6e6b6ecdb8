use async_trait::async_trait;

use super::{Queue, StoreError};
use crate::Timestamp;
use crate::identity::{BackendName, TryName};
use crate::job::BackendId;

/// The most orphans that are kept in mind: more of them mean that the store was lost, and that
/// a person is needed, not a list.
pub const MAX_ORPHANS: usize = 1000;

/// How far sweeps of the backends' queues have come, and which jobs they found that no record
/// knows.
///
/// It refuses to judge: what becomes of an orphan is decided by the sweep.
///
/// Guarantees:
/// * What a call answered with `Ok` MUST be as durable as an admission is.
/// * Times MUST come back as they were given, to the millisecond.
#[async_trait]
pub trait SweepLedger: Send + Sync + std::fmt::Debug {
    /// Since when this store has been keeping jobs, by its own clock: what a backend took before
    /// then may be known to another store, and is nobody's orphan. MUST be the same for ever.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn kept_since(&self) -> Result<Timestamp, StoreError>;

    /// Up to when this queue has been swept: the beginning of the last sweep that was completed.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError>;

    /// A sweep that began at this time was completed. MUST NOT go back where a later one is known.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError>;

    /// Keeps an orphan in mind and answers it as it was when it was first noted: a later call
    /// with the same backend and id MUST change nothing. Beyond [`MAX_ORPHANS`] MUST answer
    /// [`StoreError::Full`].
    ///
    /// # Errors
    /// [`StoreError`].
    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError>;

    /// Every orphan, the one noted first first; equal times by id.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError>;

    /// An orphan that is none any more: it has ended. One that is not there is passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError>;
}

/// A job at a backend that bears a name and the marks of this deployment, and of which there is
/// no record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Orphan {
    /// Where it is.
    pub backend: BackendName,
    /// Its id there.
    pub id: BackendId,
    /// The name that it bears.
    pub name: TryName,
    /// The queue that holds it.
    pub queue: Queue,
    /// When the backend took it.
    pub created_at: Timestamp,
    /// When a sweep saw it first.
    pub noted_at: Timestamp,
}
