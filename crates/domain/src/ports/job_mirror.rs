use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use crate::identity::JobId;

/// A table outside of the gateway that shows jobs as they were last.
///
/// It refuses to be read: what the gateway does never depends on it.
///
/// Guarantees:
/// * A row MUST NOT take the place of one with a higher version, whatever the order in which
///   they come.
/// * Rows are written all or, with [`MirrorError::RowRefused`], none.
/// * It MUST answer within a bounded time, whatever happens at the other end.
#[async_trait]
pub trait JobMirror: Send + Sync + std::fmt::Debug {
    /// Writes these rows, each in place of the one that its job has there. No two are of one job.
    ///
    /// # Errors
    /// [`MirrorError`].
    async fn upsert(&self, rows: &[MirrorRow]) -> Result<(), MirrorError>;
}

/// How a job looks in a mirror.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MirrorRow {
    /// The job.
    pub job: JobId,
    /// Its version then.
    pub version: u64,
    /// The columns: a JSON object, with the same names for all jobs.
    pub columns: Bytes,
}

/// Why rows are not written. What is said is for the operator, and holds no secret.
#[derive(Debug, thiserror::Error)]
pub enum MirrorError {
    /// It can't be reached, is overloaded or fails. Whether the rows were written is not known.
    #[error("{reason}")]
    Unavailable {
        /// A sentence for the operator.
        reason: String,
        /// When it wants to be asked again, where it says so.
        retry_after: Option<Duration>,
        /// The cause.
        #[source]
        source: Option<Box<dyn std::error::Error + Send + Sync>>,
    },
    /// It takes no rows at all until somebody mends what is named. None was written.
    #[error("{reason}")]
    Refused {
        /// What is wrong, and what to do about it.
        reason: String,
    },
    /// It does not take one of these rows because of what is in it. None was written.
    #[error("{reason}")]
    RowRefused {
        /// What is wrong.
        reason: String,
    },
}
