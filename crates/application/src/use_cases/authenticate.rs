//! Whether a key or a token is good, for requests that fail before they need the store.

use batchway_domain::security::{JobToken, KeyDigest};

use crate::{Application, RequestError};

impl Application {
    /// Checks a key and nothing else. The other use cases check it in the same step that does
    /// their work.
    ///
    /// # Errors
    /// [`RequestError::Unauthorized`], or what is wrong with the store.
    pub async fn authenticate(&self, key: &KeyDigest) -> Result<(), RequestError> {
        self.jobs().authenticate(key).await?;
        Ok(())
    }

    /// Checks a runner's token and nothing else; asks nobody.
    ///
    /// # Errors
    /// [`RequestError::TokenRefused`].
    pub fn check_job_token(&self, token: &str) -> Result<JobToken, RequestError> {
        JobToken::verify(token, &self.settings().secrets, self.now())
            .map_err(|_| RequestError::TokenRefused)
    }
}
