//! Servers that all tests of a run share, each test in a process of its own.
//!
//! The first who needs a server starts it beside a *keeper*, a small shell
//! script that ends it when nobody has used it for a while. So a test that is
//! run alone gets its servers as one in a long run does, and neither leaves
//! anything running. What is true is said by locks, which the kernel frees
//! however their holders end, and never by process numbers in files, which may
//! be another program's by then. The locks are described in `keeper.sh`.

use std::fs::{File, OpenOptions};
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::build_folder::servers_folder;
use crate::deadline;
use crate::port::Port;

const KEEPER: &str = include_str!("keeper.sh");
/// For a machine on which everything starts at once, from a cold disk; moto itself takes a second.
const START_LIMIT: Duration = Duration::from_secs(180);
/// The keeper asks politely for 25 seconds of this: an engine gives its containers 15.
const END_LIMIT: Duration = Duration::from_secs(100);

/// One kind of server, of which all processes share one.
#[derive(Debug)]
pub(crate) struct SharedServer {
    name: &'static str,
    folder: PathBuf,
    idle_limit: Duration,
}

/// How to start a server: what to run, and what it prints when it is ready.
pub(crate) struct Start {
    pub(crate) command: Command,
    /// Words for those who come later, such as its address.
    pub(crate) address: String,
    pub(crate) ready: &'static str,
    /// Kept from the others until it listens there.
    pub(crate) port: Option<Port>,
}

/// A server, and the lock that says that it is in use.
pub(crate) struct Joined {
    pub(crate) address: String,
    in_use: File,
}

impl Joined {
    /// An address that was handed out is in use as long as this process lives,
    /// whatever becomes of the value that it came from.
    pub(crate) fn until_exit(self) -> String {
        static IN_USE: Mutex<Vec<File>> = Mutex::new(Vec::new());
        IN_USE
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(self.in_use);
        self.address
    }
}

impl SharedServer {
    /// `idle_limit`: whole seconds without a user after which it is ended.
    pub(crate) fn named(name: &'static str, idle_limit: Duration) -> Self {
        Self {
            name,
            folder: servers_folder(name),
            idle_limit,
        }
    }

    /// Joins the users of the server that runs, or of one that is started now.
    pub(crate) fn join(&self, answers: impl Fn(&str) -> bool, start: impl Fn() -> Start) -> Joined {
        let gate = self.open("gate");
        self.locked(gate.lock());
        let in_use = self.open("users");
        self.locked(in_use.lock_shared());
        if self.is_alive() {
            let address = self.address();
            if let Some(address) = address.filter(|address| answers(address)) {
                return Joined { address, in_use };
            }
            // It hangs, or its starter was killed before it could write the address.
            self.end_behind_gate();
        }
        let address = self.start(start());
        Joined { address, in_use }
    }

    /// Ends the server if there is one. Returns when it is gone.
    pub(crate) fn end(&self) {
        let gate = self.open("gate");
        self.locked(gate.lock());
        self.end_behind_gate();
    }

    /// Whether there is a keeper, and thus a server.
    pub(crate) fn is_alive(&self) -> bool {
        self.open("alive").try_lock().is_err()
    }

    fn start(&self, start: Start) -> String {
        let alive = self.open("alive");
        self.locked(alive.lock());
        let log = self.folder.join("log");
        for stale in ["end", "log", "address"] {
            // Mostly there is none.
            let _ = std::fs::remove_file(self.folder.join(stale));
        }

        self.start_keeper(&start.command, alive);
        let read_log = || {
            let bytes = std::fs::read(&log).unwrap_or_default();
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let is_ready = deadline::within(START_LIMIT, || {
            let has_ended = !self.is_alive();
            if read_log().contains(start.ready) {
                return Some(true);
            }
            has_ended.then_some(false)
        });
        match is_ready {
            // Who looks for a port now sees that it is taken.
            Some(true) => drop(start.port),
            Some(false) => panic!("{} ended at once:\n{}", self.name, read_log()),
            None => panic!(
                "{} was not ready within {} seconds:\n{}",
                self.name,
                START_LIMIT.as_secs(),
                read_log()
            ),
        }
        let path = self.folder.join("address");
        std::fs::write(&path, &start.address)
            .unwrap_or_else(|error| panic!("could not write {}: {error}", path.display()));
        start.address
    }

    #[expect(
        clippy::zombie_processes,
        reason = "the keeper outlives this process: its end is told by its lock"
    )]
    fn start_keeper(&self, server: &Command, alive: File) {
        let mut keeper = Command::new("sh");
        keeper
            .args(["-c", KEEPER, "keeper"])
            .arg(self.idle_limit.as_secs().to_string())
            .arg(server.get_program())
            .args(server.get_args());
        for (name, value) in server.get_envs() {
            match value {
                Some(value) => keeper.env(name, value),
                None => keeper.env_remove(name),
            };
        }
        keeper
            .current_dir(&self.folder)
            // Test runners end the process group of a test.
            .process_group(0)
            .stdin(alive)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("could not start `sh`: {error}"));
    }

    fn end_behind_gate(&self) {
        if !self.is_alive() {
            return;
        }
        drop(self.open("end"));
        deadline::within(END_LIMIT, || (!self.is_alive()).then_some(())).unwrap_or_else(|| {
            panic!(
                "{} did not end within {} seconds: see {}",
                self.name,
                END_LIMIT.as_secs(),
                self.folder.join("log").display()
            )
        });
    }

    fn address(&self) -> Option<String> {
        std::fs::read_to_string(self.folder.join("address")).ok()
    }

    fn open(&self, name: &str) -> File {
        let path = self.folder.join(name);
        OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .read(true)
            .open(&path)
            .unwrap_or_else(|error| panic!("could not open {}: {error}", path.display()))
    }

    fn locked(&self, result: std::io::Result<()>) {
        result.unwrap_or_else(|error| {
            panic!(
                "{} does not support file locks: {error}",
                self.folder.display()
            )
        });
    }
}

#[cfg(test)]
mod tests;
