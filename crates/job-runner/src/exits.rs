//! Ends of a run, as exit codes and records.

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{Manifest, ProgramEnd};
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::RunExit;

/// What a program that ended with a code of the runner's own is said to have ended with.
const AMBIGUOUS_EXIT_CODE: i32 = 1;

/// The program was never started.
pub(crate) struct NotStarted {
    pub(crate) end: ProgramEnd,
    pub(crate) exit_code: i32,
    pub(crate) message: String,
}

impl NotStarted {
    /// Something that the program needs was missing.
    pub(crate) fn because(message: String) -> Self {
        Self {
            end: ProgramEnd::NotStarted,
            exit_code: exit_codes::NOT_STARTED,
            message,
        }
    }

    /// The job was told to stop in time.
    pub(crate) fn stopped() -> Self {
        Self {
            end: ProgramEnd::Stopped,
            exit_code: exit_codes::STOPPED,
            message: "The job was stopped before its program was started.".to_owned(),
        }
    }

    /// As the end of the run.
    pub(crate) fn exit(&self, now: Timestamp) -> RunExit {
        RunExit {
            end: self.end,
            exit_code: self.exit_code,
            message: Some(self.message.clone()),
            last_words: None,
            limits: None,
            started_at: None,
            stopped_at: now,
        }
    }
}

/// The end of another attempt that had done everything.
pub(crate) fn exit_by(manifest: Manifest) -> RunExit {
    RunExit {
        end: manifest.end,
        exit_code: exit_code_of(manifest.end),
        message: manifest.message,
        last_words: None,
        limits: None,
        started_at: manifest.started_at,
        stopped_at: manifest.stopped_at,
    }
}

/// What the runner exits with after such an end.
pub(crate) fn exit_code_of(end: ProgramEnd) -> i32 {
    match end {
        ProgramEnd::Exited {
            code: exit_codes::STOPPED..=exit_codes::OUT_OF_MEMORY,
        } => AMBIGUOUS_EXIT_CODE,
        ProgramEnd::Exited { code } => code,
        ProgramEnd::Signalled { signal } => 128 + signal,
        ProgramEnd::OutOfMemory => exit_codes::OUT_OF_MEMORY,
        ProgramEnd::TimedOut { .. } => exit_codes::TIMED_OUT,
        ProgramEnd::Stopped => exit_codes::STOPPED,
        ProgramEnd::NotStarted => exit_codes::NOT_STARTED,
    }
}
