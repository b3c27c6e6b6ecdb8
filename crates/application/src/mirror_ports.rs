//! What mirroring jobs needs of the world.

use std::sync::Arc;

use batchway_domain::job::Job;
use batchway_domain::ports::{JobMirror, MirrorBacklog};
use bytes::Bytes;

/// Writes the columns of a job's row, as [`batchway_domain::ports::MirrorRow::columns`]. Their
/// form belongs to the HTTP edge, which has that of a job.
pub type EncodeRow = fn(&Job) -> Bytes;

/// The adapters that mirror jobs.
#[derive(Clone, Debug)]
pub struct MirrorPorts {
    /// Keeps in mind what has changed. The store has to have been opened to do so.
    pub backlog: Arc<dyn MirrorBacklog>,
    /// Takes the rows.
    pub mirror: Arc<dyn JobMirror>,
    /// Writes them.
    pub encode: EncodeRow,
}
