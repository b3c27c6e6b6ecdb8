//! A PostgreSQL for one test.

use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rustix::process::Signal;
use tempfile::TempDir;

use crate::deadline;
use crate::leash::{Leash, NotReady};
use crate::port::Port;
use crate::program;

const READY: &str = "database system is ready to accept connections";
const TAKEN: &str = "Address already in use";
/// It takes a tenth of a second; the rest is for a machine on which everything runs at once.
const START_LIMIT: Duration = Duration::from_secs(150);
const END_LIMIT: Duration = Duration::from_secs(60);
/// Where Debian puts each version's programs.
const VERSIONS: &str = "/usr/lib/postgresql";
const PACKAGE: &str = "postgresql";
/// It runs under this user where the tests run as root, which it refuses.
const USER: &str = "postgres";
/// What makes a small one that forgets everything when its machine stops.
const SETTINGS: [&str; 5] = [
    "fsync=off",
    "full_page_writes=off",
    "shared_buffers=8MB",
    "max_connections=40",
    "unix_socket_directories=",
];

/// A PostgreSQL of its own for one test, on this machine's loopback address. Anyone who can reach
/// it may do anything as `postgres`.
#[derive(Debug)]
pub struct Postgres {
    // Before its folder, which is removed when nobody writes there any more.
    running: Mutex<Option<Leash>>,
    port: Port,
    folder: TempDir,
}

impl Postgres {
    /// An empty one.
    ///
    /// # Panics
    ///
    /// With what to install, where there is none; with its own words, where it does not start.
    #[must_use]
    pub fn start() -> Self {
        let folder = TempDir::with_prefix("batchway-postgres-")
            .unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        if let Some((user, group)) = other_user() {
            chown(folder.path(), Some(user), Some(group))
                .unwrap_or_else(|error| panic!("could not give a folder to {USER}: {error}"));
        }
        let data = folder.path().join("data");
        let mut command = as_its_user("initdb");
        command.args(["--no-sync", "--auth=trust", "--username=postgres"]);
        command.args([
            "--encoding=UTF8",
            "--no-locale",
            "--wal-segsize=1",
            "--pgdata",
        ]);
        succeed(command.arg(&data));
        loop {
            let server = Port::reserve();
            match try_start(&data, server.number()) {
                Ok(leash) => {
                    return Self {
                        running: Mutex::new(Some(leash)),
                        port: server,
                        folder,
                    };
                }
                // By somebody who knows nothing of our reservations.
                Err(words) if words.contains(TAKEN) => {}
                Err(words) => panic!("{words}"),
            }
        }
    }

    /// The port that it listens on; the same after [`start_again`](Self::start_again).
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.number()
    }

    /// Does this as `postgres`, all of it or nothing, and returns what `psql` prints of it: a line
    /// a row, `|` between its columns.
    ///
    /// # Panics
    ///
    /// With what PostgreSQL says, where it refuses.
    pub fn sql(&self, statements: &str) -> String {
        let mut command = Command::new(program_of("psql"));
        command.args(["--no-psqlrc", "--quiet", "--tuples-only", "--no-align"]);
        command.args(["--set=ON_ERROR_STOP=1", "--single-transaction"]);
        command.args([
            "--host=127.0.0.1",
            "--username=postgres",
            "--dbname=postgres",
        ]);
        command.arg(format!("--port={}", self.port()));
        succeed(command.args(["--command", statements]))
    }

    /// Ends it; what was committed is there when it is started again.
    pub fn stop(&self) {
        if let Some(leash) = self.running().take() {
            end(&leash);
        }
    }

    /// Starts it again after [`stop`](Self::stop).
    ///
    /// # Panics
    ///
    /// With its own words, where it does not start.
    pub fn start_again(&self) {
        self.stop();
        let started = try_start(&self.folder.path().join("data"), self.port());
        *self.running() = Some(started.unwrap_or_else(|words| panic!("{words}")));
    }

    fn running(&self) -> MutexGuard<'_, Option<Leash>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
    }
}

/// With a word first: one that is killed leaves a little shared memory of the system's behind.
fn end(leash: &Leash) {
    leash.signal(Signal::INT);
    deadline::within(END_LIMIT, || leash.has_ended().then_some(()));
}

fn try_start(data: &Path, port: u16) -> Result<Leash, String> {
    let mut command = as_its_user("postgres");
    command.arg("-D").arg(data).args(["-p", &port.to_string()]);
    command.args(["-c", "listen_addresses=127.0.0.1"]);
    for setting in SETTINGS {
        command.args(["-c", setting]);
    }
    let log = data.with_file_name("postgres.log");
    let leash = Leash::start(&command, &log);
    match leash.wait_for(READY, START_LIMIT) {
        Ok(()) => Ok(leash),
        Err(NotReady::Ended(words)) => Err(format!("postgres ended at once:\n{words}")),
        Err(NotReady::Silent(words)) => Err(format!("postgres did not get ready:\n{words}")),
    }
}

/// One of its programs, under a user that it takes.
fn as_its_user(name: &str) -> Command {
    let program = program_of(name);
    if other_user().is_none() {
        return Command::new(program);
    }
    let mut command = Command::new(program::needed("setpriv", "util-linux"));
    command.args(["--reuid", USER, "--regid", USER, "--clear-groups"]);
    command.arg(program);
    command
}

/// The newest version that is installed, or what is on the `PATH`.
fn program_of(name: &str) -> PathBuf {
    let versions = std::fs::read_dir(VERSIONS).into_iter().flatten().flatten();
    let newest = versions
        .map(|version| version.path())
        .filter(|version| version.join("bin/postgres").is_file())
        .max_by_key(|version| {
            let number = version.file_name().and_then(|name| name.to_str());
            number.and_then(|number| number.parse::<u32>().ok())
        });
    match newest {
        Some(version) => version.join("bin").join(name),
        None => program::needed(name, PACKAGE),
    }
}

/// User and group to run it as, where this is root.
fn other_user() -> Option<(u32, u32)> {
    if !rustix::process::geteuid().is_root() {
        return None;
    }
    let number = |option: &str| {
        succeed(Command::new("id").args([option, USER]))
            .parse()
            .unwrap_or_else(|_| panic!("`id {option} {USER}` gives a number"))
    };
    Some((number("-u"), number("-g")))
}

/// Runs a program to its end and returns what it printed.
fn succeed(command: &mut Command) -> String {
    let output = command
        .stdin(Stdio::null())
        .output()
        .unwrap_or_else(|error| panic!("could not start {command:?}: {error}"));
    let printed = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
    assert!(
        output.status.success(),
        "{command:?} failed:\n{}",
        printed(&output.stderr)
    );
    printed(&output.stdout)
}
