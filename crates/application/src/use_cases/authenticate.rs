//! Whether a key is good, for requests that fail before they need the store.

use batchway_domain::security::KeyDigest;

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
}
