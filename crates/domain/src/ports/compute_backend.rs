use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

use crate::Timestamp;
use crate::diagnosis::Obstacles;
use crate::identity::{DeploymentId, TryName, UserName};
use crate::job::{BackendId, Failure, RequestHash, Settlement, Target, WaitingReason};
use crate::job_type::Execution;
use crate::ports::{CallLimit, LogError, LogPage, LogPosition};

type Source = Box<dyn std::error::Error + Send + Sync>;

/// Runs programs.
///
/// It refuses to retry, to remember what it was asked for, and to decide anything about a job:
/// it says what it was told by what runs the job, and whether a request took effect.
///
/// Guarantees:
/// * `submit` MUST send at most one request, and MUST say [`SubmitError::DidNotHappen`],
///   [`SubmitError::Held`] or [`SubmitError::Refused`] only where it is certain that nothing was
///   accepted.
/// * What was accepted MUST be found by its name, within what [`ComputeBackend::settlement`] says.
/// * A job that has ended MUST never be described as alive again.
/// * `terminate` MUST leave alone what is not named.
/// * What belongs to another host MUST never be called absent: [`ComputeBackend::looks_after`]
///   says which jobs it can speak of.
#[async_trait]
pub trait ComputeBackend: Send + Sync + std::fmt::Debug {
    /// When a look-up by name that finds nothing proves that there is nothing.
    fn settlement(&self) -> Settlement;

    /// How many more jobs it can start now. The dispatcher claims no more.
    async fn capacity(&self) -> Capacity;

    /// How often it may be called, by all replicas together; `None` for no limit.
    fn call_limits(&self) -> Option<CallLimits> {
        None
    }

    /// Whether it can see what was sent to this target. A backend that is bound to one host sees
    /// only what was sent there; the others leave such jobs to the replica on that host.
    fn looks_after(&self, target: &Target) -> bool {
        let _ = target;
        true
    }

    /// How much of a request these would take, where requests have a limit. Pure: makes no call.
    fn request_size(
        &self,
        execution: &Execution,
        environment: &BTreeMap<String, String>,
        params: &str,
    ) -> Option<RequestSize> {
        let _ = (execution, environment, params);
        None
    }

    /// What exactly a try of this kind will be sent to, with everything resolved that could
    /// change later. Fixed at the first claim.
    ///
    /// # Errors
    /// [`SubmitError`], never [`SubmitError::Unknown`].
    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError>;

    /// Asks for one try to be run.
    ///
    /// # Errors
    /// [`SubmitError`], by what is known of the effect.
    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError>;

    /// What became of these jobs. Those that the backend does not know MUST be absent from the
    /// answer; the order is free. Any number of ids.
    ///
    /// # Errors
    /// [`BackendError`]: nothing is known of any of them.
    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError>;

    /// Everything that bears this very name (case and all), ended or not, with the target and
    /// hash it was submitted with checked where the backend can.
    ///
    /// # Errors
    /// [`BackendError`]: nothing is known.
    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError>;

    /// Which queue holds what was sent to this target, for a sweep of it. `None` where nothing
    /// can lie unseen: then there is nothing to sweep, and [`ComputeBackend::list_queue`] is never
    /// called. Pure: makes no call.
    fn queue_of(&self, target: &Target) -> Option<Queue> {
        let _ = target;
        None
    }

    /// A page of the jobs in a queue that have not ended, bear a name of this deployment and are
    /// marked as its own by more than the name, newest first. What bears the name of another
    /// deployment, or not exactly a name of ours, MUST NOT be there. A job that was there
    /// throughout MUST be on one of the pages, within what [`ComputeBackend::settlement`] says.
    ///
    /// # Errors
    /// [`BackendError`]: nothing is known.
    async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        let _ = (queue, deployment, from);
        Ok(QueuePage::default())
    }

    /// Whether a job was submitted for this deployment, by more than its name: anyone can give a
    /// job a name of ours. MUST be `false` for one that the backend does not show, or not yet. A
    /// backend to which nobody but us submits keeps the default.
    ///
    /// # Errors
    /// [`BackendError`]: nothing is known.
    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        let _ = (id, deployment);
        Ok(true)
    }

    /// Asks for a job to be stopped, whatever state it is in. Success proves only that the
    /// request was taken. Stopping what has ended, or is not known, is a success. Twice is the
    /// same as once.
    ///
    /// # Errors
    /// [`BackendError`].
    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError>;

    /// What the program of an attempt (from 1) wrote, both streams together, oldest line first,
    /// at most `limit` lines. Pages read one after the other MUST hold each line once, in order.
    /// Bytes that are not UTF-8 become U+FFFD.
    ///
    /// # Errors
    /// [`LogError`].
    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError>;

    /// What stands in the way of anything that was sent to this target, for a person who asks why
    /// a job waits. `execution` says what the job asks for, where its type is still known. Asked
    /// for by people and never by a loop: it may make up to [`Obstacles::CALLS`] calls. A backend
    /// that says all it knows with the job itself keeps the default.
    ///
    /// # Errors
    /// [`BackendError`]: nothing is known, which says nothing of the job.
    async fn obstacles(
        &self,
        target: &Target,
        execution: Option<&Execution>,
    ) -> Result<Obstacles, BackendError> {
        let _ = (target, execution);
        Ok(Obstacles::default())
    }

    /// Frees what is kept of a job that has ended, where anything is.
    ///
    /// # Errors
    /// [`BackendError`].
    async fn forget(&self, id: &BackendId) -> Result<(), BackendError>;
}

/// Room for more jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Capacity {
    /// This many more.
    Slots(usize),
    /// As many as one likes: it has a queue of its own.
    Queue,
}

/// How often a backend may be called. One bucket for submissions, one for everything else.
#[derive(Clone, Debug, PartialEq)]
pub struct CallLimits {
    /// Whose limits these are, such as an account and region: what shares them has the same.
    pub scope: String,
    /// For `submit`.
    pub submissions: CallLimit,
    /// For all other calls.
    pub others: CallLimit,
}

/// What a request takes of what it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RequestSize {
    /// In characters, as the backend counts them.
    pub characters: usize,
    /// The most that we send.
    pub limit: usize,
}

impl RequestSize {
    /// Whether it may be sent.
    pub const fn fits(self) -> bool {
        self.characters <= self.limit
    }
}

/// How the params reach the program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ParamsDelivery {
    /// With the request, whole.
    Inline(Arc<str>),
    /// They lie in the artifact store, where the runner fetches them: the request has no room.
    Stored,
}

/// One try, ready to be sent.
#[derive(Clone, Debug, PartialEq)]
pub struct Submission {
    /// The name to be found by.
    pub name: TryName,
    /// What it is sent to.
    pub target: Target,
    /// Tells it from what else bears the name.
    pub request_hash: RequestHash,
    /// What to run and under which limits.
    pub execution: Execution,
    /// Whether it runs under our runner.
    pub gated: bool,
    /// After this time the program is ended.
    pub timeout: Option<Duration>,
    /// What the program, or its runner, finds in its environment.
    pub environment: BTreeMap<String, String>,
    /// The whole params, or where they are.
    pub params: ParamsDelivery,
    /// Whose job it is, for backends that share their room out fairly among tenants.
    pub tenant: UserName,
}

/// A job as its backend sees it.
#[derive(Clone, Debug, PartialEq)]
pub struct Description {
    /// Which.
    pub id: BackendId,
    /// Where it is.
    pub state: BackendState,
    /// Every start of its program so far, oldest first, the present one last.
    pub attempts: Vec<BackendAttempt>,
}

/// One start of the program, as the backend tells it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BackendAttempt {
    /// When it began, where that is known.
    pub started_at: Option<Timestamp>,
    /// When it ended, if it did.
    pub stopped_at: Option<Timestamp>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// Where a job is, in the terms of all backends.
#[derive(Clone, Debug, PartialEq)]
pub enum BackendState {
    /// Taken, and its program not running: SUBMITTED, PENDING, RUNNABLE and STARTING.
    Waiting {
        /// Why, where the backend says so.
        reason: Option<WaitingReason>,
    },
    /// Its program runs.
    Running,
    /// Ended with success.
    Succeeded,
    /// Ended otherwise.
    Failed {
        /// Why.
        failure: Failure,
        /// Whether someone asked for that.
        stop: StopEvidence,
        /// Its runner ended because another copy of the same try has the gate.
        lost_gate: bool,
    },
}

impl BackendState {
    /// Whether it will never change again.
    pub const fn has_ended(&self) -> bool {
        matches!(self, Self::Succeeded | Self::Failed { .. })
    }
}

/// What shows that a job was stopped rather than failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StopEvidence {
    /// Nothing: it failed by itself.
    None,
    /// The backend says that it was told to stop (`isCancelled`, `isTerminated`).
    Flag,
    /// The reason is the one that we gave, or its runner ended on the gateway's order.
    OurReason,
}

/// Something that bears the name of a try.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: BackendId,
    /// When the backend took it. The oldest is preferred.
    pub created_at: Timestamp,
}

/// Something that holds jobs at a backend, such as a job queue by its ARN. Opaque to all but its
/// backend, and the same text in every replica. At most 512 bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Queue(pub String);

/// A place in the list of a queue. Opaque to all but its backend; good for a few minutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuePosition(pub String);

/// A part of what a queue holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct QueuePage {
    /// Newest first. A page may have none although another follows.
    pub jobs: Vec<QueuedJob>,
    /// When the oldest job on the page was taken, be it ended or without our marks: all that
    /// follow are not newer. `None` on an empty page.
    pub back_to: Option<Timestamp>,
    /// Where to read on; `None` at the end.
    pub next: Option<QueuePosition>,
}

/// A job of this deployment that a queue holds, and that has not ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueuedJob {
    /// Its id.
    pub id: BackendId,
    /// The name that it bears.
    pub name: TryName,
    /// When the backend took it.
    pub created_at: Timestamp,
}

/// Why a try was not accepted, by what is known of the effect.
#[derive(Debug, thiserror::Error)]
pub enum SubmitError {
    /// The job itself is at fault and never will be taken.
    #[error("the backend refuses the job: {reason}")]
    Refused {
        /// A sentence for the job's owner.
        reason: String,
    },
    /// We are at fault: credentials, rights, clock, queue or definition. The job waits.
    #[error("the backend can't be used now: {}", .0.message)]
    Held(Held),
    /// Nothing was sent, or nothing accepted. To be sent again.
    #[error("the backend did not take the job this time: {reason}")]
    DidNotHappen {
        /// A sentence for the operator.
        reason: String,
        /// Not before this much later, where the backend says so.
        retry_after: Option<Duration>,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
    /// Too many calls. Nothing was accepted; to be sent again, and all calls to be made less
    /// often.
    #[error("the backend takes no more calls for now: {reason}")]
    Throttled {
        /// A sentence for the operator.
        reason: String,
        /// Not before this much later, where the backend says so.
        retry_after: Option<Duration>,
    },
    /// It may have been accepted.
    #[error("whether the backend took the job is not known: {reason}")]
    Unknown {
        /// A sentence for the operator.
        reason: String,
        /// The cause.
        #[source]
        source: Option<Source>,
    },
}

/// Why nothing can be sent to a backend for now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// A short word that programs can compare.
    pub code: String,
    /// One sentence that the job's owner may see.
    pub message: String,
}

/// A backend could not be asked, or gave no answer.
#[derive(Debug, thiserror::Error)]
#[error("the compute backend does not answer: {reason}")]
pub struct BackendError {
    /// A sentence for the operator.
    pub reason: String,
    /// It said that there were too many calls.
    pub throttled: bool,
    /// The cause.
    #[source]
    pub source: Option<Source>,
}
