//! A store in a folder of its own, a clock that is set by hand, and jobs to put in.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, Shard, UserName};
use batchway_domain::job::machine::{self, Observation, Transition};
use batchway_domain::job::{
    Backoff, Job, NewJob, Pace, RequestHash, RetryPolicy, Rules, Settlement,
};
use batchway_domain::ports::{
    Admission, AdmissionLimits, Admitted, ApiKeys, Clock, CommitError, JobCommit, JobStore,
    KeyRecord,
};
use batchway_domain::security::{ApiKey, KeyDigest};

use crate::SqliteJobStore;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub(crate) struct ManualClock(AtomicI64);

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

impl ManualClock {
    pub(crate) fn advance(&self, span: Duration) {
        let millis = i64::try_from(span.as_millis()).unwrap();
        self.0.fetch_add(millis, Ordering::SeqCst);
    }
}

pub(crate) struct Fixture {
    pub(crate) store: SqliteJobStore,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) path: PathBuf,
    pub(crate) folder: tempfile::TempDir,
    ids: AtomicU64,
}

impl Fixture {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("jobs.sqlite");
        let clock = Arc::new(ManualClock(AtomicI64::new(1_772_366_400_000)));
        let store = SqliteJobStore::open(&path, clock.clone()).unwrap();
        Self {
            store,
            clock,
            path,
            folder,
            ids: AtomicU64::new(0),
        }
    }

    pub(crate) fn connection(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(&self.path).unwrap()
    }

    pub(crate) async fn key_of(&self, user: &str) -> KeyDigest {
        let user: UserName = user.parse().unwrap();
        let mut entropy = [0; ApiKey::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes());
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

    pub(crate) fn admission(&self, shard: Shard) -> Admission {
        let mut entropy = [0; JobId::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&self.ids.fetch_add(1, Ordering::SeqCst).to_be_bytes());
        Admission {
            job: NewJob {
                id: JobId::new(self.clock.now(), shard, entropy),
                environment: "test".parse().unwrap(),
                job_type: "run_simulation".parse().unwrap(),
                backend: "process".parse().unwrap(),
                work: 50_000.0,
                estimated_seconds: 60,
                webhook: None,
                request_hash: RequestHash("ab".repeat(32)),
            },
            params: r#"{"simulation_config": {"mode": "open_chemistry"}}"#.into(),
            idempotency: None,
            limits: AdmissionLimits {
                queued: 1_000_000,
                active_of_user: None,
            },
        }
    }

    pub(crate) async fn admit(&self, key: &KeyDigest) -> Job {
        let admission = self.admission(key.shard);
        let Admitted { job, replayed } = self.store.admit(key, admission).await.unwrap();
        assert!(!replayed);
        job
    }

    /// Moves a job by one observation and commits that.
    pub(crate) async fn observe(&self, job: &Job, observation: Observation) -> Job {
        let transition = self.transition(job, &observation);
        self.commit(job, &transition).await.unwrap();
        transition.job
    }

    pub(crate) fn transition(&self, job: &Job, observation: &Observation) -> Transition {
        machine::observe(job, observation, &rules(), self.clock.now()).unwrap()
    }

    pub(crate) async fn commit(
        &self,
        before: &Job,
        transition: &Transition,
    ) -> Result<(), CommitError> {
        let operation = u128::from(self.ids.fetch_add(1, Ordering::SeqCst));
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

pub(crate) fn rules() -> Rules {
    Rules {
        gated: true,
        settlement: Settlement::Authoritative,
        tries: RetryPolicy::standard(),
        backoff: Backoff {
            first: Duration::from_secs(1),
            longest: Duration::from_secs(60),
        },
        max_queue_time: None,
        pace: Pace {
            shortest: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        },
        retention: Duration::from_secs(90 * 24 * 3600),
    }
}
