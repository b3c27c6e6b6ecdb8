//! A store on a server that things happen to, users, and jobs to put in.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{Shard, UserName};
use batchway_domain::job::machine::{Observation, observe};
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{
    Admission, AdmitError, Admitted, ApiKeys, CommitError, DueRequest, JobCommit, JobQuery,
    JobStore, KeyRecord,
};
use batchway_domain::security::{ApiKey, KeyDigest};
use batchway_job_store_redis::{RedisConfig, RedisJobStore, StoreTime};
use batchway_port_contracts::specimens;

/// The longest that anything may take that is waited for, on a machine that does much else.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// A store, going by the server's clock, and the numbers that keep its jobs apart.
pub(crate) struct Stage {
    pub(crate) store: Arc<RedisJobStore>,
}

static SERIALS: AtomicU64 = AtomicU64::new(1);

impl Stage {
    pub(crate) async fn at(url: &str) -> Self {
        Self::with(patient(url)).await
    }

    pub(crate) async fn with(config: RedisConfig) -> Self {
        Self::by(StoreTime::Server, config).await
    }

    pub(crate) async fn by(time: StoreTime, config: RedisConfig) -> Self {
        let store = RedisJobStore::connect(config, time).await;
        Self {
            store: Arc::new(store.unwrap()),
        }
    }

    pub(crate) async fn key_of(&self, user: &str) -> KeyDigest {
        let user: UserName = user.parse().unwrap();
        let mut entropy = [0; ApiKey::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&serial().to_be_bytes());
        let digest = ApiKey::new(&user, entropy).digest();
        let record = KeyRecord {
            digest,
            user,
            created_at: now(),
            revoked_at: None,
        };
        self.store.register(&record).await.unwrap();
        digest
    }

    pub(crate) async fn admit(&self, user: &str, key: &KeyDigest) -> Job {
        let Admitted { job, replayed } = self.try_admit(user, key).await.unwrap();
        assert!(!replayed);
        job
    }

    pub(crate) async fn try_admit(
        &self,
        user: &str,
        key: &KeyDigest,
    ) -> Result<Admitted, AdmitError> {
        self.store.admit(key, admission(user)).await
    }

    /// Moves a job by one observation and commits that.
    pub(crate) async fn observe(&self, job: &Job, observation: &Observation) -> Job {
        let commit = commit_of(job, observation);
        let changed = commit.job.clone();
        self.store.commit(commit).await.unwrap();
        changed
    }

    /// Takes a waiting job to Running.
    pub(crate) async fn start(&self, job: &Job) -> Job {
        let claimed = self.observe(job, &specimens::claimed(now())).await;
        let sent = self.observe(&claimed, &specimens::taken(&claimed)).await;
        self.observe(&sent, &specimens::running(&sent, now())).await
    }

    /// The same, each step again and again while the store does not answer.
    pub(crate) async fn start_however_often(&self, job: &Job) -> Job {
        let claimed = self.insist(job, &specimens::claimed(now())).await;
        let sent = self.insist(&claimed, &specimens::taken(&claimed)).await;
        self.insist(&sent, &specimens::running(&sent, now())).await
    }

    async fn insist(&self, job: &Job, observation: &Observation) -> Job {
        let commit = commit_of(job, observation);
        while let Err(error) = self.store.commit(commit.clone()).await {
            assert!(matches!(error, CommitError::Store(_)), "{error:?}");
        }
        commit.job
    }

    pub(crate) async fn take(&self, lane: Lane, limit: usize) -> Vec<Job> {
        self.store.take_due(&due(lane, limit)).await.unwrap()
    }

    /// Everything that a user's list holds.
    pub(crate) async fn all(&self, key: &KeyDigest) -> Vec<Job> {
        let mut query = page_of(100);
        let mut jobs = Vec::new();
        loop {
            let page = JobStore::list(&*self.store, key, &query).await;
            let page = page.unwrap();
            jobs.extend(page.jobs);
            query.before = page.next;
            if query.before.is_none() {
                return jobs;
            }
        }
    }
}

/// Waits for a server that is there however long it takes, on a machine that does much else.
pub(crate) fn patient(url: &str) -> RedisConfig {
    RedisConfig {
        command_timeout: Duration::from_secs(60),
        ..RedisConfig::from_url(url).unwrap()
    }
}

pub(crate) fn serial() -> u64 {
    SERIALS.fetch_add(1, Ordering::SeqCst)
}

/// The time of this machine, which is the servers' too.
#[expect(
    clippy::disallowed_methods,
    reason = "the servers of these tests go by this machine's clock"
)]
pub(crate) fn now() -> Timestamp {
    let since = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

pub(crate) fn admission(user: &str) -> Admission {
    let new_job = specimens::new_job(&user.parse().unwrap(), now(), serial());
    specimens::admission(new_job)
}

pub(crate) fn keyed(user: &str, key: &str) -> Admission {
    Admission {
        idempotency: Some(specimens::idempotency(key, 1)),
        ..admission(user)
    }
}

pub(crate) fn commit_of(job: &Job, observation: &Observation) -> JobCommit {
    let transition = observe(job, observation, &specimens::rules(), now()).unwrap();
    JobCommit {
        job: transition.job,
        expected_version: job.version,
        operation: u128::from(serial()),
        events: transition.events,
    }
}

pub(crate) fn dispatch() -> Lane {
    Lane::Dispatch(specimens::backend())
}

pub(crate) fn due(lane: Lane, limit: usize) -> DueRequest {
    DueRequest {
        lane,
        limit,
        lease: Duration::from_secs(300),
        created_before: None,
    }
}

pub(crate) fn page_of(limit: usize) -> JobQuery {
    JobQuery {
        limit,
        ..JobQuery::default()
    }
}

/// Names of users of so many different shards.
pub(crate) fn users_of_different_shards(count: usize) -> Vec<String> {
    let mut shards = Vec::new();
    (0..)
        .map(|number| format!("user{number}"))
        .filter(|name| {
            let shard = Shard::of_user(&name.parse().unwrap());
            let is_new = !shards.contains(&shard);
            shards.push(shard);
            is_new
        })
        .take(count)
        .collect()
}

/// Names of so many users of one shard.
pub(crate) fn users_of_one_shard(count: usize) -> Vec<String> {
    let shard = |name: &str| Shard::of_user(&name.parse().unwrap());
    let wanted = shard("user0");
    (0..)
        .map(|number| format!("user{number}"))
        .filter(|name| shard(name) == wanted)
        .take(count)
        .collect()
}

/// Asks again and again until there is an answer.
pub(crate) async fn until<T>(what: &str, mut ask: impl AsyncFnMut() -> Option<T>) -> T {
    let asking = async {
        loop {
            if let Some(answer) = ask().await {
                return answer;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let answer = tokio::time::timeout(PATIENCE, asking).await;
    answer.unwrap_or_else(|_| panic!("it did not come about that {what}"))
}
