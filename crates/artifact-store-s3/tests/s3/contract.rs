//! The duties of every artifact store.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_artifact_store_s3::S3ArtifactStore;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_memory_adapters::FailingArtifactStore;
use batchway_port_contracts::artifact_store::{
    ArtifactStoreCapabilities, ArtifactStoreFixture, Fetched,
};

use crate::checking_server::CheckingServer;
use crate::links::fetch;
use crate::moto::MotoBucket;
use crate::stores::{SystemClock, store_on};

struct Bucket {
    store: Arc<dyn ArtifactStore>,
    /// What moto lacks: it opens any link, changed or expired, so that what it answers under
    /// links proves nothing, and it asks whether an object is there before it writes it, with
    /// time for others in between.
    is_strict: bool,
}

#[async_trait]
impl ArtifactStoreFixture for Bucket {
    fn store(&self) -> Arc<dyn ArtifactStore> {
        Arc::clone(&self.store)
    }

    fn now(&self) -> Timestamp {
        SystemClock.now()
    }

    async fn let_pass(&self, span: Duration) {
        // The server goes by the time of day, which nobody can set.
        tokio::time::sleep(span).await;
    }

    async fn fetch(&self, url: &str) -> Fetched {
        fetch(url).await
    }

    fn capabilities(&self) -> ArtifactStoreCapabilities {
        ArtifactStoreCapabilities {
            links_are_fetchable: self.is_strict,
            links_carry_disposition: true,
            keys_can_nest: true,
            creates_are_atomic: self.is_strict,
        }
    }
}

/// The store behind what fails on request, and fails nothing.
fn decorated(store: S3ArtifactStore) -> Arc<dyn ArtifactStore> {
    Arc::new(FailingArtifactStore::new(Arc::new(store)))
}

fn plain(store: S3ArtifactStore) -> Arc<dyn ArtifactStore> {
    Arc::new(store)
}

mod on_a_server_that_checks_signatures {
    use super::*;

    async fn bucket(decorate: fn(S3ArtifactStore) -> Arc<dyn ArtifactStore>) -> Bucket {
        let server = CheckingServer::start().await;
        Bucket {
            store: decorate(store_on(&server)),
            is_strict: true,
        }
    }

    mod plain {
        use super::*;
        batchway_port_contracts::artifact_store_contract!(bucket(super::super::plain));
    }

    mod behind_the_failure_decorator {
        use super::*;
        batchway_port_contracts::artifact_store_contract!(bucket(decorated));
    }
}

mod on_moto {
    use super::*;

    async fn bucket(decorate: fn(S3ArtifactStore) -> Arc<dyn ArtifactStore>) -> Bucket {
        Bucket {
            store: decorate(MotoBucket::create().await.store()),
            is_strict: false,
        }
    }

    mod plain {
        use super::*;
        batchway_port_contracts::artifact_store_contract!(bucket(super::super::plain));
    }

    mod behind_the_failure_decorator {
        use super::*;
        batchway_port_contracts::artifact_store_contract!(bucket(decorated));
    }
}
