//! A store of webhook secrets that fails on request.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{StoreError, WebhookSecrets};
use batchway_domain::webhooks::SealedSecrets;

use super::{Faults, store_error};

/// The calls of a [`WebhookSecrets`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum WebhookSecretsCall {
    Load,
    Replace,
}

impl WebhookSecretsCall {
    /// Every call.
    pub const ALL: [Self; 2] = [Self::Load, Self::Replace];
}

/// A store of webhook secrets before which calls fail as its [`Faults`] say, with the errors of
/// [`FailingJobStore`](super::FailingJobStore).
#[derive(Debug)]
pub struct FailingWebhookSecrets {
    inner: Arc<dyn WebhookSecrets>,
    faults: Faults<WebhookSecretsCall>,
}

impl FailingWebhookSecrets {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn WebhookSecrets>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<WebhookSecretsCall> {
        &self.faults
    }
}

#[async_trait]
impl WebhookSecrets for FailingWebhookSecrets {
    async fn load(&self, user: &UserName) -> Result<Option<SealedSecrets>, StoreError> {
        let work = self.inner.load(user);
        self.faults
            .around(WebhookSecretsCall::Load, work, store_error)
            .await
    }

    async fn replace(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        let work = self.inner.replace(user, expected, new);
        self.faults
            .around(WebhookSecretsCall::Replace, work, store_error)
            .await
    }
}
