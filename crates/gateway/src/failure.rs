//! How a subcommand ends that does not end well.

use std::fmt::Display;
use std::process::ExitCode;

/// Why a subcommand could not do what it was asked for: what happened, to what, what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// It was tried and failed: exit code 1.
    #[error("{0}")]
    Failed(String),
    /// It was asked for wrongly, or is configured wrongly: exit code 2.
    #[error("{0}")]
    Misconfigured(String),
}

impl Failure {
    pub(crate) fn failed(message: impl Display) -> Self {
        Self::Failed(message.to_string())
    }

    pub(crate) fn misconfigured(message: impl Display) -> Self {
        Self::Misconfigured(message.to_string())
    }

    #[expect(
        clippy::print_stderr,
        reason = "the last words of a program belong on its stderr"
    )]
    pub(crate) fn report(&self) -> ExitCode {
        eprintln!("batchway: {self}");
        match self {
            Self::Failed(_) => ExitCode::from(1),
            Self::Misconfigured(_) => ExitCode::from(2),
        }
    }
}

/// An error with everything that led to it.
pub(crate) fn with_causes(error: &dyn std::error::Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        words = format!("{words}: {error}");
        cause = error.source();
    }
    words
}
