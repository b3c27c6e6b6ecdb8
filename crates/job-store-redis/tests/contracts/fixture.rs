//! A store to be tried by the contracts.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ApiKeys, CallBudget, Clock, JobStore, RunHistory};
use batchway_job_store_redis::{RedisConfig, RedisJobStore, StoreTime};
use batchway_memory_adapters::{FailingCallBudget, FailingJobStore, ManualClock};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};
use batchway_test_servers::RedisServer;

/// Every change is on the disk before it is answered.
pub(crate) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// A store in a Redis of its own.
pub(crate) struct RedisFixture {
    behind_decorator: bool,
    server: RedisServer,
    clock: Arc<ManualClock>,
    store: Mutex<Arc<RedisJobStore>>,
}

impl RedisFixture {
    pub(crate) async fn open() -> Self {
        Self::new(false).await
    }

    /// The same behind a decorator that could let calls fail, and does not.
    pub(crate) async fn open_behind_decorator() -> Self {
        Self::new(true).await
    }

    async fn new(behind_decorator: bool) -> Self {
        let server = RedisServer::start_with(&DURABLE);
        let clock = Arc::new(ManualClock::default());
        let store = Mutex::new(connect(&server, &clock).await);
        Self {
            behind_decorator,
            server,
            clock,
            store,
        }
    }

    fn store(&self) -> Arc<RedisJobStore> {
        Arc::clone(&self.store.lock().unwrap())
    }
}

/// The same replica each time: it comes back rather than leaving its share to others.
async fn connect(server: &RedisServer, clock: &Arc<ManualClock>) -> Arc<RedisJobStore> {
    let config = RedisConfig {
        replica: Some("the only one".to_owned()),
        ..RedisConfig::from_url(&server.url()).unwrap()
    };
    let time = StoreTime::Clock(clock.clone());
    Arc::new(RedisJobStore::connect(config, time).await.unwrap())
}

#[async_trait]
impl JobStoreFixture for RedisFixture {
    fn jobs(&self) -> Arc<dyn JobStore> {
        if self.behind_decorator {
            Arc::new(FailingJobStore::new(self.store()))
        } else {
            self.store()
        }
    }

    fn keys(&self) -> Arc<dyn ApiKeys> {
        self.store()
    }

    fn runs(&self) -> Arc<dyn RunHistory> {
        self.store()
    }

    fn budget(&self) -> Arc<dyn CallBudget> {
        if self.behind_decorator {
            Arc::new(FailingCallBudget::new(self.store()))
        } else {
            self.store()
        }
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    /// Kills the server, starts it again from its files, and connects anew.
    async fn reopen(&self) {
        self.server.kill();
        self.server.start_again();
        let again = connect(&self.server, &self.clock).await;
        *self.store.lock().unwrap() = again;
    }

    fn capabilities(&self) -> JobStoreCapabilities {
        JobStoreCapabilities { durable: true }
    }
}
