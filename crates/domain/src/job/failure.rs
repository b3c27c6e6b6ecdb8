//! Why a job, or one attempt of it, failed.

use serde::{Deserialize, Serialize};

use crate::artifacts::ProgramEnd;

use super::text::fit;

/// The kinds of failure that are told apart, as each has another mend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The provider took the spot instance back.
    SpotReclaim,
    /// The machine went away under the job.
    HostLost,
    /// The program took more memory than it was given.
    OutOfMemory,
    /// The container image could not be pulled.
    ImagePull,
    /// The job ran longer than its time limit.
    Timeout,
    /// The program could not be started, or its runner ended without a word.
    StartFailure,
    /// The program itself ended with an error.
    ProgramExit,
    /// A job that this one depends on failed.
    Dependency,
    /// The queue's own rules ended the job.
    QueueAction,
    /// The backend would not take the job.
    Refused,
    /// The backend no longer knows the job, and nothing says how it ended.
    Lost,
    /// None of the others can be shown.
    Unknown,
}

impl FailureClass {
    /// Every class.
    pub const ALL: [Self; 12] = [
        Self::SpotReclaim,
        Self::HostLost,
        Self::OutOfMemory,
        Self::ImagePull,
        Self::Timeout,
        Self::StartFailure,
        Self::ProgramExit,
        Self::Dependency,
        Self::QueueAction,
        Self::Refused,
        Self::Lost,
        Self::Unknown,
    ];

    /// The word of the API. A lost host and a lost job are both `lost` there.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SpotReclaim => "spot_reclaim",
            Self::OutOfMemory => "out_of_memory",
            Self::ImagePull => "image_pull",
            Self::Timeout => "timeout",
            Self::StartFailure => "start_failure",
            Self::ProgramExit => "program_exit",
            Self::Dependency => "dependency",
            Self::QueueAction => "queue_action",
            Self::Refused => "refused",
            Self::HostLost | Self::Lost => "lost",
            Self::Unknown => "unknown",
        }
    }

    /// What the person who owns the job can do.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::SpotReclaim => {
                "Submit the job again; a program that writes checkpoints goes on from the last one."
            }
            Self::HostLost => "Submit the job again: the machine it ran on went away.",
            Self::OutOfMemory => {
                "Ask for a smaller problem, or have the job type's memory limit raised."
            }
            Self::ImagePull => {
                "Check that the image of the job definition exists and that the execution role may pull it."
            }
            Self::Timeout => "Ask for less work, or have the job type's time limit raised.",
            Self::StartFailure => {
                "Check the job type's command, image and roles; the log of the attempt says how far it came."
            }
            Self::ProgramExit => {
                "Mend what the program's last words name; the operator of the gateway has its whole output."
            }
            Self::Dependency => "Look at the job that this one depends on.",
            Self::QueueAction => {
                "Look at the queue's job state limits: the job waited longer than they allow."
            }
            Self::Refused => "Mend what the message names and submit the job again.",
            Self::Lost => {
                "Look for results among the job's artifacts; if there are none, submit it again."
            }
            Self::Unknown => "Submit the job again; if it fails again, show the operator its id.",
        }
    }
}

/// What comes before the last line that a program said.
const LAST_WORDS: &str = "Its last words: ";

/// A failure and its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    /// Which kind.
    pub class: FailureClass,
    /// One sentence for the person who owns the job.
    pub message: String,
    /// The program's exit status, 0 to 255, where it ended by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub exit_code: Option<i32>,
    /// The POSIX number of the signal that ended it, where one did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signal: Option<i32>,
    /// What the backend said, in its own words, at most [`Failure::MAX_REASON_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_reason: Option<String>,
}

impl Failure {
    /// The most that is kept of a message or of a backend's reason, in bytes of a JSON string.
    pub const MAX_REASON_BYTES: usize = 256;

    /// The message where a runner ended on the gateway's order.
    pub const STOPPED_BY_GATEWAY: &str = "The job was stopped: the gateway told its runner so.";

    /// A failure with a message and no further evidence.
    pub fn new(class: FailureClass, message: impl Into<String>) -> Self {
        let message = fit(&message.into(), Self::MAX_REASON_BYTES);
        Self {
            class,
            message,
            exit_code: None,
            signal: None,
            backend_reason: None,
        }
    }

    /// What the end of a program that did not end well says of its job.
    pub fn of_program(end: ProgramEnd) -> Self {
        match end {
            ProgramEnd::Exited { code } => Self::new(
                FailureClass::ProgramExit,
                format!("The program ended with exit status {code}."),
            )
            .with_exit_code(code),
            ProgramEnd::Signalled { signal } => Self::new(
                FailureClass::ProgramExit,
                format!("The program was ended by signal {signal}."),
            )
            .with_signal(signal),
            ProgramEnd::OutOfMemory => Self::new(
                FailureClass::OutOfMemory,
                "The program took more memory than it was given.",
            ),
            ProgramEnd::TimedOut { limit } => Self::new(
                FailureClass::Timeout,
                format!(
                    "The program ran longer than its limit of {} seconds.",
                    limit.as_secs()
                ),
            ),
            ProgramEnd::Stopped => Self::new(
                FailureClass::Unknown,
                "The program was stopped before it had finished.",
            ),
            ProgramEnd::NotStarted => Self::new(
                FailureClass::StartFailure,
                "The program could not be started.",
            ),
        }
    }

    /// Adds the last line that the program said.
    #[must_use]
    pub fn with_last_words(mut self, words: &str) -> Self {
        let message = format!("{} {LAST_WORDS}{words}", self.message);
        self.message = fit(&message, Self::MAX_REASON_BYTES);
        self
    }

    /// Whether the last line that the program said is told.
    pub fn has_last_words(&self) -> bool {
        self.message.contains(LAST_WORDS)
    }

    /// Adds the backend's own words.
    #[must_use]
    pub fn with_backend_reason(mut self, reason: impl Into<String>) -> Self {
        self.backend_reason = Some(fit(&reason.into(), Self::MAX_REASON_BYTES));
        self
    }

    /// Adds the program's exit status.
    #[must_use]
    pub fn with_exit_code(mut self, code: i32) -> Self {
        self.exit_code = Some(code);
        self
    }

    /// Adds the signal that ended the program.
    #[must_use]
    pub fn with_signal(mut self, signal: i32) -> Self {
        self.signal = Some(signal);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_outsiders_say_is_kept_short() {
        let failure = Failure::new(FailureClass::Unknown, "é".repeat(500))
            .with_backend_reason("x".repeat(256));
        assert!(
            failure.message.len() <= Failure::MAX_REASON_BYTES && failure.message.ends_with('…')
        );
        assert_eq!(failure.backend_reason.unwrap(), "x".repeat(256));
    }

    #[test]
    fn last_words_are_known_to_be_told() {
        let failure = Failure::of_program(ProgramEnd::Exited { code: 1 });
        assert!(!failure.has_last_words());
        assert!(failure.with_last_words("no such file").has_last_words());
    }

    #[test]
    fn every_class_has_a_word_of_the_api_and_a_remedy() {
        for class in FailureClass::ALL {
            assert!(class.remedy().ends_with('.'), "{class:?}");
            assert!(
                class
                    .as_str()
                    .bytes()
                    .all(|b| b.is_ascii_lowercase() || b == b'_')
            );
        }
    }
}
