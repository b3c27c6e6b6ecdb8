//! A Redis for one test.

use std::fmt::Debug;
use std::io;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use super::certificate::Certificates;
use super::container::RedisContainer;
use super::process::{RedisProcess, Refusal};
use super::wire::{Connection, RedisReply};
use crate::docker::DockerEngine;
use crate::port::Port;
use crate::program;

/// What it logs when it listens.
pub(super) const READY: &str = "Ready to accept connections";
/// Where Linux has files that are in no disk's way.
const IN_MEMORY_FOLDER: &str = "/dev/shm";
/// Bytes that must be free there: more than all tests that run at once write.
const ROOM: u64 = 48 << 20;
const IN_MEMORY: [&str; 4] = ["--save", "", "--appendonly", "no"];

/// A Redis of its own for one test, on this machine's loopback address.
///
/// Nothing of it is left when it is dropped, when the test panics, or when the
/// test's process is killed. All methods block, for milliseconds; they may be
/// called from async code that has the test for itself.
#[derive(Debug)]
pub struct RedisServer {
    // Before its folder, which is removed when nobody writes there any more.
    host: Box<dyn Host>,
    port: Port,
    tls: Option<Tls>,
    arguments: Vec<String>,
    folder: TempDir,
}

/// What a Redis runs as.
pub(super) trait Host: Debug + Send + Sync {
    /// Returns when it is gone.
    fn kill(&self);
    /// Returns when it is ready; panics in its own words where it does not get ready.
    fn start_again(&self);
    fn pause(&self);
    fn resume(&self);
    /// Since it was started last.
    fn log(&self) -> String;
}

#[derive(Debug)]
struct Tls {
    port: Port,
    certificates: Certificates,
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
    /// It is `redis-server` from the `PATH`; where that is missing, a container
    /// as of [`in_container`](Self::in_container).
    ///
    /// # Panics
    ///
    /// With what to install, where there is no Redis; with Redis' own words,
    /// where it refuses the arguments.
    #[must_use]
    pub fn start_with(arguments: &[&str]) -> Self {
        if program::of_the_system("redis-server").is_none() && DockerEngine::is_found_by_all() {
            return Self::in_container_with(arguments);
        }
        Self::start_process(arguments, false)
    }

    /// A Redis that speaks TLS, with a certificate of [its own
    /// authority](Self::certificate_authority) for `127.0.0.1` and `localhost`.
    ///
    /// # Panics
    ///
    /// As [`start_with`](Self::start_with); it is never a container.
    #[must_use]
    pub fn start_tls() -> Self {
        Self::start_process(&[], true)
    }

    /// A Redis in a container of the image `redis:7`, by `testcontainers`,
    /// which takes ten times as long as a process.
    ///
    /// `testcontainers` finds the engine by `DOCKER_HOST` or at its usual
    /// place, and fetches the image where the engine does not have it.
    ///
    /// # Panics
    ///
    /// Where no engine answers, or it does not start the container.
    #[must_use]
    pub fn in_container() -> Self {
        Self::in_container_with(&[])
    }

    fn in_container_with(arguments: &[&str]) -> Self {
        let port = Port::reserve();
        let arguments = owned(&[&IN_MEMORY, arguments].concat());
        Self {
            host: Box::new(RedisContainer::start(port.number(), &arguments)),
            port,
            tls: None,
            arguments,
            folder: temporary_folder(),
        }
    }

    pub(super) fn start_process(arguments: &[&str], with_tls: bool) -> Self {
        let folder = temporary_folder();
        let arguments = owned(&[&IN_MEMORY, arguments].concat());
        loop {
            let port = Port::reserve();
            let tls = with_tls.then(|| Tls {
                port: Port::reserve(),
                certificates: Certificates::make_in(folder.path()),
            });
            let mut command = Command::new(program::needed("redis-server", "redis-server"));
            command
                .args(["--bind", "127.0.0.1", "--port", &port.number().to_string()])
                .arg("--dir")
                .arg(folder.path())
                .args(&arguments);
            if let Some(tls) = &tls {
                command
                    .args(["--tls-port", &tls.port.number().to_string()])
                    .args(tls.certificates.redis_arguments());
            }
            match RedisProcess::start(command, folder.path()) {
                Ok(process) => {
                    return Self {
                        host: Box::new(process),
                        port,
                        tls,
                        arguments,
                        folder,
                    };
                }
                // By somebody who knows nothing of our reservations.
                Err(Refusal::PortIsTaken) => {}
                Err(Refusal::Other(words)) => panic!("{words}"),
            }
        }
    }

    /// `redis://127.0.0.1:{port}`, or `rediss://…` with TLS.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.tls.is_some() {
            "rediss"
        } else {
            "redis"
        };
        format!("{scheme}://127.0.0.1:{}", self.port())
    }

    /// The port that it listens on; the same after [`start_again`](Self::start_again).
    #[must_use]
    pub fn port(&self) -> u16 {
        let port = self.tls.as_ref().map_or(&self.port, |tls| &tls.port);
        port.number()
    }

    /// The file, in PEM, of the authority that vouches for it.
    ///
    /// # Panics
    ///
    /// Without TLS.
    #[must_use]
    pub fn certificate_authority(&self) -> &Path {
        let tls = self.tls.as_ref().expect("started by `start_tls`");
        &tls.certificates.authority
    }

    /// Its own folder, where its files lie.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Kills it without a chance to tidy up. Returns when it is gone.
    pub fn kill(&self) {
        self.host.kill();
    }

    /// Starts it again after [`kill`](Self::kill): same port, same arguments, same files.
    ///
    /// # Panics
    ///
    /// With Redis' own words, where it does not start.
    pub fn start_again(&self) {
        self.host.start_again();
    }

    /// Makes it stand still: connections stay open, and nothing is answered.
    ///
    /// # Panics
    ///
    /// After [`kill`](Self::kill).
    pub fn pause(&self) {
        self.host.pause();
    }

    /// Lets it go on after [`pause`](Self::pause).
    ///
    /// # Panics
    ///
    /// After [`kill`](Self::kill).
    pub fn resume(&self) {
        self.host.resume();
    }

    /// Asks it by a connection of its own, such as `["SET", "colour", "blue"]`,
    /// and returns what `redis-cli` would write into a pipe.
    ///
    /// With TLS it goes by a second port, without.
    ///
    /// # Panics
    ///
    /// Where it can't be reached or refuses.
    pub fn cli(&self, command: &[&str]) -> String {
        match self.ask(command) {
            Ok(RedisReply::Error(refusal)) => panic!("Redis refuses {command:?}: {refusal}"),
            Ok(reply) => reply.into_text(),
            Err(error) => panic!(
                "{} could not be asked {command:?}: {error}; it has logged:\n{}",
                self.url(),
                self.log()
            ),
        }
    }

    /// As [`cli`](Self::cli), for commands that may be refused.
    ///
    /// # Errors
    ///
    /// Where it can't be reached, or does not answer in two minutes.
    pub fn ask(&self, command: &[&str]) -> io::Result<RedisReply> {
        self.ask_in_turn(&[command])
    }

    /// As [`ask`](Self::ask), for commands that need the same connection, such as
    /// `ASKING` and the next. Returns what the last one was answered.
    ///
    /// # Errors
    ///
    /// As [`ask`](Self::ask).
    pub fn ask_in_turn(&self, commands: &[&[&str]]) -> io::Result<RedisReply> {
        let mut connection = Connection::open(self.port.number())?;
        if let Some(password) = self.argument("--requirepass") {
            connection.ask(&["AUTH", password])?;
        }
        let mut last = RedisReply::Nil;
        for command in commands {
            last = connection.ask(command)?;
        }
        Ok(last)
    }

    /// What it has printed since it was started last.
    #[must_use]
    pub fn log(&self) -> String {
        self.host.log()
    }

    fn argument(&self, name: &str) -> Option<&str> {
        let at = self
            .arguments
            .iter()
            .position(|argument| argument == name)?;
        self.arguments.get(at + 1).map(String::as_str)
    }
}

/// In memory, where the machine has a place for that. A process that is killed leaves the same files
/// behind on a disk, but where that is slow, Redis answers nobody while it waits for it.
fn temporary_folder() -> TempDir {
    let mut folder = tempfile::Builder::new();
    folder.prefix("batchway-redis-");
    let made = if has_room(IN_MEMORY_FOLDER) {
        folder.tempdir_in(IN_MEMORY_FOLDER)
    } else {
        folder.tempdir()
    };
    made.unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"))
}

fn has_room(folder: &str) -> bool {
    rustix::fs::access(folder, rustix::fs::Access::WRITE_OK).is_ok()
        && rustix::fs::statvfs(folder).is_ok_and(|disk| disk.f_bavail * disk.f_frsize >= ROOM)
}

fn owned(arguments: &[&str]) -> Vec<String> {
    arguments.iter().map(ToString::to_string).collect()
}
