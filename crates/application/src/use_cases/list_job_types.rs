//! What kinds of job there are.

use std::sync::Arc;

use batchway_domain::job_type::JobType;
use batchway_domain::security::KeyDigest;

use crate::{Application, RequestError};

impl Application {
    /// Every configured job type, in the order of their names.
    ///
    /// # Errors
    /// [`RequestError::Unauthorized`], or what is wrong with the store.
    pub async fn list_job_types(&self, key: &KeyDigest) -> Result<Vec<Arc<JobType>>, RequestError> {
        self.authenticate(key).await?;
        Ok(self.0.job_types.iter().cloned().collect())
    }
}
