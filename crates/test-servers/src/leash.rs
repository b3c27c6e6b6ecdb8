//! Programs that don't outlive the test that started them.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal};

use crate::deadline;

const SCRIPT: &str = include_str!("leash.sh");

/// A program on a leash: a shell that kills it when this process lets go.
///
/// The leash is a pipe, which the kernel closes for a process that was killed.
/// `PR_SET_PDEATHSIG` would be the other way, but it follows the *thread* that
/// started the program, and the threads of an async runtime come and go.
#[derive(Debug)]
pub(crate) struct Leash {
    holder: Child,
    pid: Pid,
    log: PathBuf,
}

/// Why a program is not ready.
#[derive(Debug)]
pub(crate) enum NotReady {
    /// It ended by itself; with what it had said.
    Ended(String),
    /// It did not say so in time; with what it had said.
    Silent(String),
}

impl Leash {
    /// Starts `command` (its program, arguments and variables); what it prints goes into `log`.
    pub(crate) fn start(command: &Command, log: &Path) -> Self {
        let mut shell = Command::new("sh");
        shell.args(["-c", SCRIPT, "leash"]);
        shell.arg(log).arg(command.get_program());
        shell.args(command.get_args());
        for (name, value) in command.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let mut holder = shell
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("could not start `sh`: {error}"));

        let output = holder.stdout.take().expect("it was asked for as a pipe");
        let mut first_line = String::new();
        let pid = BufReader::new(output)
            .read_line(&mut first_line)
            .ok()
            .and_then(|_| first_line.trim().parse().ok())
            .and_then(Pid::from_raw)
            .unwrap_or_else(|| panic!("{} was not started", command.get_program().display()));
        Self {
            holder,
            pid,
            log: log.to_path_buf(),
        }
    }

    /// Waits until the log of the program contains `sentence`.
    pub(crate) fn wait_for(&self, sentence: &str, limit: Duration) -> Result<(), NotReady> {
        deadline::within(limit, || {
            // Asked before the log is read: it may say so and end.
            let has_ended = self.has_ended();
            let log = self.log();
            if log.contains(sentence) {
                Some(Ok(()))
            } else {
                has_ended.then_some(Err(NotReady::Ended(log)))
            }
        })
        .unwrap_or_else(|| Err(NotReady::Silent(self.log())))
    }

    /// What the program has printed since it was started.
    pub(crate) fn log(&self) -> String {
        std::fs::read(&self.log)
            .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
            .unwrap_or_default()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        rustix::process::kill_process(self.pid, signal)
            .unwrap_or_else(|error| panic!("could not signal process {:?}: {error}", self.pid));
    }

    pub(crate) fn process_id(&self) -> u32 {
        self.pid.as_raw_nonzero().get().unsigned_abs()
    }

    /// Whether the program has ended by itself, where `/proc` can tell.
    pub(crate) fn has_ended(&self) -> bool {
        std::fs::read_to_string(format!("/proc/{}/stat", self.process_id())).is_ok_and(|stat| {
            // The name before it stands in parentheses and may contain anything.
            stat.rsplit_once(") ")
                .is_some_and(|(_, fields)| fields.starts_with('Z'))
        })
    }
}

impl Drop for Leash {
    /// Returns when the program is gone.
    fn drop(&mut self) {
        drop(self.holder.stdin.take());
        if let Err(error) = self.holder.wait() {
            assert!(
                std::thread::panicking(),
                "could not wait for the end of a server: {error}"
            );
        }
    }
}
