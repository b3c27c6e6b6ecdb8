//! What the backlog of a mirror must bring along to be tried.

use std::sync::Arc;

use batchway_domain::ports::MirrorBacklog;

use crate::job_store::JobStoreFixture;

/// A job store that was opened to keep in mind what has changed since it was mirrored.
pub trait MirrorBacklogFixture: JobStoreFixture {
    /// The same store's backlog, as it was opened last.
    fn mirror_backlog(&self) -> Arc<dyn MirrorBacklog>;
}
