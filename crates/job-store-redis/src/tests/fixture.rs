//! A store in a Redis of its own, and jobs to put in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use batchway_domain::identity::UserName;
use batchway_domain::job::Job;
use batchway_domain::job::machine::{Observation, observe};
use batchway_domain::ports::{Admission, ApiKeys, Clock, JobCommit, JobStore, KeyRecord};
use batchway_domain::security::{ApiKey, KeyDigest, WebhookTarget};
use batchway_domain::webhooks::Delivery;
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::specimens;
use batchway_test_servers::RedisServer;
use futures_util::future::join_all;

use crate::{RedisConfig, RedisJobStore, StoreTime};

pub(crate) struct Fixture {
    pub(crate) server: RedisServer,
    pub(crate) store: RedisJobStore,
    pub(crate) clock: Arc<ManualClock>,
    serials: AtomicU64,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        let server = RedisServer::start();
        let clock = Arc::new(ManualClock::default());
        let config = RedisConfig::from_url(&server.url()).unwrap();
        let store = RedisJobStore::connect(config, StoreTime::Clock(clock.clone())).await;
        Self {
            server,
            store: store.unwrap(),
            clock,
            serials: AtomicU64::new(1),
        }
    }

    pub(crate) async fn key_of(&self, user: &str) -> KeyDigest {
        let user: UserName = user.parse().unwrap();
        let digest = ApiKey::new(&user, [7; ApiKey::ENTROPY_BYTES]).digest();
        let record = KeyRecord {
            digest,
            user,
            created_at: self.clock.now(),
            revoked_at: None,
        };
        self.store.register(&record).await.unwrap();
        digest
    }

    fn serial(&self) -> u64 {
        self.serials.fetch_add(1, Ordering::SeqCst)
    }

    pub(crate) fn admission(&self, user: &str) -> Admission {
        let user = user.parse().unwrap();
        let mut job = specimens::new_job(&user, self.clock.now(), self.serial());
        if job.id.as_str().as_bytes()[20] % 2 == 1 {
            job.job_type = "generate_dataset".parse().unwrap();
        }
        specimens::admission(job)
    }

    pub(crate) async fn admit_many(&self, user: &str, key: &KeyDigest, count: usize) -> Vec<Job> {
        let calls = (0..count).map(|_| {
            let admission = self.admission(user);
            self.clock.advance(Duration::from_millis(1));
            self.store.admit(key, admission)
        });
        let answers = join_all(calls).await;
        answers
            .into_iter()
            .map(|answer| answer.unwrap().job)
            .collect()
    }

    /// Makes something to be told: a job that is cancelled at once.
    pub(crate) async fn post(&self, user: &str, key: &KeyDigest) -> Delivery {
        let mut admission = self.admission(user);
        let target = WebhookTarget::parse("https://hooks.example.com/jobs");
        admission.job.webhook = Some(target.unwrap());
        let job = self.store.admit(key, admission).await.unwrap().job;
        let commit = self.commit_of(&job, &Observation::CancelRequested);
        self.store.commit(commit.clone()).await.unwrap();
        commit.deliveries().remove(0)
    }

    /// Moves a job by one observation and commits that.
    pub(crate) async fn observe(&self, job: &Job, observation: &Observation) -> Job {
        let commit = self.commit_of(job, observation);
        self.store.commit(commit.clone()).await.unwrap();
        commit.job
    }

    fn commit_of(&self, job: &Job, observation: &Observation) -> JobCommit {
        let now = self.clock.now();
        let transition = observe(job, observation, &specimens::rules(), now).unwrap();
        JobCommit {
            job: transition.job,
            expected_version: job.version,
            operation: u128::from(self.serial()),
            events: transition.events,
        }
    }

    /// Takes a waiting job to Running.
    pub(crate) async fn start(&self, job: &Job) -> Job {
        let now = self.clock.now();
        let claimed = self.observe(job, &specimens::claimed(now)).await;
        let sent = self.observe(&claimed, &specimens::taken(&claimed)).await;
        self.observe(&sent, &specimens::running(&sent, now)).await
    }

    /// Puts bytes into a hash, behind the store's back.
    pub(crate) fn put(&self, hash: &str, field: &str, value: &[u8]) {
        let script = "return redis.call('HSET', KEYS[1], ARGV[1], (ARGV[2]:gsub('..', \
                      function(hex) return string.char(tonumber(hex, 16)) end)))";
        let hex: String = value.iter().map(|byte| format!("{byte:02x}")).collect();
        self.server.cli(&["EVAL", script, "1", hash, field, &hex]);
    }

    /// How often each command was called, scripts' own calls too.
    pub(crate) fn calls(&self, command: &str) -> u64 {
        let stats = self.server.cli(&["INFO", "commandstats"]);
        let prefix = format!("cmdstat_{command}:calls=");
        stats
            .lines()
            .find_map(|line| line.strip_prefix(&prefix))
            .and_then(|rest| rest.split(',').next())
            .map_or(0, |calls| calls.parse().unwrap())
    }
}
