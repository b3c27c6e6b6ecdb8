use async_trait::async_trait;

use super::StoreError;
use crate::identity::UserName;
use crate::webhooks::SealedSecrets;

/// Keeps each user's webhook secrets, sealed.
///
/// It refuses to open them.
///
/// Guarantees:
/// * What a call answered with `Ok` MUST be as durable as an admission is.
/// * Of two calls that replace the same secrets at the same time, one at most MUST succeed.
#[async_trait]
pub trait WebhookSecrets: Send + Sync + std::fmt::Debug {
    /// A user's secrets; `None` where it has none yet.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError>;

    /// Puts secrets in place of the expected ones, `None` where there are none yet. Answers
    /// whether it did: otherwise others are there, and nothing was changed. Where the very same
    /// secrets are there already, it did.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError>;
}
