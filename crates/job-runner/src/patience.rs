//! How often something outside is tried before it counts as unreachable.

use std::time::Duration;

use batchway_domain::ports::ArtifactError;

/// A number of attempts, with pauses that double.
#[derive(Clone, Copy, Debug)]
pub struct Patience {
    /// At least 1.
    pub attempts: u32,
    /// Before the second attempt; then twice as long each time.
    pub first_pause: Duration,
}

impl Default for Patience {
    /// Half a minute: long enough for a store that restarts.
    fn default() -> Self {
        Self {
            attempts: 6,
            first_pause: Duration::from_secs(1),
        }
    }
}

impl Patience {
    /// Acts until it succeeds, fails for good, or the attempts are used up.
    ///
    /// # Errors
    /// The last one.
    pub async fn exercise<T>(
        &self,
        mut act: impl AsyncFnMut() -> Result<T, ArtifactError>,
    ) -> Result<T, ArtifactError> {
        let mut pause = self.first_pause;
        for _ in 1..self.attempts {
            match act().await {
                Err(ArtifactError::Unavailable { .. }) => {
                    tokio::time::sleep(pause).await;
                    pause *= 2;
                }
                settled => return settled,
            }
        }
        act().await
    }
}
