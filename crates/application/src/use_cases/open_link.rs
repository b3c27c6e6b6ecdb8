//! Following a link to an artifact that the gateway serves itself.

use batchway_domain::ports::{ArtifactRead, ByteRange};
use batchway_domain::security::LinkMethod;

use crate::{Application, RequestError};

/// A link as it came in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LinkRequest {
    /// What is to be done.
    pub method: LinkMethod,
    /// The key in the path, percent-decoded once.
    pub key: String,
    /// The `expires` of the query, in seconds since the epoch.
    pub expires: i64,
    /// The `signature` of the query.
    pub signature: String,
    /// The part asked for; `None` for the whole.
    pub range: Option<ByteRange>,
}

impl Application {
    /// Opens the artifact behind a link. The signature is checked before anything is looked for.
    ///
    /// # Errors
    /// [`RequestError::LinkRefused`], [`RequestError::LinkExpired`],
    /// [`RequestError::ArtifactNotFound`], [`RequestError::RangeNotSatisfiable`].
    pub async fn open_link(&self, request: LinkRequest) -> Result<ArtifactRead, RequestError> {
        let signer = self
            .settings()
            .links
            .as_ref()
            .ok_or(RequestError::LinkRefused)?;
        let claims = signer.verify(
            request.method,
            &request.key,
            request.expires,
            &request.signature,
            self.now(),
        )?;
        Ok(self.artifacts().read(&claims.key, request.range).await?)
    }
}
