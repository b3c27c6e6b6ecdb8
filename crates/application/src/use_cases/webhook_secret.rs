//! The secrets that a user's receivers check signatures with.

use std::time::Duration;

use batchway_domain::identity::UserName;
use batchway_domain::ports::StoreError;
use batchway_domain::webhooks::{SealedSecret, SealedSecrets, UnsealError, WebhookSecret};

use crate::Application;
use crate::lost_answers::once_more_if_lost;

/// How long a secret that was replaced signs too, so that receivers can be given the new one.
pub const FORMER_SECRET_SIGNS_FOR: Duration = Duration::from_secs(24 * 3600);

/// How often secrets that changed meanwhile are read again. Each loss means that someone else made
/// or replaced them at that moment.
const MAX_CONFLICTS: usize = 8;

impl Application {
    /// A user's present secret; made where there is none yet.
    ///
    /// # Errors
    /// [`WebhookSecretError`].
    pub async fn webhook_secret(
        &self,
        user: &UserName,
    ) -> Result<WebhookSecret, WebhookSecretError> {
        let mut signing = self.signing_webhook_secrets(user).await?;
        Ok(signing.swap_remove(0))
    }

    /// Gives a user a new secret. The one before signs too for [`FORMER_SECRET_SIGNS_FOR`]; one
    /// before that no longer does.
    ///
    /// # Errors
    /// [`WebhookSecretError::Store`], [`WebhookSecretError::KeptChanging`].
    pub async fn rotate_webhook_secret(
        &self,
        user: &UserName,
    ) -> Result<WebhookSecret, WebhookSecretError> {
        let until = self.now().plus(FORMER_SECRET_SIGNS_FOR);
        let secrets = &self.0.ports.webhooks.secrets;
        for _ in 0..MAX_CONFLICTS {
            let present = secrets.load(user).await?;
            let (secret, sealed) = self.new_webhook_secret(user);
            let next = match &present {
                Some(present) => present.rotated(sealed, until),
                None => SealedSecrets {
                    current: sealed,
                    former: None,
                },
            };
            if once_more_if_lost(|| secrets.replace(user, present.as_ref(), &next)).await? {
                return Ok(secret);
            }
        }
        Err(WebhookSecretError::KeptChanging { user: user.clone() })
    }

    /// The secrets that sign for a user now, the present one first.
    pub(crate) async fn signing_webhook_secrets(
        &self,
        user: &UserName,
    ) -> Result<Vec<WebhookSecret>, WebhookSecretError> {
        let secrets = &self.0.ports.webhooks.secrets;
        for _ in 0..MAX_CONFLICTS {
            if let Some(sealed) = secrets.load(user).await? {
                let signing = sealed.signing_at(self.now(), user, &self.settings().secrets);
                return Ok(signing?);
            }
            let (secret, current) = self.new_webhook_secret(user);
            let first = SealedSecrets {
                current,
                former: None,
            };
            if once_more_if_lost(|| secrets.replace(user, None, &first)).await? {
                return Ok(vec![secret]);
            }
        }
        Err(WebhookSecretError::KeptChanging { user: user.clone() })
    }

    fn new_webhook_secret(&self, user: &UserName) -> (WebhookSecret, SealedSecret) {
        let entropy = &self.0.ports.entropy;
        let secret = WebhookSecret::new(entropy.bytes());
        let sealed = SealedSecret::seal(&secret, user, &self.settings().secrets, entropy.bytes());
        (secret, sealed)
    }
}

/// Why a user's webhook secret can't be had.
#[derive(Debug, thiserror::Error)]
pub enum WebhookSecretError {
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It is there, and can't be opened.
    #[error(
        "{0}: start it with the former BATCHWAY_SECRET behind the new one, or rotate the secret"
    )]
    Sealed(#[from] UnsealError),
    /// Others replaced it again and again at that moment.
    #[error("the webhook secrets of {user} kept changing: try again")]
    KeptChanging {
        /// Whose they are.
        user: UserName,
    },
}
