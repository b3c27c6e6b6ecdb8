//! A job: what is recorded of it, and the one state machine that moves it.

mod admission;
mod attempt;
mod due;
mod event;
mod failure;
#[cfg(test)]
mod fixtures;
pub mod machine;
mod progress;
mod record;
mod rules;
mod snapshot;
mod state;
mod status;
mod text;

pub use admission::NewJob;
pub use attempt::{Attempt, NumberedAttempt};
pub use due::{Due, InvalidLane, Lane};
pub use event::{Event, EventKind};
pub use failure::{Failure, FailureClass};
pub use progress::Progress;
pub use record::{BackendId, CurrentTry, Job, RequestHash, Target, UnreadableRecord};
pub use rules::{Backoff, Pace, RetryPolicy, Rules, Settlement};
pub use snapshot::JobSnapshot;
pub use state::{Absence, CancelCause, JobState, WaitingReason};
pub use status::{InvalidStatus, JobStatus};
