//! Callers and their jobs on the stage of one case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::machine::{Observation, Transition, observe};
use batchway_domain::job::{Event, Job, Lane, NewJob};
use batchway_domain::ports::{
    Admission, Admitted, DueRequest, JobCommit, JobPage, JobQuery, JobStore, KeyRecord,
};
use batchway_domain::security::{ApiKey, KeyDigest};

use super::JobStoreFixture;
use crate::specimens;

/// How long [`Scene::take`] puts jobs off.
pub(crate) const LEASE: Duration = Duration::from_secs(30);

/// A fixture, and the numbers that keep its specimens apart.
pub(crate) struct Scene<'a> {
    pub(crate) fixture: &'a dyn JobStoreFixture,
    serial: AtomicU64,
}

/// Somebody with an API key.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    pub(crate) name: UserName,
    pub(crate) key: KeyDigest,
}

impl<'a> Scene<'a> {
    pub(crate) fn new(fixture: &'a dyn JobStoreFixture) -> Self {
        Self {
            fixture,
            serial: AtomicU64::new(1),
        }
    }

    /// A number that this scene has not seen.
    pub(crate) fn serial(&self) -> u64 {
        self.serial.fetch_add(1, Ordering::Relaxed)
    }

    pub(crate) fn jobs(&self) -> Arc<dyn JobStore> {
        self.fixture.jobs()
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.fixture.now()
    }

    /// A key that nobody has registered.
    pub(crate) fn unregistered(&self, name: &str) -> Caller {
        let name: UserName = name.parse().expect("a valid name");
        let mut entropy = [0; ApiKey::ENTROPY_BYTES];
        // The first bytes too: revocation tells keys apart by the start of their digest.
        entropy[..8].copy_from_slice(&self.serial().to_be_bytes());
        let key = ApiKey::new(&name, entropy).digest();
        Caller { name, key }
    }

    /// Registers a key of a user.
    pub(crate) async fn caller(&self, name: &str) -> Caller {
        let caller = self.unregistered(name);
        self.fixture
            .keys()
            .register(&self.key_record(&caller))
            .await
            .expect("a new key is registered");
        caller
    }

    pub(crate) fn key_record(&self, caller: &Caller) -> KeyRecord {
        KeyRecord {
            digest: caller.key,
            user: caller.name.clone(),
            created_at: self.now(),
            revoked_at: None,
        }
    }

    /// Revokes the key of a caller.
    pub(crate) async fn revoke(&self, caller: &Caller) {
        self.fixture
            .keys()
            .revoke(&caller.key.short(), self.now())
            .await
            .expect("a key is revoked");
    }

    /// A new job of the caller, created now.
    pub(crate) fn new_job(&self, caller: &Caller) -> NewJob {
        specimens::new_job(&caller.name, self.now(), self.serial())
    }

    /// Its admission, with nothing special about it.
    pub(crate) fn admission(&self, caller: &Caller) -> Admission {
        specimens::admission(self.new_job(caller))
    }

    pub(crate) async fn admit(&self, caller: &Caller) -> Job {
        let admitted = self.submit(caller, self.admission(caller)).await;
        assert!(
            !admitted.replayed,
            "a job without a key is always a new one"
        );
        admitted.job
    }

    pub(crate) async fn submit(&self, caller: &Caller, admission: Admission) -> Admitted {
        self.jobs()
            .admit(&caller.key, admission)
            .await
            .expect("the job is admitted")
    }

    /// Admits so many jobs, one a second, the oldest first.
    pub(crate) async fn admit_many(&self, caller: &Caller, count: usize) -> Vec<Job> {
        let mut jobs = Vec::with_capacity(count);
        for _ in 0..count {
            jobs.push(self.admit(caller).await);
            self.fixture.advance(Duration::from_secs(1));
        }
        jobs
    }

    /// What the state machine makes of an observation.
    pub(crate) fn transition(&self, job: &Job, observation: &Observation) -> Transition {
        observe(job, observation, &specimens::rules(), self.now())
            .unwrap_or_else(|| panic!("{observation:?} changes a job that is {:?}", job.state))
    }

    /// The commit of an observation, with an operation id of its own.
    pub(crate) fn commit_of(&self, job: &Job, observation: &Observation) -> JobCommit {
        let transition = self.transition(job, observation);
        JobCommit {
            job: transition.job,
            expected_version: job.version,
            operation: u128::from(self.serial()),
            events: transition.events,
        }
    }

    /// Commits what an observation makes of a job.
    pub(crate) async fn observe(&self, job: &Job, observation: Observation) -> Job {
        let commit = self.commit_of(job, &observation);
        let changed = commit.job.clone();
        self.jobs()
            .commit(commit)
            .await
            .expect("the change is committed");
        changed
    }

    /// Takes a waiting job to Submitting.
    pub(crate) async fn claim(&self, job: &Job) -> Job {
        self.observe(job, specimens::claimed(self.now())).await
    }

    /// Takes a waiting job to Submitted.
    pub(crate) async fn send(&self, job: &Job) -> Job {
        let claimed = self.claim(job).await;
        let taken = specimens::taken(&claimed);
        self.observe(&claimed, taken).await
    }

    /// Takes a waiting job to Running.
    pub(crate) async fn start(&self, job: &Job) -> Job {
        let sent = self.send(job).await;
        let running = specimens::running(&sent, self.now());
        self.observe(&sent, running).await
    }

    /// Takes a waiting job to Completed, after `ran_for` of work.
    pub(crate) async fn complete_after(&self, job: &Job, ran_for: Duration) -> Job {
        let running = self.start(job).await;
        let succeeded = specimens::succeeded(&running, self.now(), ran_for);
        self.observe(&running, succeeded).await
    }

    /// Takes a waiting job to Completed.
    pub(crate) async fn complete(&self, job: &Job) -> Job {
        self.complete_after(job, Duration::from_secs(10)).await
    }

    /// Takes a waiting job to Cancelled.
    pub(crate) async fn cancel(&self, job: &Job) -> Job {
        self.observe(job, Observation::CancelRequested).await
    }

    pub(crate) async fn load(&self, id: &JobId) -> Option<Job> {
        self.jobs().load(id).await.expect("the store is read")
    }

    pub(crate) async fn list(&self, caller: &Caller, query: &JobQuery) -> JobPage {
        self.jobs()
            .list(&caller.key, query)
            .await
            .expect("the store is read")
    }

    /// All pages of a query, joined.
    pub(crate) async fn pages(&self, caller: &Caller, query: &JobQuery) -> Vec<JobId> {
        let mut query = query.clone();
        let mut ids = Vec::new();
        loop {
            let page = self.list(caller, &query).await;
            assert!(page.jobs.len() <= query.limit, "no page is over its limit");
            ids.extend(page.jobs.into_iter().map(|job| job.id));
            let Some(next) = page.next else { return ids };
            let is_older = query.before.as_ref().is_none_or(|before| next < *before);
            assert!(is_older, "the next page begins further back: {next}");
            query.before = Some(next);
        }
    }

    /// Takes what is due, and puts it off by [`LEASE`].
    pub(crate) async fn take(&self, lane: Lane, limit: usize) -> Vec<JobId> {
        self.take_by(&due(lane, limit)).await
    }

    pub(crate) async fn take_by(&self, request: &DueRequest) -> Vec<JobId> {
        let taken = self.jobs().take_due(request).await;
        ids(&taken.expect("the store is read"))
    }

    /// All events of a user.
    pub(crate) async fn events(&self, user: &UserName) -> Vec<(u64, Event)> {
        self.jobs()
            .events_of_user(user, 0, usize::MAX)
            .await
            .expect("the store is read")
    }
}

/// A request for what is due, with a lease of [`LEASE`].
pub(crate) fn due(lane: Lane, limit: usize) -> DueRequest {
    DueRequest {
        lane,
        limit,
        lease: LEASE,
        created_before: None,
    }
}

pub(crate) fn dispatch() -> Lane {
    Lane::Dispatch(specimens::backend())
}

pub(crate) fn watch() -> Lane {
    Lane::Watch(specimens::backend())
}

pub(crate) fn ids(jobs: &[Job]) -> Vec<JobId> {
    jobs.iter().map(|job| job.id.clone()).collect()
}

/// The same, the newest first.
pub(crate) fn newest_first(jobs: &[Job]) -> Vec<JobId> {
    ids(jobs).into_iter().rev().collect()
}

/// A query without filters.
pub(crate) fn page_of(limit: usize) -> JobQuery {
    JobQuery {
        limit,
        ..JobQuery::default()
    }
}
