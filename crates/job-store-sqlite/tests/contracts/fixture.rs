//! A store to be tried by the contracts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{
    ApiKeys, CallBudget, Clock, JobStore, MirrorBacklog, RunHistory, SweepLedger, WebhookOutbox,
    WebhookSecrets,
};
use batchway_job_store_sqlite::SqliteJobStore;
use batchway_memory_adapters::{
    FailingCallBudget, FailingJobStore, FailingMirrorBacklog, FailingSweepLedger,
    FailingWebhookOutbox, FailingWebhookSecrets, ManualClock,
};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};
use batchway_port_contracts::mirror_backlog::MirrorBacklogFixture;
use batchway_port_contracts::sweep_ledger::SweepLedgerFixture;
use batchway_port_contracts::webhook_outbox::WebhookOutboxFixture;
use batchway_port_contracts::webhook_secrets::WebhookSecretsFixture;

/// A store in a folder of its own.
pub(crate) struct SqliteFixture {
    behind_decorator: bool,
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Mutex<Arc<SqliteJobStore>>,
    openings: AtomicUsize,
}

impl SqliteFixture {
    pub(crate) async fn open() -> Self {
        Self::new(false)
    }

    /// The same behind a decorator that could let calls fail, and does not.
    pub(crate) async fn open_behind_decorator() -> Self {
        Self::new(true)
    }

    fn new(behind_decorator: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::default());
        let store = open(folder.path().join("jobs-0"), &clock);
        Self {
            behind_decorator,
            folder,
            clock,
            store: Mutex::new(store),
            openings: AtomicUsize::new(0),
        }
    }

    fn store(&self) -> Arc<SqliteJobStore> {
        Arc::clone(&self.store.lock().unwrap())
    }

    fn file(&self, opening: usize, suffix: &str) -> PathBuf {
        self.folder.path().join(format!("jobs-{opening}{suffix}"))
    }
}

fn open(file: PathBuf, clock: &Arc<ManualClock>) -> Arc<SqliteJobStore> {
    let store = SqliteJobStore::open(file, clock.clone()).unwrap();
    Arc::new(store.with_mirror_backlog())
}

#[async_trait]
impl JobStoreFixture for SqliteFixture {
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

    /// Opens a copy of the files as they are while the store is still open: what a process that
    /// dies now leaves behind, its log not yet in the main file.
    async fn reopen(&self) {
        let opening = self.openings.fetch_add(1, Ordering::SeqCst);
        for suffix in ["", "-wal"] {
            std::fs::copy(self.file(opening, suffix), self.file(opening + 1, suffix)).unwrap();
        }
        let again = open(self.file(opening + 1, ""), &self.clock);
        *self.store.lock().unwrap() = again;
    }

    fn capabilities(&self) -> JobStoreCapabilities {
        JobStoreCapabilities { durable: true }
    }
}

impl SweepLedgerFixture for SqliteFixture {
    fn ledger(&self) -> Arc<dyn SweepLedger> {
        if self.behind_decorator {
            Arc::new(FailingSweepLedger::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl WebhookOutboxFixture for SqliteFixture {
    fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        if self.behind_decorator {
            Arc::new(FailingWebhookOutbox::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl WebhookSecretsFixture for SqliteFixture {
    fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets> {
        if self.behind_decorator {
            Arc::new(FailingWebhookSecrets::new(self.store()))
        } else {
            self.store()
        }
    }
}

impl MirrorBacklogFixture for SqliteFixture {
    fn mirror_backlog(&self) -> Arc<dyn MirrorBacklog> {
        if self.behind_decorator {
            Arc::new(FailingMirrorBacklog::new(self.store()))
        } else {
            self.store()
        }
    }
}
