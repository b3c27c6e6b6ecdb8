//! A store to be tried by the contracts.

use std::path::PathBuf;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ApiKeys, Clock, JobStore, RunHistory};
use batchway_job_store_sqlite::SqliteJobStore;
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl ManualClock {
    /// Shows some point in time.
    pub(crate) const fn new() -> Self {
        Self(AtomicI64::new(1_772_366_400_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// A store in a folder of its own.
pub(crate) struct SqliteFixture {
    folder: tempfile::TempDir,
    clock: Arc<ManualClock>,
    store: Mutex<Arc<SqliteJobStore>>,
    openings: AtomicUsize,
}

impl SqliteFixture {
    pub(crate) async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = Arc::new(ManualClock::new());
        let store = SqliteJobStore::open(folder.path().join("jobs-0"), clock.clone()).unwrap();
        Self {
            folder,
            clock,
            store: Mutex::new(Arc::new(store)),
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

#[async_trait]
impl JobStoreFixture for SqliteFixture {
    fn jobs(&self) -> Arc<dyn JobStore> {
        self.store()
    }

    fn keys(&self) -> Arc<dyn ApiKeys> {
        self.store()
    }

    fn runs(&self) -> Arc<dyn RunHistory> {
        self.store()
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        let millis = i64::try_from(by.as_millis()).unwrap();
        self.clock.0.fetch_add(millis, Ordering::SeqCst);
    }

    /// Opens a copy of the files as they are while the store is still open: what a process that
    /// dies now leaves behind, its log not yet in the main file.
    async fn reopen(&self) {
        let opening = self.openings.fetch_add(1, Ordering::SeqCst);
        for suffix in ["", "-wal"] {
            std::fs::copy(self.file(opening, suffix), self.file(opening + 1, suffix)).unwrap();
        }
        let again = SqliteJobStore::open(self.file(opening + 1, ""), self.clock.clone()).unwrap();
        *self.store.lock().unwrap() = Arc::new(again);
    }

    fn capabilities(&self) -> JobStoreCapabilities {
        JobStoreCapabilities { durable: true }
    }
}
