//! Between Batch and whoever runs containers, or plays that they run.

use std::sync::Arc;

use super::Account;
use super::agenda::Alarm;
use super::environments::is_usable;
use super::jobs::{Array, JobKey};
use super::time::Millis;
use crate::wire::{JobDetail, JobStatus, KeyValuePair};

/// An attempt whose container is to be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Start {
    /// The job.
    pub job_id: Arc<str>,
    /// From 1.
    pub attempt: u32,
    /// The job's name.
    pub job_name: Arc<str>,
    /// The queue's name.
    pub job_queue: Arc<str>,
    /// The definition's ARN with revision.
    pub job_definition: Arc<str>,
    /// The image.
    pub image: Arc<str>,
    /// With parameters put in; empty for the image's own.
    pub command: Arc<[String]>,
    /// All of it, with `AWS_BATCH_*`.
    pub environment: Vec<KeyValuePair>,
    /// Where its output goes.
    pub log_group: Arc<str>,
    /// The stream of this attempt.
    pub log_stream_name: Arc<str>,
}

/// An attempt whose container is to be told a signal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stop {
    /// The job.
    pub job_id: Arc<str>,
    /// From 1.
    pub attempt: u32,
    /// Which signal.
    pub signal: Signal,
}

/// A signal to a container.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM: please end.
    Terminate,
    /// SIGKILL: it has ended.
    Kill,
}

/// How a container ended.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exit {
    /// 128 and the signal where one ended it; `None` where the container did not start.
    pub code: Option<i32>,
    /// What ECS says of it, such as `OutOfMemoryError: Container killed due to memory usage`.
    pub reason: Option<String>,
}

impl Exit {
    /// The program ended by itself.
    pub fn with_code(code: i32) -> Self {
        Self {
            code: Some(code),
            reason: None,
        }
    }

    /// SIGKILL for too much memory.
    pub fn out_of_memory() -> Self {
        Self {
            code: Some(137),
            reason: Some("OutOfMemoryError: Container killed due to memory usage".to_owned()),
        }
    }

    /// The container did not come to be: `CannotPullContainerError: …`,
    /// `ResourceInitializationError: …`.
    pub fn not_started(reason: impl Into<String>) -> Self {
        Self {
            code: None,
            reason: Some(reason.into()),
        }
    }
}

/// Something for EventBridge, source `aws.batch`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StateChange {
    /// Which `detail-type`.
    pub kind: EventKind,
    /// When it happened.
    pub at: Millis,
    /// The event's `detail`: the job as it was then.
    pub job: JobDetail,
}

/// The kinds of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A job's status changed.
    JobStateChange,
    /// The job at the head of a queue can't start.
    JobQueueBlocked,
}

impl EventKind {
    /// The event's `detail-type`.
    pub const fn detail_type(self) -> &'static str {
        match self {
            Self::JobStateChange => "Batch Job State Change",
            Self::JobQueueBlocked => "Batch Job Queue Blocked",
        }
    }
}

impl Account {
    /// The attempts whose containers are to be started, each once. They stay STARTING until
    /// [`Self::started`].
    pub fn take_starts(&mut self) -> Vec<Start> {
        let ready = std::mem::take(&mut self.starts);
        let starts = ready.into_iter();
        starts
            .filter_map(|(key, number)| self.take_start(key, number))
            .collect()
    }

    fn take_start(&mut self, key: JobKey, number: u32) -> Option<Start> {
        let environment = self.environment_of_attempt(key, number)?;
        let job = self.jobs.get_mut(key)?;
        let attempt = job.attempt.as_mut().filter(|one| one.number == number)?;
        attempt.is_taken = true;
        Some(Start {
            job_id: Arc::clone(&job.id),
            attempt: number,
            job_name: Arc::clone(&job.spec.name),
            job_queue: Arc::clone(self.queues.get(job.queue).name()),
            job_definition: Arc::clone(&job.spec.definition.arn),
            image: Arc::clone(&job.spec.container.image),
            command: Arc::clone(&job.spec.container.command),
            environment,
            log_group: Arc::clone(&job.spec.definition.log_group),
            log_stream_name: Arc::clone(&attempt.log_stream_name),
        })
    }

    /// The job's own variables and those that Batch adds.
    fn environment_of_attempt(&self, key: JobKey, number: u32) -> Option<Vec<KeyValuePair>> {
        let job = self.jobs.get(key)?;
        let queue = self.queues.get(job.queue);
        let mut environment = job.spec.container.environment.to_vec();
        let mut add = |name: &str, value: String| environment.push(KeyValuePair::new(name, value));
        add("AWS_BATCH_JOB_ID", job.id.to_string());
        add("AWS_BATCH_JOB_ATTEMPT", number.to_string());
        add("AWS_BATCH_JQ_NAME", queue.name().to_string());
        let order = queue.detail.compute_environment_order.iter();
        let mut environments =
            order.filter_map(|entry| self.environment(&entry.compute_environment));
        if let Some(used) = environments.find(|one| is_usable(one)) {
            add(
                "AWS_BATCH_CE_NAME",
                used.compute_environment_name.to_string(),
            );
        }
        if let Array::Child { index, .. } = job.array {
            add("AWS_BATCH_JOB_ARRAY_INDEX", index.to_string());
        }
        Some(environment)
    }

    /// The container runs: the job is RUNNING. An attempt that is over or not STARTING is passed
    /// over.
    pub fn started(&mut self, id: &str, attempt: u32, now: Millis) {
        self.advance(now);
        let Some(key) = self.key_of_attempt(id, attempt) else {
            return;
        };
        let started_at = self.now;
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        if job.status != JobStatus::Starting {
            return;
        }
        job.started_at = Some(started_at);
        let timeout = job.spec.timeout_seconds();
        let Some(open) = &mut job.attempt else { return };
        open.started_at = Some(started_at);
        let is_stopping = open.stop.is_some();
        self.move_to(key, JobStatus::Running, None);
        if let Some(seconds) = timeout.filter(|_| !is_stopping) {
            let ends_at = started_at.plus(Millis::from_secs(seconds));
            self.set_alarm(key, Alarm::Attempt, Some(ends_at));
        }
    }

    /// The container ended. An attempt that is over is passed over.
    pub fn exited(&mut self, id: &str, attempt: u32, exit: Exit, now: Millis) {
        self.advance(now);
        if let Some(key) = self.key_of_attempt(id, attempt) {
            self.end_attempt(key, exit);
        }
    }

    /// The job, if this attempt of it was taken and has not ended.
    fn key_of_attempt(&self, id: &str, attempt: u32) -> Option<JobKey> {
        let key = self.jobs.key(id)?;
        let open = self.jobs.get(key)?.attempt.as_ref()?;
        (open.number == attempt && open.is_taken).then_some(key)
    }

    /// The containers to be told a signal, each signal once. A container that is told to end by
    /// TerminateJob or a timeout, and ended with 0 before its signal was taken, has succeeded.
    pub fn take_stops(&mut self) -> Vec<Stop> {
        let stops = std::mem::take(&mut self.stops);
        let is_left = |stop: &Stop| {
            let key = self.jobs.key(&stop.job_id)?;
            let open = self.jobs.get_mut(key)?.attempt.as_mut();
            // What was lost with its host has ended for Batch, and still has to be killed.
            let Some(open) = open.filter(|open| open.number == stop.attempt) else {
                return (stop.signal == Signal::Kill).then_some(());
            };
            open.is_signalled = true;
            Some(())
        };
        let mut is_left = is_left;
        stops
            .into_iter()
            .filter(|stop| is_left(stop).is_some())
            .collect()
    }

    /// What happened since the last call, in order. There is no event for a submission.
    pub fn take_events(&mut self) -> Vec<StateChange> {
        std::mem::take(&mut self.events)
    }
}
