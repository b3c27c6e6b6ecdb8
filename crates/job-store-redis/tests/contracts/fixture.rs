//! A store to be tried by the contracts.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{
    ApiKeys, CallBudget, Clock, JobStore, MirrorBacklog, RunHistory, SweepLedger, WebhookOutbox,
    WebhookSecrets,
};
use batchway_job_store_redis::{RedisConfig, RedisJobStore, StoreTime};
use batchway_memory_adapters::{
    FailingCallBudget, FailingJobStore, FailingMirrorBacklog, FailingSweepLedger,
    FailingWebhookOutbox, FailingWebhookSecrets, ManualClock,
};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};
use batchway_port_contracts::mirror_backlog::MirrorBacklogFixture;
use batchway_port_contracts::sweep_ledger::SweepLedgerFixture;
use batchway_port_contracts::webhook_outbox::WebhookOutboxFixture;
use batchway_port_contracts::webhook_secrets::WebhookSecretsFixture;
use batchway_test_servers::{RedisCluster, RedisServer};

use super::stage::patient;

/// Every change is on the disk before it is answered.
pub(crate) const DURABLE: [&str; 4] = ["--appendonly", "yes", "--appendfsync", "always"];

/// The cluster that all cases of a process share, as it takes seconds to start; each case has a
/// namespace of its own in it.
static CLUSTER: LazyLock<RedisCluster> = LazyLock::new(|| RedisCluster::start_with(3, &DURABLE));
static NAMESPACES: AtomicUsize = AtomicUsize::new(0);

enum Servers {
    Alone(RedisServer),
    Cluster,
}

impl Servers {
    fn url(&self) -> String {
        match self {
            Self::Alone(server) => server.url(),
            Self::Cluster => CLUSTER.url(),
        }
    }

    fn kill_and_start_again(&self) {
        match self {
            Self::Alone(server) => server.start_again(),
            Self::Cluster => {
                let nodes = CLUSTER.nodes();
                nodes.iter().for_each(RedisServer::kill);
                nodes.iter().for_each(RedisServer::start_again);
                CLUSTER.wait_for_agreement();
            }
        }
    }
}

/// A store of its own in a Redis.
pub(crate) struct RedisFixture {
    behind_decorator: bool,
    servers: Servers,
    config: RedisConfig,
    clock: Arc<ManualClock>,
    store: Mutex<Arc<RedisJobStore>>,
}

impl RedisFixture {
    pub(crate) async fn open() -> Self {
        let server = RedisServer::start_with(&DURABLE);
        Self::new(Servers::Alone(server), false).await
    }

    /// The same behind a decorator that could let calls fail, and does not.
    pub(crate) async fn open_behind_decorator() -> Self {
        let server = RedisServer::start_with(&DURABLE);
        Self::new(Servers::Alone(server), true).await
    }

    pub(crate) async fn open_in_cluster() -> Self {
        Self::new(Servers::Cluster, false).await
    }

    pub(crate) async fn open_in_cluster_behind_decorator() -> Self {
        Self::new(Servers::Cluster, true).await
    }

    async fn new(servers: Servers, behind_decorator: bool) -> Self {
        let namespace = NAMESPACES.fetch_add(1, Ordering::SeqCst);
        let config = RedisConfig {
            // The same replica after each opening: it comes back rather than leaving its share
            // to others.
            replica: Some("the only one".to_owned()),
            namespace: Some(format!("case-{namespace}")),
            mirror_backlog: true,
            ..patient(&servers.url())
        };
        let clock = Arc::new(ManualClock::default());
        let store = Mutex::new(connect(&config, &clock).await);
        Self {
            behind_decorator,
            servers,
            config,
            clock,
            store,
        }
    }

    fn store(&self) -> Arc<RedisJobStore> {
        Arc::clone(&self.store.lock().unwrap())
    }
}

async fn connect(config: &RedisConfig, clock: &Arc<ManualClock>) -> Arc<RedisJobStore> {
    let time = StoreTime::Clock(clock.clone());
    Arc::new(RedisJobStore::connect(config.clone(), time).await.unwrap())
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

    /// Kills the servers, starts them again from their files, and connects anew.
    async fn reopen(&self) {
        self.servers.kill_and_start_again();
        let again = connect(&self.config, &self.clock).await;
        *self.store.lock().unwrap() = again;
    }

    fn capabilities(&self) -> JobStoreCapabilities {
        JobStoreCapabilities { durable: true }
    }
}

impl SweepLedgerFixture for RedisFixture {
    fn ledger(&self) -> Arc<dyn SweepLedger> {
        if self.behind_decorator {
            Arc::new(FailingSweepLedger::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl WebhookOutboxFixture for RedisFixture {
    fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        if self.behind_decorator {
            Arc::new(FailingWebhookOutbox::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl WebhookSecretsFixture for RedisFixture {
    fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets> {
        if self.behind_decorator {
            Arc::new(FailingWebhookSecrets::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl MirrorBacklogFixture for RedisFixture {
    fn mirror_backlog(&self) -> Arc<dyn MirrorBacklog> {
        if self.behind_decorator {
            Arc::new(FailingMirrorBacklog::new(self.store()))
        } else {
            self.store()
        }
    }
}
