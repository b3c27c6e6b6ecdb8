//! What is kept, and the few steps by which it changes.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::identity::{IdempotencyKey, JobId, UserName};
use batchway_domain::job::{Event, Job, Lane};
use batchway_domain::ports::{CommitError, JobCommit, KeyRecord, TokenBuckets};
use batchway_domain::webhooks::SealedSecrets;

use super::deliveries::Deliveries;
use super::mirror_backlog::Behind;
use super::sweeps::Sweeps;

/// Everything in the store.
#[derive(Clone, Default)]
pub(super) struct Contents {
    /// In the order of registration.
    pub(super) keys: Vec<KeyRecord>,
    pub(super) jobs: BTreeMap<JobId, KeptJob>,
    pub(super) tenants: HashMap<UserName, Tenant>,
    pub(super) idempotency: HashMap<(UserName, IdempotencyKey), KeptKey>,
    /// How many jobs wait to be sent, of all tenants.
    pub(super) waiting: u64,
    /// How many turns have been taken in dispatch lanes.
    pub(super) turns: u64,
    pub(super) call_buckets: TokenBuckets,
    pub(super) sweeps: Sweeps,
    pub(super) deliveries: Deliveries,
    pub(super) webhook_secrets: HashMap<UserName, SealedSecrets>,
    pub(super) behind: Behind,
}

/// A job and what goes with it.
#[derive(Clone)]
pub(super) struct KeptJob {
    pub(super) job: Job,
    pub(super) params: Arc<str>,
    /// When it is looked at next: as its record says, or as it was put off since.
    pub(super) due_at: Timestamp,
    /// The change that made this version.
    pub(super) operation: Option<u128>,
}

/// What belongs to one user.
#[derive(Clone, Default)]
pub(super) struct Tenant {
    pub(super) jobs: BTreeSet<JobId>,
    /// By their numbers in the user's own counting.
    pub(super) events: BTreeMap<u64, Event>,
    /// The last number given, which stays when its event is forgotten.
    pub(super) last_number: u64,
    /// How many jobs have not ended.
    pub(super) active: u64,
    /// The turn at which a job of this tenant was taken last.
    pub(super) last_turn: u64,
}

/// What an idempotency key stands for.
#[derive(Clone)]
pub(super) struct KeptKey {
    pub(super) fingerprint: [u8; 32],
    pub(super) job: JobId,
    /// The job as it was last, once it has been removed.
    pub(super) removed: Option<Job>,
    pub(super) expires_at: Timestamp,
}

impl Contents {
    pub(super) fn job(&self, id: &JobId) -> Option<&Job> {
        self.jobs.get(id).map(|kept| &kept.job)
    }

    pub(super) fn insert(&mut self, job: Job, params: Arc<str>, events: Vec<Event>) {
        self.count_in(&job);
        self.number(&job.user, events);
        self.tenant(&job.user).jobs.insert(job.id.clone());
        let kept = KeptJob {
            due_at: job.due().at,
            params,
            operation: None,
            job,
        };
        self.jobs.insert(kept.job.id.clone(), kept);
    }

    pub(super) fn commit(&mut self, commit: JobCommit, now: Timestamp) -> Result<(), CommitError> {
        let deliveries = commit.deliveries();
        let JobCommit {
            job,
            expected_version,
            operation,
            events,
        } = commit;
        let kept = self.jobs.get_mut(&job.id).ok_or(CommitError::NotFound)?;
        if kept.operation == Some(operation) && kept.job.version == job.version {
            return Ok(());
        }
        if kept.job.version != expected_version {
            return Err(CommitError::Conflict);
        }
        kept.due_at = job.due().at;
        kept.operation = Some(operation);
        let before = std::mem::replace(&mut kept.job, job.clone());
        self.count_out(&before);
        self.count_in(&job);
        self.number(&job.user, events);
        self.deliveries.write(deliveries);
        self.behind.enter(&job.id, now);
        Ok(())
    }

    pub(super) fn remove(&mut self, id: &JobId, version: u64) -> Result<(), CommitError> {
        let present = self.job(id).ok_or(CommitError::NotFound)?;
        if present.version != version {
            return Err(CommitError::Conflict);
        }
        let job = present.clone();
        self.jobs.remove(id);
        self.count_out(&job);
        self.deliveries.forget(id);
        self.behind.forget(id);
        let tenant = self.tenant(&job.user);
        tenant.jobs.remove(id);
        tenant.events.retain(|_, event| event.job != *id);
        if let Some(key) = self.idempotency.values_mut().find(|key| key.job == *id) {
            key.removed = Some(job);
        }
        Ok(())
    }

    pub(super) fn tenant(&mut self, user: &UserName) -> &mut Tenant {
        self.tenants.entry(user.clone()).or_default()
    }

    fn number(&mut self, user: &UserName, events: Vec<Event>) {
        let tenant = self.tenant(user);
        for event in events {
            tenant.last_number += 1;
            tenant.events.insert(tenant.last_number, event);
        }
    }

    fn count_in(&mut self, job: &Job) {
        self.waiting += u64::from(waits_to_be_sent(job));
        self.tenant(&job.user).active += u64::from(is_active(job));
    }

    fn count_out(&mut self, job: &Job) {
        self.waiting -= u64::from(waits_to_be_sent(job));
        self.tenant(&job.user).active -= u64::from(is_active(job));
    }
}

fn waits_to_be_sent(job: &Job) -> bool {
    matches!(job.due().lane, Lane::Dispatch(_))
}

const fn is_active(job: &Job) -> bool {
    !job.status().is_terminal()
}
