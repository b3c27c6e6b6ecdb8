//! A store in a folder of its own, a clock that is set by hand, and jobs to put in.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batchway_domain::identity::UserName;
use batchway_domain::job::Job;
use batchway_domain::job::machine::{self, Observation, Transition};
use batchway_domain::ports::{
    Admission, Admitted, ApiKeys, Clock, CommitError, JobCommit, JobStore, KeyRecord,
};
use batchway_domain::security::{ApiKey, KeyDigest, WebhookTarget};
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::specimens;

use crate::SqliteJobStore;

pub(crate) struct Fixture {
    pub(crate) store: SqliteJobStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) path: PathBuf,
    pub(crate) folder: tempfile::TempDir,
    serials: AtomicU64,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.sqlite");
        let clock = Arc::new(ManualClock::default());
        let store = SqliteJobStore::open(&path, clock.clone()).unwrap();
        Self {
            store,
            clock,
            path,
            folder,
            serials: AtomicU64::new(0),
        }
    }

    pub(crate) fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.path).unwrap()
    }

    fn serial(&self) -> u64 {
        self.serials.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) async fn key_of(&self, user: &str) -> KeyDigest {
        let user: UserName = user.parse().unwrap();
        let mut entropy = [0; ApiKey::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&self.serial().to_be_bytes());
        let digest = ApiKey::new(&user, entropy).digest();
        let record = KeyRecord {
            digest,
            user,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        self.store.register(&record).await.unwrap();
        digest
    }

    /// An ordinary job. Whose it will be is for the key to say that admits it.
    pub(crate) fn admission(&self) -> Admission {
        let shard_of = "ann".parse().unwrap();
        specimens::admission(specimens::new_job(
            &shard_of,
            self.clock.now(),
            self.serial(),
        ))
    }

    pub(crate) async fn admit(&self, key: &KeyDigest) -> Job {
        let admission = self.admission();
        let Admitted { job, replayed } = self.store.admit(key, admission).await.unwrap();
        assert!(!replayed);
        job
    }

    pub(crate) async fn admit_with_webhook(&self, key: &KeyDigest, url: &str) -> Job {
        let mut admission = self.admission();
        admission.job.webhook = Some(WebhookTarget::parse(url).unwrap());
        self.store.admit(key, admission).await.unwrap().job
    }

    /// Moves a job by one observation and commits that.
    pub(crate) async fn observe(&self, job: &Job, observation: Observation) -> Job {
        let transition = self.transition(job, &observation);
        self.commit(job, &transition).await.unwrap();
        transition.job
    }

    pub(crate) fn transition(&self, job: &Job, observation: &Observation) -> Transition {
        machine::observe(job, observation, &specimens::rules(), self.clock.now()).unwrap()
    }

    pub(crate) async fn commit(
        &self,
        before: &Job,
        transition: &Transition,
    ) -> Result<(), CommitError> {
        let operation = u128::from(self.serial());
        self.store
            .commit(JobCommit {
                job: transition.job.clone(),
                expected_version: before.version,
                operation,
                events: transition.events.clone(),
            })
            .await
    }
}
