use async_trait::async_trait;

use super::StoreError;
use crate::Timestamp;
use crate::identity::UserName;
use crate::security::KeyDigest;

/// What is kept of an API key. Never the key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRecord {
    /// Digest of the key.
    pub digest: KeyDigest,
    /// Whose key it is.
    pub user: UserName,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it was revoked, where it was.
    pub revoked_at: Option<Timestamp>,
}

/// The register of API keys.
///
/// It refuses to authenticate: [`super::JobStore`] does that in the same step that does the
/// caller's work, so that a revocation holds at once.
#[async_trait]
pub trait ApiKeys: Send + Sync + std::fmt::Debug {
    /// Registers a key. MUST be durable when it returns. MUST refuse a digest that is there
    /// already with [`KeyError::Exists`].
    ///
    /// # Errors
    /// [`KeyError`].
    async fn register(&self, record: &KeyRecord) -> Result<(), KeyError>;

    /// Every key, or those of one user, oldest first, revoked ones too.
    ///
    /// # Errors
    /// [`KeyError::Store`].
    async fn list(&self, user: Option<&UserName>) -> Result<Vec<KeyRecord>, KeyError>;

    /// Revokes the keys whose digest's first hex digits ([`KeyDigest::short`]) are these.
    /// MUST hold for every request that begins after it returns. Twice is the same as once:
    /// the first time stays. Answers the keys that match, as they now are; none is an answer too.
    ///
    /// # Errors
    /// [`KeyError::Store`].
    async fn revoke(&self, short: &str, at: Timestamp) -> Result<Vec<KeyRecord>, KeyError>;
}

/// What can go wrong with the register of keys.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The key is registered already.
    #[error("the key is registered already")]
    Exists,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}
