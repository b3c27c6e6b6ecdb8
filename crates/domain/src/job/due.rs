//! When a job wants to be looked at next, and by which loop.

use std::fmt;
use std::str::FromStr;

use super::{Job, JobState, Pace};
use crate::Timestamp;
use crate::identity::BackendName;

/// Which loop looks after a job that is due.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// To be sent to this backend.
    Dispatch(BackendName),
    /// To be looked up at this backend: nobody knows whether it was sent.
    Resolve(BackendName),
    /// To be followed at this backend.
    Watch(BackendName),
    /// To have done what is left to do after its end: its logs archived, and then, when its time
    /// is over, all of it forgotten.
    Remove,
}

impl fmt::Display for Lane {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dispatch(backend) => write!(formatter, "dispatch:{backend}"),
            Self::Resolve(backend) => write!(formatter, "resolve:{backend}"),
            Self::Watch(backend) => write!(formatter, "watch:{backend}"),
            Self::Remove => formatter.write_str("remove"),
        }
    }
}

impl FromStr for Lane {
    type Err = InvalidLane;

    fn from_str(text: &str) -> Result<Self, InvalidLane> {
        if text == "remove" {
            return Ok(Self::Remove);
        }
        let (kind, backend) = text.split_once(':').ok_or(InvalidLane)?;
        let backend = backend.parse().map_err(|_| InvalidLane)?;
        match kind {
            "dispatch" => Ok(Self::Dispatch(backend)),
            "resolve" => Ok(Self::Resolve(backend)),
            "watch" => Ok(Self::Watch(backend)),
            _ => Err(InvalidLane),
        }
    }
}

/// The text is not a lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a lane is remove, or one of dispatch, resolve and watch, a colon and a backend")]
pub struct InvalidLane;

/// A job's entry among everything that is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Due {
    /// Who looks after it.
    pub lane: Lane,
    /// Not before this time.
    pub at: Timestamp,
}

impl Job {
    /// When to ask its backend again: the more seldom the longer it has been as it is, or has been
    /// stopping. A stop that is never taken, as we have no right to it, is asked for all the same,
    /// and not every other second for days.
    pub fn next_look(&self, pace: Pace, now: Timestamp) -> Timestamp {
        let since = match self.cancel_requested_at {
            Some(cancelled_at) => cancelled_at.max(self.state_since),
            None => self.state_since,
        };
        pace.next(since, now)
    }

    /// The one entry of this job. It is derived, so that no crash can leave a job that nobody
    /// looks after.
    pub fn due(&self) -> Due {
        let backend = || self.backend.clone();
        match &self.state {
            JobState::Accepted { not_before, .. } => Due {
                lane: Lane::Dispatch(backend()),
                at: *not_before,
            },
            JobState::Submitting { lease_until } => Due {
                lane: Lane::Resolve(backend()),
                at: *lease_until,
            },
            JobState::Unresolved { .. } => Due {
                lane: Lane::Resolve(backend()),
                at: self.next_check_at,
            },
            JobState::Submitted { .. } | JobState::Running { .. } => Due {
                lane: Lane::Watch(backend()),
                at: self.next_check_at,
            },
            JobState::Completed | JobState::Failed { .. } | JobState::Cancelled { .. } => {
                if self.surplus.is_empty() {
                    Due {
                        lane: Lane::Remove,
                        at: self
                            .archive_logs_at
                            .or(self.remove_at)
                            .unwrap_or(Timestamp::MAX),
                    }
                } else {
                    Due {
                        lane: Lane::Watch(backend()),
                        at: self.next_check_at,
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lanes_read_back_as_they_are_written() {
        let process: BackendName = "process".parse().unwrap();
        for lane in [
            Lane::Dispatch(process.clone()),
            Lane::Resolve(process.clone()),
            Lane::Watch(process),
            Lane::Remove,
        ] {
            assert_eq!(lane.to_string().parse::<Lane>().unwrap(), lane);
        }
        for text in [
            "",
            "watch",
            "watch:",
            "watch:A",
            "fly:process",
            "remove:process",
        ] {
            assert!(text.parse::<Lane>().is_err(), "{text}");
        }
    }
}
