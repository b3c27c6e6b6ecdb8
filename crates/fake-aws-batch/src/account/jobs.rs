//! The jobs that Batch remembers.

use std::borrow::Cow;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::agenda::Alarms;
use super::list_index::Listed;
use super::queues::QueueKey;
use super::spec::Spec;
use super::time::Millis;
use crate::wire::{AttemptDetail, JobStatus};

/// A `statusReason`.
pub(super) type Reason = Cow<'static, str>;

/// A job's number. They are given in the order of creation and never twice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct JobKey(pub(super) u64);

impl JobKey {
    pub(super) const FIRST: Self = Self(0);
    pub(super) const LAST: Self = Self(u64::MAX);
}

/// A job.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) id: Arc<str>,
    pub(super) arn: Arc<str>,
    pub(super) spec: Arc<Spec>,
    pub(super) queue: QueueKey,
    pub(super) array: Array,
    pub(super) created_at: Millis,
    pub(super) status: JobStatus,
    pub(super) status_reason: Option<Reason>,
    pub(super) runnable_since: Millis,
    pub(super) started_at: Option<Millis>,
    pub(super) stopped_at: Option<Millis>,
    /// Those that have ended.
    pub(super) attempts: Vec<AttemptDetail>,
    /// While STARTING or RUNNING.
    pub(super) attempt: Option<OpenAttempt>,
    pub(super) is_cancelled: bool,
    pub(super) is_terminated: bool,
    /// What came with the first accepted cancel or terminate.
    pub(super) stop_reason: Option<Arc<str>>,
    /// How many dependencies are not done.
    pub(super) waits_for: usize,
    pub(super) dependency_failed: bool,
    /// Who waits for its end.
    pub(super) dependents: Vec<JobKey>,
    /// DescribeJobs doesn't show it before.
    pub(super) described_from: Millis,
    /// Nothing shows it before.
    pub(super) hidden_until: Millis,
    /// As ListJobs knows it; `None` while it does not.
    pub(super) listed: Option<Listed>,
    pub(super) alarms: Alarms,
}

/// What a job has to do with an array.
#[derive(Debug)]
pub(super) enum Array {
    None,
    Parent(Parent),
    Child { parent: JobKey, index: u32 },
}

/// The parent of an array.
#[derive(Debug)]
pub(super) struct Parent {
    pub(super) size: u32,
    /// Once there are children. Their keys follow each other.
    pub(super) first_child: Option<JobKey>,
    /// How many children are in each status.
    pub(super) counts: [u32; JobStatus::ALL.len()],
    /// Arrays whose children wait for these.
    pub(super) awaited_by: Vec<JobKey>,
}

impl Parent {
    pub(super) fn new(size: u32) -> Self {
        Self {
            size,
            first_child: None,
            counts: [0; JobStatus::ALL.len()],
            awaited_by: Vec::new(),
        }
    }

    pub(super) fn count(&self, status: JobStatus) -> u32 {
        self.counts[status as usize]
    }

    pub(super) fn has_ended(&self) -> bool {
        self.count(JobStatus::Succeeded) + self.count(JobStatus::Failed) == self.size
    }

    /// The keys of the children, if there are any.
    pub(super) fn children(&self) -> impl DoubleEndedIterator<Item = JobKey> + use<> {
        let first = self.first_child.map_or(0, |key| key.0);
        let children = self.first_child.map_or(0, |_| u64::from(self.size));
        (first..first + children).map(JobKey)
    }
}

/// An attempt that has not ended.
#[derive(Debug)]
pub(super) struct OpenAttempt {
    /// From 1.
    pub(super) number: u32,
    pub(super) task_arn: Arc<str>,
    pub(super) log_stream_name: Arc<str>,
    /// On EC2.
    pub(super) host: Option<Host>,
    pub(super) started_at: Option<Millis>,
    /// Whether its start was taken: there may be a container.
    pub(super) is_taken: bool,
    pub(super) stop: Option<StopCause>,
    /// Whether a signal was taken: the container may know.
    pub(super) is_signalled: bool,
}

/// An instance.
#[derive(Debug)]
pub(super) struct Host {
    pub(super) instance_id: String,
    pub(super) container_instance_arn: Arc<str>,
}

/// Why an attempt is being stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StopCause {
    /// By TerminateJob.
    Terminated,
    /// It ran for too long.
    TimedOut,
    /// Fargate Spot takes its place back.
    SpotInterruption,
    /// Its queue is gone.
    QueueDeleted,
}

impl Job {
    pub(super) fn parent(&self) -> Option<&Parent> {
        match &self.array {
            Array::Parent(parent) => Some(parent),
            Array::None | Array::Child { .. } => None,
        }
    }

    pub(super) fn parent_mut(&mut self) -> Option<&mut Parent> {
        match &mut self.array {
            Array::Parent(parent) => Some(parent),
            Array::None | Array::Child { .. } => None,
        }
    }

    pub(super) fn is_child(&self) -> bool {
        matches!(self.array, Array::Child { .. })
    }

    pub(super) fn is_described(&self, now: Millis) -> bool {
        now >= self.described_from && now >= self.hidden_until
    }
}

/// All jobs, by number and by id.
#[derive(Debug, Default)]
pub(super) struct Jobs {
    /// The number of the first slot.
    first: u64,
    slots: VecDeque<Option<Box<Job>>>,
    by_id: HashMap<Arc<str>, JobKey>,
}

impl Jobs {
    /// The number that the next job gets.
    pub(super) fn next_key(&self) -> JobKey {
        JobKey(self.first + self.slots.len() as u64)
    }

    pub(super) fn insert(&mut self, job: Job) -> JobKey {
        let key = self.next_key();
        self.by_id.insert(Arc::clone(&job.id), key);
        self.slots.push_back(Some(Box::new(job)));
        key
    }

    pub(super) fn get(&self, key: JobKey) -> Option<&Job> {
        self.slots.get(self.slot(key)?)?.as_deref()
    }

    pub(super) fn get_mut(&mut self, key: JobKey) -> Option<&mut Job> {
        let slot = self.slot(key)?;
        self.slots.get_mut(slot)?.as_deref_mut()
    }

    pub(super) fn key(&self, id: &str) -> Option<JobKey> {
        self.by_id.get(id).copied()
    }

    /// The keys of all that are there, oldest first.
    pub(super) fn keys(&self) -> impl Iterator<Item = JobKey> + '_ {
        let numbered = (self.first..).zip(&self.slots);
        numbered.filter_map(|(number, slot)| slot.as_ref().map(|_| JobKey(number)))
    }

    pub(super) fn remove(&mut self, key: JobKey) -> Option<Box<Job>> {
        let slot = self.slot(key)?;
        let job = self.slots.get_mut(slot)?.take()?;
        self.by_id.remove(&job.id);
        while let Some(None) = self.slots.front() {
            self.slots.pop_front();
            self.first += 1;
        }
        Some(job)
    }

    fn slot(&self, key: JobKey) -> Option<usize> {
        usize::try_from(key.0.checked_sub(self.first)?).ok()
    }
}
