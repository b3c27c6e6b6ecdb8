use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::Timestamp;
use crate::identity::JobId;
use crate::job::Job;

/// Keeps in mind which jobs have changed since they were mirrored last.
///
/// It refuses to be a queue: a job stands in it once, however often it changed, so that a mirror
/// that is away for long costs one entry a job. It refuses to know what a mirror is.
///
/// Guarantees, where the store was opened to keep a backlog:
/// * A job is entered in the very step that admits it or commits a change of it
///   ([`crate::ports::JobStore::admit`], [`crate::ports::JobStore::commit`]): where there is the
///   one, there MUST be the other, just as durable. A step that is repeated MUST NOT enter it again.
/// * It stays until somebody has said that it was mirrored as it is. That this was said may be
///   forgotten where the store dies: then it is taken once more.
/// * A job that is removed leaves it.
///
/// A store that was opened without one enters nothing, and gives what is there from before.
#[async_trait]
pub trait MirrorBacklog: Send + Sync + std::fmt::Debug {
    /// Takes jobs as they are now, those first that have been behind for the longest time by the
    /// store's clock, and puts each off by the lease, so that no other replica mirrors it
    /// meanwhile. A hint to share work, never a right.
    ///
    /// A batch MUST NOT hold a job twice. A change of a job that is put off MUST NOT make it due
    /// again before its lease is over. MUST cost in proportion to the batch.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError>;

    /// These versions were mirrored: a job leaves the backlog if that is its version still, and is
    /// due at once if it has changed since.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError>;

    /// Has jobs of the backlog taken at this time and not before, whenever they were due. One that
    /// is not in it is passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError>;
}
