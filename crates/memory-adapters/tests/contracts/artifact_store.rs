//! The artifact store in memory.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ArtifactStore, Clock};
use batchway_domain::security::InvalidLink;
use batchway_memory_adapters::{
    ArtifactStoreCall, FailingArtifactStore, Fault, ManualClock, MemoryArtifactStore,
};
use batchway_port_contracts::artifact_store::{
    ArtifactStoreCapabilities, ArtifactStoreFixture, Fetched,
};
use bytes::Bytes;

use crate::retrying::RetryingArtifactStore;

struct Fixture {
    clock: Arc<ManualClock>,
    truth: Arc<MemoryArtifactStore>,
    store: Arc<dyn ArtifactStore>,
}

#[async_trait]
impl ArtifactStoreFixture for Fixture {
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
        let (status, body) = match self.truth.follow(url) {
            Ok(Some(content)) => (200, content),
            Ok(None) => (404, Bytes::new()),
            Err(InvalidLink::Refused) => (403, Bytes::new()),
            Err(InvalidLink::Expired { .. }) => (410, Bytes::new()),
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
            keys_can_nest: true,
            creates_are_atomic: true,
        }
    }
}

async fn behind(
    decorate: impl FnOnce(Arc<MemoryArtifactStore>) -> Arc<dyn ArtifactStore>,
) -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let truth = Arc::new(MemoryArtifactStore::new(clock.clone()));
    Fixture {
        clock,
        store: decorate(truth.clone()),
        truth,
    }
}

fn failing(
    store: Arc<MemoryArtifactStore>,
    fault: Fault,
    calls: &[ArtifactStoreCall],
) -> Arc<dyn ArtifactStore> {
    let failing = FailingArtifactStore::new(store);
    for call in calls {
        failing.faults().fail_every_other(*call, fault);
    }
    Arc::new(RetryingArtifactStore(failing))
}

/// Calls whose repetition after an unknown effect answers as the first would have: all but
/// `create`, whose winner would find its own object there.
const REPEATABLE: [ArtifactStoreCall; 7] = [
    ArtifactStoreCall::Put,
    ArtifactStoreCall::Metadata,
    ArtifactStoreCall::Read,
    ArtifactStoreCall::List,
    ArtifactStoreCall::Delete,
    ArtifactStoreCall::Link,
    ArtifactStoreCall::Check,
];

mod plain {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(behind(|store| store));
}

mod behind_idle_decorator {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(behind(|store| Arc::new(
        FailingArtifactStore::new(store)
    )));
}

mod declined_and_tried_again {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(behind(|store| failing(
        store,
        Fault::Declined,
        &ArtifactStoreCall::ALL
    )));
}

mod request_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(behind(|store| failing(
        store,
        Fault::RequestLost,
        &ArtifactStoreCall::ALL
    )));
}

mod reply_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::artifact_store_contract!(behind(|store| failing(
        store,
        Fault::ReplyLost,
        &REPEATABLE
    )));
}
