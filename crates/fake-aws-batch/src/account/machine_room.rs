//! Between Batch and whoever runs containers, or plays that they run.

use std::sync::Arc;

use super::Account;
use super::time::Millis;
use crate::wire::{JobDetail, KeyValuePair};

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
        Vec::new()
    }

    /// The container runs: the job is RUNNING. An attempt that is over or not STARTING is passed
    /// over.
    pub fn started(&mut self, _id: &str, _attempt: u32, _now: Millis) {}

    /// The container ended. An attempt that is over is passed over.
    pub fn exited(&mut self, _id: &str, _attempt: u32, _exit: Exit, _now: Millis) {}

    /// The containers to be told a signal, each signal once.
    pub fn take_stops(&mut self) -> Vec<Stop> {
        Vec::new()
    }

    /// What happened since the last call, in order.
    pub fn take_events(&mut self) -> Vec<StateChange> {
        Vec::new()
    }
}
