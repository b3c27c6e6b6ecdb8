use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::Timestamp;
use crate::identity::{IdempotencyKey, JobId, JobTypeName, UserName};
use crate::job::{Event, Job, JobStatus, Lane, NewJob};
use crate::security::KeyDigest;
use crate::webhooks::Delivery;

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Keeps jobs, and decides every race about them.
///
/// It refuses to know how jobs move: that is [`crate::job::machine`]'s, and a store never looks
/// further into a record than its index needs. It refuses to run anything by itself.
///
/// Guarantees:
/// * *Durable.* What a call answered with `Ok` MUST be there after the store's process died
///   right after, within the durability that the adapter states at start.
/// * *Atomic.* Each call takes effect whole or not at all.
/// * *Idempotent.* A [`JobStore::commit`] repeated with the same operation id MUST answer as
///   it did the first time, and change nothing, as long as no other commit came between.
/// * *Checked.* Calls that take a [`KeyDigest`] MUST fail with `Unauthorized` where the key is
///   unknown or revoked, in the same step, and MUST show nobody else's jobs.
#[async_trait]
pub trait JobStore: Send + Sync + std::fmt::Debug {
    /// Whose key this is. For requests that fail before they need anything else of the store.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn authenticate(&self, key: &KeyDigest) -> Result<UserName, ReadError>;

    /// Records a job with its params, its first event, its due entry and, where there is one,
    /// its idempotency key, all at once.
    ///
    /// MUST answer a known idempotency key of the same user with the job it made, `replayed`,
    /// where the fingerprint is the same, also when limits are reached meanwhile; and with
    /// [`AdmitError::FingerprintMismatch`] where it differs. Two calls at the same time with
    /// one key MUST make one job. A key is known until its time is over, even if its job has
    /// ended, and even if it was removed: the answer then is the job as it was last.
    ///
    /// # Errors
    /// [`AdmitError`]. With any but [`AdmitError::Store`], nothing was recorded.
    async fn admit(&self, key: &KeyDigest, admission: Admission) -> Result<Admitted, AdmitError>;

    /// One of the caller's jobs; `None` for an unknown one and for someone else's.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn find(&self, key: &KeyDigest, id: &JobId) -> Result<Option<Job>, ReadError>;

    /// A page of the caller's jobs, newest first (by id). MUST cost in proportion to the page,
    /// not to the number of jobs. Pages joined MUST hold each job that existed throughout
    /// exactly once.
    ///
    /// # Errors
    /// [`ReadError`].
    async fn list(&self, key: &KeyDigest, query: &JobQuery) -> Result<JobPage, ReadError>;

    /// One job, whoever owns it. For the loops and for runners, never for callers.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn load(&self, id: &JobId) -> Result<Option<Job>, StoreError>;

    /// The params of a job, byte for byte as they were admitted.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn params(&self, id: &JobId) -> Result<Option<Arc<str>>, StoreError>;

    /// Puts a changed record in place of the one with the expected version, with its events,
    /// their deliveries ([`JobCommit::deliveries`]) and its due entry ([`Job::due`]).
    ///
    /// MUST refuse with [`CommitError::Conflict`] where the version there is another, and then
    /// change nothing. MUST number a user's events without gaps.
    ///
    /// # Errors
    /// [`CommitError`].
    async fn commit(&self, commit: JobCommit) -> Result<(), CommitError>;

    /// Takes jobs of a lane that are due by the store's clock, the longest due first, and puts
    /// each off by `lease`, so that no other replica takes it meanwhile. A hint to share work,
    /// never a right: rights come from [`JobStore::commit`].
    ///
    /// In a dispatch lane tenants MUST take turns: nobody's second job comes before another's
    /// first, and turns go on from batch to batch. A look by age ([`DueRequest::created_before`])
    /// MUST NOT count as a turn. A batch MUST NOT hold a job twice.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError>;

    /// Moves the due time of jobs, without touching their records: to look earlier, or later.
    /// A job that is not there is passed over.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError>;

    /// A user's events after the `after`th, oldest first, at most `limit`, with each its number
    /// in the user's own counting, which begins at 1.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError>;

    /// Forgets a job: record, params, index entries, due entry, events, deliveries. Only at the version
    /// that the caller has seen. Its idempotency key stays until its own time is over.
    ///
    /// # Errors
    /// [`CommitError`].
    async fn remove(&self, id: &JobId, expected_version: u64) -> Result<(), CommitError>;

    /// Whether the store can serve requests now.
    ///
    /// # Errors
    /// [`StoreError`], saying why not.
    async fn check(&self) -> Result<(), StoreError>;
}

/// What is to be recorded by [`JobStore::admit`].
#[derive(Clone, Debug)]
pub struct Admission {
    /// The job.
    pub job: NewJob,
    /// Its params: valid JSON, kept byte for byte.
    pub params: Arc<str>,
    /// The caller's key for it, where there is one.
    pub idempotency: Option<Idempotency>,
    /// The limits to hold.
    pub limits: AdmissionLimits,
}

/// A caller's promise that equal keys mean the same request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Idempotency {
    /// Belongs to the caller alone: another user's equal key is another key.
    pub key: IdempotencyKey,
    /// SHA-256 over the canonical request (RFC 8785).
    pub fingerprint: [u8; 32],
    /// How long the key is known, counted from its admission.
    pub kept_for: Duration,
}

/// Limits that admission holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdmissionLimits {
    /// The most jobs, of all users, that wait to be sent to a backend.
    pub queued: u64,
    /// The most jobs of this user that have not ended; `None` for no limit.
    pub active_of_user: Option<u64>,
}

/// What became of an admission.
#[derive(Clone, Debug, PartialEq)]
pub struct Admitted {
    /// The job that the caller's request stands for, as it is now.
    pub job: Job,
    /// It was there already, under the same idempotency key.
    pub replayed: bool,
}

/// Which of a caller's jobs. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct JobQuery {
    /// At most this many.
    pub limit: usize,
    /// Only jobs older than this one: the last of the page before.
    pub before: Option<JobId>,
    /// Only those with this status.
    pub status: Option<JobStatus>,
    /// Only those of this type.
    pub job_type: Option<JobTypeName>,
    /// Only those created after this time.
    pub created_after: Option<Timestamp>,
    /// Only those created before this time.
    pub created_before: Option<Timestamp>,
}

impl JobQuery {
    /// Between which texts the ids of the page lie: ids tell when their jobs were created, so
    /// that all conditions on time are one range.
    pub fn ids(&self) -> Range<String> {
        let start = match self.created_after {
            Some(Timestamp::MAX) => JobId::AFTER_ALL.to_owned(),
            Some(time) => JobId::lower_bound_of(time.plus(Duration::from_millis(1))),
            None => String::new(),
        };
        let page_before = self.before.as_ref().map(|id| id.as_str().to_owned());
        let created_before = self.created_before.map(JobId::lower_bound_of);
        let end = page_before.into_iter().chain(created_before).min();
        start..end.unwrap_or_else(|| JobId::AFTER_ALL.to_owned())
    }
}

/// A page of jobs.
#[derive(Clone, Debug, PartialEq)]
pub struct JobPage {
    /// Newest first.
    pub jobs: Vec<Job>,
    /// Where the next page begins, if there is one: its jobs are older than this.
    pub next: Option<JobId>,
}

/// A changed record and what goes with it.
#[derive(Clone, Debug, PartialEq)]
pub struct JobCommit {
    /// The record as it shall be; its version is `expected_version` + 1.
    pub job: Job,
    /// The version that the change was decided on.
    pub expected_version: u64,
    /// Names this change, so that its repetition is known.
    pub operation: u128,
    /// The events of the change.
    pub events: Vec<Event>,
}

impl JobCommit {
    /// What is to be delivered of the events, written in the same step.
    pub fn deliveries(&self) -> Vec<Delivery> {
        let events = self.events.iter();
        events
            .filter_map(|event| Delivery::of(&self.job, event))
            .collect()
    }
}

/// What to take by [`JobStore::take_due`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DueRequest {
    /// Which lane.
    pub lane: Lane,
    /// At most this many.
    pub limit: usize,
    /// How long the jobs are put off.
    pub lease: Duration,
    /// Only jobs created before this time, whether due or not: to find those that have waited
    /// too long. `None`: those that are due.
    pub created_before: Option<Timestamp>,
}

/// The store itself failed.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// It can't be reached or does not answer. Whether a change took effect is not known.
    #[error("the job store does not answer: {reason}")]
    Unavailable {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// It has no room for more. Nothing took effect.
    #[error("the job store is full: {reason}")]
    Full {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// What is stored can't be read: damaged, or written by a newer gateway. Nothing took effect.
    #[error("a stored record can't be read: {reason}")]
    Unreadable {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
}

impl StoreError {
    /// Whether it is certain that nothing was changed.
    pub const fn certainly_did_nothing(&self) -> bool {
        matches!(self, Self::Full { .. } | Self::Unreadable { .. })
    }
}

/// Why something is not read for a caller.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// The key is unknown or revoked.
    #[error("the API key is unknown or revoked")]
    Unauthorized,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Why a job is not admitted.
#[derive(Debug, thiserror::Error)]
pub enum AdmitError {
    /// The key is unknown or revoked.
    #[error("the API key is unknown or revoked")]
    Unauthorized,
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for a different request, which made {job}")]
    FingerprintMismatch {
        /// The job that the key stands for.
        job: JobId,
    },
    /// The user has as many jobs that have not ended as are allowed.
    #[error("the user has {limit} jobs that have not ended, which is the limit")]
    TooManyActive {
        /// The limit.
        limit: u64,
    },
    /// As many jobs wait as may.
    #[error("{limit} jobs wait to be started, which is the limit")]
    BacklogFull {
        /// The limit.
        limit: u64,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ReadError> for AdmitError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unauthorized => Self::Unauthorized,
            ReadError::Store(error) => Self::Store(error),
        }
    }
}

/// Why a change is not made.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// The record has changed meanwhile: read it and decide again.
    #[error("the job has changed meanwhile")]
    Conflict,
    /// There is no such job.
    #[error("there is no such job")]
    NotFound,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id_at(millis: i64) -> JobId {
        let shard = "00".parse().expect("a shard");
        JobId::new(Timestamp::from_millis(millis), shard, [7; 10])
    }

    fn holds(query: &JobQuery, millis: i64) -> bool {
        query.ids().contains(&id_at(millis).as_str().to_owned())
    }

    #[test]
    fn conditions_on_time_are_a_range_of_ids() {
        assert!(holds(&JobQuery::default(), 0) && holds(&JobQuery::default(), 1 << 40));
        let query = JobQuery {
            created_after: Some(Timestamp::from_millis(1000)),
            created_before: Some(Timestamp::from_millis(2000)),
            ..JobQuery::default()
        };
        let held = [1000, 1001, 1999, 2000].map(|millis| holds(&query, millis));
        assert_eq!(held, [false, true, true, false]);
        let next_page = JobQuery {
            before: Some(id_at(1500)),
            ..query
        };
        assert!(holds(&next_page, 1499) && !holds(&next_page, 1500));
    }

    #[test]
    fn nothing_is_created_after_the_end_of_time() {
        let query = JobQuery {
            created_after: Some(Timestamp::MAX),
            ..JobQuery::default()
        };
        assert!(query.ids().is_empty());
    }
}
