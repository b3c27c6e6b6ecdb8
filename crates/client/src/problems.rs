//! What the gateway says of a request that it could not serve.

use std::fmt;

use crate::generated::types::Problem;

/// Why an operation did not succeed: no connection, an answer that can't be read, or a
/// [`Problem`] that the gateway tells of.
pub type Error = progenitor_client::Error<Problem>;

/// Whatever may bear a [`Problem`].
pub trait CarriesProblem {
    /// What the gateway said, if it answered so.
    fn problem(&self) -> Option<&Problem>;
}

impl CarriesProblem for Error {
    fn problem(&self) -> Option<&Problem> {
        match self {
            Self::ErrorResponse(answer) => Some(answer),
            _ => None,
        }
    }
}

impl Problem {
    /// Which kind it is, such as `job-not-found`: the last part of its `type`, by which problems
    /// are told apart.
    pub fn kind(&self) -> &str {
        self.type_.rsplit('/').next().unwrap_or_default()
    }
}

impl fmt::Display for Problem {
    /// What happened and what to do, with the name of the request in the gateway's log.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{} (request {})", self.detail, self.request_id)
    }
}

impl std::error::Error for Problem {}
