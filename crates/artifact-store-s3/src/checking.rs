//! Whether the bucket can be used.

use batchway_domain::ports::ArtifactError;

use crate::bucket::Bucket;
use crate::refusal;

impl Bucket {
    pub(crate) async fn check(&self) -> Result<(), ArtifactError> {
        let request = self.about_itself("s3:ListBucket");
        let head = self.client.head_bucket().bucket(&self.name).send().await;
        match head {
            Ok(_) => self.compare_clocks(),
            Err(error) if error.raw_response().is_none() => Err(self.error(error, &request)),
            // A reply to HEAD has no body, and so no reason. A list needs the same right.
            Err(_) => {
                let list = self.client.list_objects_v2().bucket(&self.name);
                match list.max_keys(1).send().await {
                    Ok(_) => self.compare_clocks(),
                    Err(error) => Err(self.error(error, &request)),
                }
            }
        }
    }

    /// The SDK signs by the server's clock once it has seen it, but links are signed before
    /// anything is seen, and say an end that others go by.
    fn compare_clocks(&self) -> Result<(), ArtifactError> {
        let lead = self.server_clock.lead();
        if lead.is_tolerable() {
            return Ok(());
        }
        Err(ArtifactError::Forbidden {
            reason: refusal::clock_off(lead),
            source: None,
        })
    }
}
