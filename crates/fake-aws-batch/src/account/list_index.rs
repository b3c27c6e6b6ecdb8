//! What ListJobs knows of jobs: what was so as long ago as it lags.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;

use super::Account;
use super::jobs::{Job, JobKey, Reason};
use super::time::Millis;
use crate::wire::{ContainerSummary, JobStatus};

/// The changing part of a job, as it was at some moment.
#[derive(Clone, Debug)]
pub(super) struct Listed {
    pub(super) status: JobStatus,
    pub(super) status_reason: Option<Reason>,
    pub(super) started_at: Option<Millis>,
    pub(super) stopped_at: Option<Millis>,
    pub(super) container: Option<ContainerSummary>,
    pub(super) is_cancelled: bool,
    pub(super) is_terminated: bool,
}

impl Listed {
    fn of(job: &Job) -> Self {
        let last = job.attempts.last().map(|attempt| &attempt.container);
        Self {
            status: job.status,
            status_reason: job.status_reason.clone(),
            started_at: job.started_at,
            stopped_at: job.stopped_at,
            container: last.map(|last| ContainerSummary {
                exit_code: last.exit_code,
                reason: last.reason.clone(),
            }),
            is_cancelled: job.is_cancelled,
            is_terminated: job.is_terminated,
        }
    }
}

/// A change that ListJobs does not know yet.
#[derive(Debug)]
struct Change {
    at: Millis,
    key: JobKey,
    listed: Listed,
}

/// The changes that ListJobs does not know yet, in order.
#[derive(Debug, Default)]
pub(super) struct Changes {
    unseen: VecDeque<Change>,
}

/// The listed jobs of a queue, without the children of arrays.
#[derive(Debug, Default)]
pub(super) struct QueueIndex {
    by_status: [BTreeSet<JobKey>; JobStatus::ALL.len()],
    by_creation: BTreeSet<(Millis, JobKey)>,
    by_name: BTreeSet<(Arc<str>, JobKey)>,
}

impl QueueIndex {
    fn insert(&mut self, key: JobKey, job: &Job) {
        self.by_creation.insert((job.created_at, key));
        self.by_name
            .insert((Arc::clone(&job.spec.listed_name), key));
    }

    fn remove(&mut self, key: JobKey, job: &Job) {
        self.by_creation.remove(&(job.created_at, key));
        self.by_name
            .remove(&(Arc::clone(&job.spec.listed_name), key));
    }

    fn set_status(&mut self, key: JobKey, before: Option<JobStatus>, after: Option<JobStatus>) {
        if let Some(before) = before {
            self.by_status[before as usize].remove(&key);
        }
        if let Some(after) = after {
            self.by_status[after as usize].insert(key);
        }
    }

    #[cfg(test)]
    pub(super) fn is_empty(&self) -> bool {
        self.by_creation.is_empty()
            && self.by_name.is_empty()
            && self.by_status.iter().all(BTreeSet::is_empty)
    }

    /// Newest first, older than `below`.
    pub(super) fn in_status(
        &self,
        status: JobStatus,
        below: JobKey,
    ) -> impl Iterator<Item = JobKey> {
        self.by_status[status as usize]
            .range(..below)
            .rev()
            .copied()
    }

    /// Newest first, older than `below`, of any status, created in that range.
    pub(super) fn created(
        &self,
        after: Millis,
        before: Millis,
        below: JobKey,
    ) -> impl Iterator<Item = JobKey> {
        let first = (after.plus(Millis(1)), JobKey::FIRST);
        let end = (before, JobKey::FIRST);
        let range = (first < end).then(|| self.by_creation.range(first..end).rev());
        range
            .into_iter()
            .flatten()
            .map(|(_, key)| *key)
            .filter(move |key| *key < below)
    }

    /// Newest first, older than `below`, of any status, of this name in lower case.
    pub(super) fn named(&self, name: &str, below: JobKey) -> impl Iterator<Item = JobKey> + use<> {
        let name: Arc<str> = name.into();
        let named = self
            .by_name
            .range((Arc::clone(&name), JobKey::FIRST)..(name, below));
        named
            .rev()
            .map(|(_, key)| *key)
            .collect::<Vec<_>>()
            .into_iter()
    }

    /// The names that begin so, in lower case; each with its job, up to `most` of them, or `None`
    /// where there are more.
    pub(super) fn beginning_with(&self, beginning: &str, most: usize) -> Option<Vec<JobKey>> {
        let first: Arc<str> = beginning.into();
        let from = self.by_name.range((first, JobKey::FIRST)..);
        let mut found: Vec<JobKey> = from
            .take_while(|(name, _)| name.starts_with(beginning))
            .map(|(_, key)| *key)
            .take(most + 1)
            .collect();
        if found.len() > most {
            return None;
        }
        found.sort_unstable_by(|a, b| b.cmp(a));
        Some(found)
    }
}

impl Account {
    /// Something of the job changed that ListJobs shows, once it has caught up.
    pub(super) fn note_change(&mut self, key: JobKey) {
        if let Some(job) = self.jobs.get(key) {
            self.changes.unseen.push_back(Change {
                at: self.now,
                key,
                listed: Listed::of(job),
            });
        }
    }

    /// ListJobs learns what is older than its lag.
    pub(super) fn catch_up_lists(&mut self) {
        let known = self.now.minus(self.settings.list_lag);
        while let Some(change) = self
            .changes
            .unseen
            .pop_front_if(|change| change.at <= known)
        {
            let Change { key, listed, .. } = change;
            let Some(job) = self.jobs.get_mut(key) else {
                continue;
            };
            let after = listed.status;
            let before = job.listed.replace(listed).map(|listed| listed.status);
            if job.is_child() {
                continue;
            }
            let index = &mut self.queues.get_mut(job.queue).index;
            if before.is_none() {
                index.insert(key, job);
            }
            index.set_status(key, before, Some(after));
        }
    }

    /// Forgets a job that is no longer there.
    pub(super) fn unlist(&mut self, key: JobKey, job: &Job) {
        if let Some(listed) = &job.listed
            && !job.is_child()
        {
            let index = &mut self.queues.get_mut(job.queue).index;
            index.remove(key, job);
            index.set_status(key, Some(listed.status), None);
        }
    }
}
