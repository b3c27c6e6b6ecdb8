//! What programs wrote, in the terms of all backends.

use super::BackendError;
use crate::Timestamp;

/// From where a log is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogPosition {
    /// From its first line.
    Start,
    /// Its last lines, as many as the limit.
    Tail,
    /// After what an earlier page held.
    After(LogCursor),
}

/// A place in a log. Opaque to all but the backend that gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogCursor(pub String);

/// A part of a log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogPage {
    /// Oldest first. None may be there yet, or any more.
    pub lines: Vec<LogLine>,
    /// Where to read on, now or once there is more.
    pub next: LogCursor,
}

/// A line that a program wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// When it was written, where that is recorded.
    pub at: Option<Timestamp>,
    /// The line, without its end.
    pub text: String,
}

/// Why a log can't be read.
#[derive(Debug, thiserror::Error)]
pub enum LogError {
    /// There is none: the attempt has not begun, or the log was not kept.
    #[error("there is no log: {reason}")]
    NoLog {
        /// A sentence for the job's owner.
        reason: String,
    },
    /// The cursor is none of this backend's.
    #[error("the cursor is not one that this log gave")]
    InvalidCursor,
    /// The backend could not be asked.
    #[error(transparent)]
    Backend(#[from] BackendError),
}
