//! What a job left.

use std::collections::BTreeMap;

use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{ArtifactMetadata, Disposition, Link};
use batchway_domain::security::KeyDigest;

use crate::{Application, RequestError};

/// Every artifact of a job.
#[derive(Clone, Debug, PartialEq)]
pub struct ArtifactList {
    /// The job.
    pub job_id: JobId,
    /// In the order of their keys.
    pub artifacts: Vec<ListedArtifact>,
}

/// One artifact and a link to it.
#[derive(Clone, Debug, PartialEq)]
pub struct ListedArtifact {
    /// What it is.
    pub metadata: ArtifactMetadata,
    /// SHA-256 of what the runner stored, in lower-case hex. `None` where no manifest says.
    pub sha256: Option<String>,
    /// Where it can be fetched.
    pub link: Link,
}

type Named = BTreeMap<String, Option<String>>;

impl Application {
    /// All artifacts of a job. Once it has ended and left a manifest, those that the manifest
    /// names; otherwise what is there, perhaps nothing.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`]; [`RequestError::ArtifactStoreUnavailable`].
    pub async fn list_artifacts(
        &self,
        key: &KeyDigest,
        id: &str,
    ) -> Result<ArtifactList, RequestError> {
        let job = self.find_own(key, id).await?;
        let folder = job.folder();
        let named = self.named_by_manifest(&job).await?;
        let mut artifacts = Vec::new();
        for metadata in self.artifacts().list(&folder.prefix()).await? {
            let Some(name) = folder.name_of(&metadata.key) else {
                continue;
            };
            let sha256 = match &named {
                Some(named) => match named.get(name) {
                    Some(checksum) => checksum.clone(),
                    None => continue,
                },
                None => None,
            };
            artifacts.push(ListedArtifact {
                link: self.link_to_show(&metadata).await?,
                metadata,
                sha256,
            });
        }
        Ok(ArtifactList {
            job_id: job.id,
            artifacts,
        })
    }

    /// The names of all results, each with its checksum.
    async fn named_by_manifest(&self, job: &Job) -> Result<Option<Named>, RequestError> {
        if !job.status().is_terminal() || !self.rules_of(job).gated {
            return Ok(None);
        }
        let manifest = self.read_manifest(job).await?;
        Ok(manifest.map(|manifest| {
            manifest
                .objects
                .into_iter()
                .map(|object| {
                    let checksum = object.checksum().map(str::to_owned);
                    (object.name, checksum)
                })
                .collect()
        }))
    }

    async fn link_to_show(&self, metadata: &ArtifactMetadata) -> Result<Link, RequestError> {
        let ttl = self.settings().link_ttl;
        Ok(self
            .artifacts()
            .link(&metadata.key, ttl, Disposition::Inline)
            .await?)
    }
}
