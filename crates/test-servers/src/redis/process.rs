//! A Redis as a process of this machine.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;

use super::server::{Host, READY};
use crate::leash::{Leash, NotReady};

/// It takes 30 ms; the rest is for a machine on which everything runs at once.
const START_LIMIT: Duration = Duration::from_secs(150);
const TAKEN: &str = "Address already in use";

/// `redis-server` on a leash, which can be started more than once.
#[derive(Debug)]
pub(super) struct RedisProcess {
    command: Command,
    log: PathBuf,
    running: Mutex<Option<Leash>>,
}

/// Why it did not start.
pub(super) enum Refusal {
    /// Its port is another's.
    PortIsTaken,
    /// In its own words.
    Other(String),
}

impl RedisProcess {
    pub(super) fn start(command: Command, folder: &Path) -> Result<Self, Refusal> {
        let process = Self {
            command,
            log: folder.join("redis.log"),
            running: Mutex::default(),
        };
        process.try_start()?;
        Ok(process)
    }

    fn try_start(&self) -> Result<(), Refusal> {
        let leash = Leash::start(&self.command, &self.log);
        match leash.wait_for(READY, START_LIMIT) {
            Ok(()) => {
                *self.running() = Some(leash);
                Ok(())
            }
            Err(NotReady::Ended(log)) if log.contains(TAKEN) => Err(Refusal::PortIsTaken),
            Err(NotReady::Ended(log)) => {
                let words = format!("redis-server ended at once:\n{log}");
                Err(Refusal::Other(words))
            }
            Err(NotReady::Silent(log)) => Err(Refusal::Other(format!(
                "redis-server was not ready within {} seconds:\n{log}",
                START_LIMIT.as_secs()
            ))),
        }
    }

    fn signal(&self, signal: Signal) {
        self.running()
            .as_ref()
            .expect("a Redis that was killed can't be signalled")
            .signal(signal);
    }

    fn running(&self) -> MutexGuard<'_, Option<Leash>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Host for RedisProcess {
    fn kill(&self) {
        self.running().take();
    }

    fn start_again(&self) {
        self.kill();
        match self.try_start() {
            Ok(()) => {}
            Err(Refusal::PortIsTaken) => panic!("somebody took the port of a Redis that was down"),
            Err(Refusal::Other(words)) => panic!("{words}"),
        }
    }

    fn pause(&self) {
        self.signal(Signal::STOP);
    }

    fn resume(&self) {
        self.signal(Signal::CONT);
    }

    fn log(&self) -> String {
        // The file stays when the process is gone.
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}
