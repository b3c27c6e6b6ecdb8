//! Why a command did not do its work, in a sentence for the person who asked.

use std::fmt;
use std::path::Path;
use std::process::ExitCode;

pub(crate) type Outcome<T = ()> = Result<T, Failure>;

#[derive(Debug)]
pub(crate) enum Failure {
    /// The command line makes no sense: exit status 2.
    Usage(String),
    /// The work was tried and did not succeed: exit status 1.
    Failed(String),
}

impl Failure {
    pub(crate) fn usage(message: impl Into<String>) -> Self {
        Self::Usage(message.into())
    }

    pub(crate) fn because(message: impl Into<String>) -> Self {
        Self::Failed(message.into())
    }

    /// For `map_err` on what the file system refuses.
    pub(crate) fn at(path: &Path, doing: &str) -> impl FnOnce(std::io::Error) -> Self {
        let place = path.display().to_string();
        let doing = doing.to_owned();
        move |error| Self::Failed(format!("cannot {doing} {place}: {error}"))
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        match self {
            Self::Usage(_) => ExitCode::from(2),
            Self::Failed(_) => ExitCode::FAILURE,
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) | Self::Failed(message) => formatter.write_str(message),
        }
    }
}
