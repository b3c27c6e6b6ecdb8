//! Deciding who is first.

use std::time::Duration;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, Created};
use bytes::Bytes;

use crate::bucket::Bucket;
use crate::connection;
use crate::refusal::Meaning;

/// So often is a create sent, where the server says each time that it did nothing.
const ATTEMPTS: u32 = 8;

/// Before the second; then twice as long each time: six seconds in all.
const PAUSE: Duration = Duration::from_millis(50);

impl Bucket {
    /// Creates an object twice, which must succeed once, and removes it.
    pub(crate) async fn prove_creation(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        self.delete(key).await?;
        let first = self.create(key, Bytes::new()).await?;
        let second = self.create(key, Bytes::new()).await?;
        self.delete(key).await?;
        if (first, second) == (Created::Won, Created::AlreadyThere) {
            return Ok(());
        }
        Err(ArtifactError::Forbidden {
            reason: format!(
                "the server does not heed If-None-Match ({first:?}, then {second:?}), without \
                 which two copies of a job can't be told apart; use a server or a version that \
                 supports conditional writes"
            ),
            source: None,
        })
    }

    /// The SDK must not repeat this by itself: after a lost reply the second sending would find
    /// the object of the first, and the winner would be told that it lost. So each is sent once,
    /// and again only where the server said that nothing came of it.
    pub(crate) async fn create(
        &self,
        key: &ArtifactKey,
        content: Bytes,
    ) -> Result<Created, ArtifactError> {
        let request = self.about("s3:PutObject", key);
        let mut pause = PAUSE;
        let mut attempt = 1;
        loop {
            let sent = self
                .client
                .put_object()
                .bucket(&self.name)
                .key(key.as_str())
                .if_none_match("*")
                .body(content.clone().into())
                .customize()
                .config_override(connection::once())
                .send()
                .await;
            let failure = match sent {
                Ok(_) => return Ok(Created::Won),
                Err(error) => self.failure(error, &request),
            };
            match failure.meaning {
                Meaning::ConditionFailed => return Ok(Created::AlreadyThere),
                // The SDK signs by the server's clock once it has seen it.
                Meaning::NotNow(_) | Meaning::ClockOff(_) if attempt < ATTEMPTS => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                    attempt += 1;
                }
                _ => return Err(failure.into_error(&request)),
            }
        }
    }
}
