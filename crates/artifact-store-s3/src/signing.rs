//! Credentials for links, whose end is known.

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use aws_sdk_s3::Client;
use aws_sdk_s3::config::{
    Credentials, IdentityCache, ProvideCredentials, SharedCredentialsProvider,
};
use aws_sdk_s3::presigning::PresigningConfig;
use batchway_domain::Timestamp;
use batchway_domain::ports::ArtifactError;
use tokio::sync::Mutex;

use crate::failure::{self, root_of};

/// S3 takes no link that is to live longer: seven days.
const MAX_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Credentials are asked for anew after so long, as the SDK does with those that never end.
const RENEWAL: Duration = Duration::from_secs(15 * 60);

/// Gives credentials whose end is known, which the SDK's own cache does not tell.
#[derive(Debug)]
pub(crate) struct LinkCredentials {
    provider: Option<SharedCredentialsProvider>,
    current: Mutex<Option<Arc<Signer>>>,
}

/// Signs with one set of credentials.
#[derive(Debug)]
pub(crate) struct Signer {
    pub(crate) client: Client,
    ends_at: Option<Timestamp>,
    taken_at: Timestamp,
}

/// A validity that S3 will grant, in whole seconds as signatures have them.
#[derive(Debug)]
pub(crate) struct Validity {
    pub(crate) expires_at: Timestamp,
    pub(crate) config: PresigningConfig,
}

impl LinkCredentials {
    pub(crate) fn new(provider: Option<SharedCredentialsProvider>) -> Self {
        Self {
            provider,
            current: Mutex::default(),
        }
    }

    /// A signer that is good at `now`: the last one, unless it is old or near its end.
    ///
    /// # Errors
    /// [`ArtifactError::Forbidden`] without credentials.
    pub(crate) async fn signer(
        &self,
        client: &Client,
        now: Timestamp,
    ) -> Result<Arc<Signer>, ArtifactError> {
        let mut current = self.current.lock().await;
        if let Some(signer) = current.as_ref().filter(|signer| signer.is_fresh(now)) {
            return Ok(Arc::clone(signer));
        }
        match self.take().await {
            Ok(credentials) => {
                let signer = Arc::new(Signer::new(client, credentials, now));
                *current = Some(Arc::clone(&signer));
                Ok(signer)
            }
            // What has not ended yet is better than nothing.
            Err(error) => match current.as_ref().filter(|signer| signer.is_alive(now)) {
                Some(signer) => Ok(Arc::clone(signer)),
                None => Err(error),
            },
        }
    }

    async fn take(&self) -> Result<Credentials, ArtifactError> {
        let Some(provider) = &self.provider else {
            return Err(ArtifactError::Forbidden {
                reason: failure::no_credentials("none were configured"),
                source: None,
            });
        };
        provider
            .provide_credentials()
            .await
            .map_err(|error| ArtifactError::Forbidden {
                reason: failure::no_credentials(&root_of(&error)),
                source: Some(error.into()),
            })
    }
}

impl Signer {
    fn new(client: &Client, credentials: Credentials, now: Timestamp) -> Self {
        let ends_at = credentials.expiry().map(in_millis);
        let config = client
            .config()
            .to_builder()
            .identity_cache(IdentityCache::no_cache())
            .credentials_provider(credentials)
            .build();
        Self {
            client: Client::from_conf(config),
            ends_at,
            taken_at: now,
        }
    }

    /// Neither old nor within [`RENEWAL`] of its end.
    fn is_fresh(&self, now: Timestamp) -> bool {
        let lives_on = self.ends_at.is_none_or(|end| end > now.plus(RENEWAL));
        lives_on && now < self.taken_at.plus(RENEWAL) && now >= self.taken_at
    }

    fn is_alive(&self, now: Timestamp) -> bool {
        self.ends_at.is_none_or(|end| end > now)
    }

    /// From `now` for as long as is asked for, as S3 grants, and as the credentials live.
    ///
    /// # Errors
    /// [`ArtifactError::Forbidden`] where that is less than a second.
    pub(crate) fn validity(
        &self,
        now: Timestamp,
        valid_for: Duration,
    ) -> Result<Validity, ArtifactError> {
        let asked = now.plus(valid_for.min(MAX_LIFE));
        let end = self.ends_at.map_or(asked, |end| end.min(asked)).as_secs();
        let start = now.as_secs();
        let seconds = u64::try_from(end - start).unwrap_or(0);
        if seconds == 0 {
            return Err(too_short(self.is_alive(now)));
        }
        let config = PresigningConfig::builder()
            .start_time(UNIX_EPOCH + Duration::from_secs(start.unsigned_abs()))
            .expires_in(Duration::from_secs(seconds))
            .build()
            .expect("it is not longer than a week");
        Ok(Validity {
            expires_at: Timestamp::from_millis(end * 1000),
            config,
        })
    }
}

fn too_short(credentials_live: bool) -> ArtifactError {
    let reason = if credentials_live {
        "a link must live for a second at least".to_owned()
    } else {
        "the credentials that would sign the link have expired; give new ones, or use a role, \
         whose credentials renew themselves"
            .to_owned()
    };
    ArtifactError::Forbidden {
        reason,
        source: None,
    }
}

fn in_millis(time: SystemTime) -> Timestamp {
    let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
    Timestamp::EPOCH.plus(since)
}
