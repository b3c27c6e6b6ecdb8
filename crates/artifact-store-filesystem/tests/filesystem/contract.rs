//! The duties of every artifact store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ArtifactError, ArtifactStore, Clock};
use batchway_domain::security::{InvalidLink, LinkMethod, LinkSigner, SigningSecrets};
use batchway_memory_adapters::{FailingArtifactStore, ManualClock};
use batchway_port_contracts::artifact_store::{
    ArtifactStoreCapabilities, ArtifactStoreFixture, Fetched,
};
use bytes::Bytes;
use tempfile::TempDir;

use crate::support::read;

struct Folder {
    clock: Arc<ManualClock>,
    signer: LinkSigner,
    truth: Arc<FilesystemArtifactStore>,
    store: Arc<dyn ArtifactStore>,
    _folder: TempDir,
}

impl Folder {
    async fn behind(
        decorate: impl FnOnce(Arc<FilesystemArtifactStore>) -> Arc<dyn ArtifactStore>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let secrets = SigningSecrets::new(vec![vec![7; 32]]).unwrap();
        let signer = LinkSigner::new(secrets, "http://127.0.0.1:8000");
        let links = Some(signer.clone());
        let truth = FilesystemArtifactStore::open(folder.path(), links, clock.clone()).unwrap();
        let truth = Arc::new(truth);
        Self {
            clock,
            signer,
            store: decorate(truth.clone()),
            truth,
            _folder: folder,
        }
    }

    /// The key that a link opens now, as the gateway finds it out.
    fn judge(&self, url: &str) -> Result<String, InvalidLink> {
        let link = url.strip_prefix("http://127.0.0.1:8000/artifacts/");
        let (path, query) = link
            .and_then(|link| link.split_once('?'))
            .ok_or(InvalidLink::Refused)?;
        let (expires, signature) = query
            .strip_prefix("expires=")
            .and_then(|query| query.split_once("&signature="))
            .ok_or(InvalidLink::Refused)?;
        let expires = expires.parse().map_err(|_| InvalidLink::Refused)?;
        let key = percent_decoded(path).ok_or(InvalidLink::Refused)?;
        let now = self.clock.now();
        let claims = self
            .signer
            .verify(LinkMethod::Get, &key, expires, signature, now)?;
        Ok(claims.key.into())
    }
}

fn percent_decoded(path: &str) -> Option<String> {
    let mut parts = path.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (hex, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(hex, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

#[async_trait]
impl ArtifactStoreFixture for Folder {
    fn store(&self) -> Arc<dyn ArtifactStore> {
        self.store.clone()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn let_pass(&self, span: Duration) {
        self.clock.advance(span);
    }

    async fn fetch(&self, url: &str) -> Fetched {
        let (status, body) = match self.judge(url) {
            Err(InvalidLink::Refused) => (403, Bytes::new()),
            Err(InvalidLink::Expired { .. }) => (410, Bytes::new()),
            Ok(key) => match read(&self.truth, &key).await {
                Ok(content) => (200, content.into()),
                Err(ArtifactError::NotFound { .. }) => (404, Bytes::new()),
                Err(error) => panic!("{error}"),
            },
        };
        Fetched {
            status,
            content_disposition: None,
            body,
        }
    }

    fn capabilities(&self) -> ArtifactStoreCapabilities {
        ArtifactStoreCapabilities {
            links_are_fetchable: true,
            links_carry_disposition: false,
            keys_can_nest: false,
            creates_are_atomic: true,
        }
    }
}

mod plain {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(Folder::behind(|store| store));
}

mod behind_the_failure_decorator {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(Folder::behind(|store| Arc::new(
        FailingArtifactStore::new(store)
    )));
}
