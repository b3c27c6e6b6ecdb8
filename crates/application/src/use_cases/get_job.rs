//! One job.

use batchway_domain::security::KeyDigest;

use super::JobView;
use crate::{Application, RequestError};

impl Application {
    /// One of the caller's jobs. One round trip to the store.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`] for unknown jobs and those of others alike.
    pub async fn get_job(&self, key: &KeyDigest, id: &str) -> Result<JobView, RequestError> {
        let job = self.find_own(key, id).await?;
        self.view(&job).await
    }
}
