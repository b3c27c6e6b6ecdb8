//! What a runner says that can't reach the gateway: it leaves its reports in the artifact store.

use std::time::Duration;

use batchway_domain::job::Job;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::ArtifactError;

use crate::Application;

/// A runner that reaches the gateway is heard of every ten seconds. After this long without a
/// word it is looked for in the store, where it leaves one every fifteen.
const SILENT_AFTER: Duration = Duration::from_secs(30);

/// The most that is read of a report.
const MAX_BYTES: usize = 16 * 1024;

impl Application {
    /// The last report that the runner of a silent job has left, if that is news.
    pub(crate) async fn stored_report(
        &self,
        job: &Job,
    ) -> Result<Option<Observation>, ArtifactError> {
        let heard = job.progress.heartbeat_at.unwrap_or(job.state_since);
        let is_silent = self.now().since(heard) >= SILENT_AFTER;
        if !is_silent || !self.rules_of(job).gated {
            return Ok(None);
        }
        let try_number = job.current_try.number;
        let key = job.folder().heartbeat(try_number);
        let left_at = match self.artifacts().metadata(&key).await {
            Ok(metadata) => metadata.last_modified,
            Err(ArtifactError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error),
        };
        // An old one is no sign of life.
        if self.now().since(left_at) >= SILENT_AFTER {
            return Ok(None);
        }
        let report = self.read_small(&key, MAX_BYTES).await?;
        let report = report.and_then(|bytes| serde_json::from_slice(&bytes).ok());
        Ok(report.map(|report| Observation::Reported { try_number, report }))
    }
}
