//! A Redis for one test.

use std::io;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use super::wire::{Connection, RedisReply};
use crate::leash::{Leash, NotReady};
use crate::port::Port;
use crate::program;

/// It takes 30 ms; the rest is for a machine on which everything runs at once.
const START_LIMIT: Duration = Duration::from_secs(60);
const READY: &str = "Ready to accept connections";
const TAKEN: &str = "Address already in use";

/// A Redis of its own for one test, on this machine's loopback address.
///
/// Nothing of it is left when it is dropped, when the test panics, or when the
/// test's process is killed. All methods block, for milliseconds; they may be
/// called from async code that has the test's thread for itself.
#[derive(Debug)]
pub struct RedisServer {
    port: Port,
    arguments: Vec<String>,
    // Before the folder, which is removed when the server no longer writes there.
    running: Mutex<Option<Leash>>,
    folder: TempDir,
}

impl RedisServer {
    /// A Redis that keeps everything in memory.
    ///
    /// # Panics
    ///
    /// With what to install, where there is no Redis.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// A Redis with further arguments, such as `["--maxmemory", "4mb"]`.
    ///
    /// They come after `--save "" --appendonly no` and so win over these. Files
    /// (`--appendonly yes`) lie in a folder that outlives [`kill`](Self::kill)
    /// but not the server. `--loglevel warning` would hide that it is ready.
    ///
    /// # Panics
    ///
    /// With what to install, where there is no Redis; with Redis' own words,
    /// where it refuses the arguments.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        let folder = TempDir::with_prefix("batchway-redis-")
            .unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        let mut server = Self {
            port: Port::reserve(),
            arguments: arguments.iter().map(ToString::to_string).collect(),
            running: Mutex::default(),
            folder,
        };
        loop {
            match server.try_start() {
                Ok(()) => return server,
                // Somebody who knows nothing of our reservations.
                Err(NotReady::Ended(log)) if log.contains(TAKEN) => server.port = Port::reserve(),
                Err(reason) => panic!("{}", refusal(reason)),
            }
        }
    }

    fn try_start(&self) -> Result<(), NotReady> {
        let mut command = Command::new(program::needed("redis-server", "redis-server"));
        command
            .args(["--port", &self.port().to_string()])
            .args(["--bind", "127.0.0.1", "--save", "", "--appendonly", "no"])
            .arg("--dir")
            .arg(self.folder.path())
            .args(&self.arguments);
        let leash = Leash::start(&command, &self.folder.path().join("redis.log"));
        leash.wait_for(READY, START_LIMIT)?;
        *self.running() = Some(leash);
        Ok(())
    }

    /// `redis://127.0.0.1:{port}`
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port())
    }

    /// The port that it listens on; the same after [`start_again`](Self::start_again).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Kills it without a chance to tidy up. Returns when it is gone.
    pub fn kill(&self) {
        self.running().take();
    }

    /// Starts it again after [`kill`](Self::kill): same port, same arguments, same files.
    ///
    /// # Panics
    ///
    /// With Redis' own words, where it does not start.
    pub fn start_again(&self) {
        self.kill();
        if let Err(reason) = self.try_start() {
            panic!("{}", refusal(reason));
        }
    }

    /// Makes it stand still: connections stay open, and nothing is answered.
    ///
    /// # Panics
    ///
    /// After [`kill`](Self::kill).
    pub fn pause(&self) {
        self.signal(Signal::STOP);
    }

    /// Lets it go on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// After [`kill`](Self::kill).
    pub fn resume(&self) {
        self.signal(Signal::CONT);
    }

    /// Asks it by a connection of its own, such as `["SET", "colour", "blue"]`,
    /// and returns what `redis-cli` would write into a pipe.
    ///
    /// # Panics
    ///
    /// Where it can't be reached or refuses.
    pub fn cli(&self, command: &[&str]) -> String {
        match self.ask(command) {
            Ok(RedisReply::Error(refusal)) => panic!("Redis refuses {command:?}: {refusal}"),
            Ok(reply) => reply.into_text(),
            Err(error) => panic!("{} could not be asked {command:?}: {error}", self.url()),
        }
    }

    /// As [`cli`](Self::cli), for commands that may be refused.
    ///
    /// # Errors
    ///
    /// Where it can't be reached, or does not answer in 30 seconds.
    pub fn ask(&self, command: &[&str]) -> io::Result<RedisReply> {
        let mut connection = Connection::open(self.port())?;
        if let Some(password) = self.argument("--requirepass") {
            connection.ask(&["AUTH", password])?;
        }
        connection.ask(command)
    }

    /// What it has printed since it was started last; empty after [`kill`](Self::kill).
    #[must_use]
    pub fn log(&self) -> String {
        self.running().as_ref().map(Leash::log).unwrap_or_default()
    }

    fn argument(&self, name: &str) -> Option<&str> {
        let at = self
            .arguments
            .iter()
            .position(|argument| argument == name)?;
        self.arguments.get(at + 1).map(String::as_str)
    }

    fn signal(&self, signal: Signal) {
        self.running()
            .as_ref()
            .expect("a Redis that was killed can't be signalled")
            .signal(signal);
    }

    fn running(&self) -> std::sync::MutexGuard<'_, Option<Leash>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refusal(reason: NotReady) -> String {
    match reason {
        NotReady::Ended(log) => format!("redis-server ended at once:\n{log}"),
        NotReady::Silent(log) => format!(
            "redis-server was not ready within {} seconds:\n{log}",
            START_LIMIT.as_secs()
        ),
    }
}
