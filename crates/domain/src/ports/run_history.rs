use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::identity::JobTypeName;

/// How long a completed job worked.
#[derive(Clone, Debug, PartialEq)]
pub struct FinishedRun {
    /// Its type.
    pub job_type: JobTypeName,
    /// Size of its work in the unit of its type, as recorded at admission.
    pub work: f64,
    /// From its acceptance to its end less its time in the queue: how long its last attempt
    /// ran.
    pub ran_for: Duration,
}

/// What past jobs teach about the next ones.
///
/// It refuses to be asked for every POST: a loop reads it now and then into memory.
#[async_trait]
pub trait RunHistory: Send + Sync + std::fmt::Debug {
    /// The last completed jobs of a type, of all users, the one that ended last first, at most
    /// `limit`.
    /// MUST hold completed jobs only, and only such whose last attempt has a start and an end.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn recent_runs(
        &self,
        job_type: &JobTypeName,
        limit: usize,
    ) -> Result<Vec<FinishedRun>, StoreError>;
}
