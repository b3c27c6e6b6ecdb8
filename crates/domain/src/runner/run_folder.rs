//! What the process backend and its runner write down for each other in the folder of a run.
//!
//! ```text
//! runs/{job id}-{try}/
//!   submission.json  by the backend, before the folder has its name   RunSubmission
//!   run.lock         locked from before that until the runner is gone
//!   runner.json      by the runner, before it does anything           RunnerRecord
//!   program.json     by the runner, before and after the start        ProgramRecord
//!   stop.json        by the backend, before it signals                StopRequest
//!   exit.json        by the runner, as its last act                   RunExit
//!   abandoned.json   by the backend, where the runner left none       Abandonment
//!   runner.log       what the runner itself has to say
//!   program.log      what the program says                            see `program_log`
//!   work/            the program's folders, until its results are stored
//! ```
//!
//! A run is *accepted* from the moment that `runner.json` is there. A folder without it whose
//! lock is free has never done anything and never will by itself, so its name may be used again.
//! Every file is written under another name, synced, and renamed: it is there whole or not at all.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::artifacts::ProgramEnd;
use crate::job::{BackendId, Failure, RequestHash, Target};

/// Names in the folder of a run.
pub mod files {
    /// What is to be run; mode 0600, as it holds the job's token.
    pub const SUBMISSION: &str = "submission.json";
    /// Locked (`flock`) while the runner lives.
    pub const LOCK: &str = "run.lock";
    /// Who runs it.
    pub const RUNNER: &str = "runner.json";
    /// The program that it started.
    pub const PROGRAM: &str = "program.json";
    /// That the run is to be stopped, and why.
    pub const STOP: &str = "stop.json";
    /// How it ended.
    pub const EXIT: &str = "exit.json";
    /// How it ended where its runner could not say so.
    pub const ABANDONED: &str = "abandoned.json";
    /// What the runner itself has to say.
    pub const RUNNER_LOG: &str = "runner.log";
    /// What the program says, as [`program_log`](crate::runner::program_log) has it.
    pub const PROGRAM_LOG: &str = "program.log";
    /// The program's folders.
    pub const WORK: &str = "work";
}

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunSubmission {
    /// Version of this format; 1.
    pub version: u32,
    /// The try's name.
    pub name: String,
    /// The backend's id of it.
    pub backend_id: BackendId,
    /// What it was sent to.
    pub target: Target,
    /// Tells it from what else bears the name.
    pub request_hash: RequestHash,
    /// When the backend took it.
    pub submitted_at: Timestamp,
    /// The program and its arguments.
    pub command: Vec<String>,
    /// The runner's configuration, and what the program finds in its environment.
    pub environment: BTreeMap<String, String>,
}

impl RunSubmission {
    /// The version that this code writes, and the only one that it reads.
    pub const VERSION: u32 = 1;
}

/// One process of one boot of one machine. A number alone may be another's by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessIdentity {
    /// The number.
    pub pid: i32,
    /// When it started, in clock ticks since the boot (field 22 of `/proc/{pid}/stat`).
    pub start_time: u64,
}

impl ProcessIdentity {
    /// Reads the text of `/proc/{pid}/stat`; `None` where it is something else.
    pub fn parse(stat: &str) -> Option<Self> {
        let pid = stat.split(' ').next()?.parse().ok()?;
        // The name in parentheses may hold anything, also parentheses and spaces.
        let (_, after_name) = stat.rsplit_once(") ")?;
        // The first field after the name is field 3.
        let start_time = after_name.split(' ').nth(22 - 3)?.trim_end().parse().ok()?;
        Some(Self { pid, start_time })
    }
}

/// Who runs it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerRecord {
    /// The machine's boot (`/proc/sys/kernel/random/boot_id`).
    pub boot_id: String,
    /// The runner.
    pub process: ProcessIdentity,
    /// Its session, which is nobody else's (field 6 of `/proc/{pid}/stat`).
    pub session: i32,
}

/// The program, and what holds it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProgramRecord {
    /// Which limits hold and by what means, in words.
    pub limits: String,
    /// Folders of the control groups made for it, to be removed after it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub control_groups: Vec<String>,
    /// The program, which leads a process group of its own; absent until it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub process: Option<ProcessIdentity>,
    /// When it was started.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
}

/// That a run is to be stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StopRequest {
    /// Why.
    pub reason: String,
    /// When that was asked for first.
    pub requested_at: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunExit {
    /// How the program ended.
    pub end: ProgramEnd,
    /// The runner's exit code: the program's, or one of [`super::exit_codes`].
    pub exit_code: i32,
    /// One sentence, where there is something to say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The last line that a program said which did not end well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_words: Option<String>,
    /// Which limits held and by what means, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub limits: Option<String>,
    /// When the program was started, where it was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended.
    pub stopped_at: Timestamp,
}

/// How a run ended whose runner left no word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Abandonment {
    /// What is known of the cause.
    pub failure: Failure,
    /// When it was found so.
    pub found_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_may_have_any_name() {
        let stat = "4242 (a) b) (c) S 1 4242 4242 0 -1 4194304 1 0 0 0 0 0 0 0 20 0 1 0 8765 1 2\n";
        let expected = ProcessIdentity {
            pid: 4242,
            start_time: 8765,
        };
        assert_eq!(ProcessIdentity::parse(stat), Some(expected));
        for other in ["", "4242", "4242 (a) S 1 2", "x (a) S"] {
            assert_eq!(ProcessIdentity::parse(other), None, "{other}");
        }
    }
}
