//! A gateway on a free port, with its store, in a folder of its own that goes with it.

use std::io::{BufRead, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Store;
use crate::failure::{Failure, Outcome};
use crate::process;

const JOB_TYPES: &str = include_str!("../../fuzz-api/job-types.toml");

/// How long the gateway may take to listen.
const PATIENCE: Duration = Duration::from_secs(60);

/// A running gateway.
pub(super) struct Installation {
    pub(super) folder: PathBuf,
    pub(super) address: SocketAddr,
    programs: PathBuf,
    variables: Vec<(&'static str, String)>,
    gateway: Child,
    /// Ends with the gateway, and has what it called an error.
    log: Option<JoinHandle<Vec<String>>>,
    redis: Option<Redis>,
}

impl Installation {
    /// `target` is where the programs were built, and the folder is made there.
    pub(super) fn start(target: &Path, store: Store) -> Outcome<Self> {
        let programs = target.join("debug");
        let name = format!("fuzz-api-{}-{}", store.name(), std::process::id());
        let folder = target.join("xtask").join(name);
        remove(&folder)?;
        std::fs::create_dir_all(&folder).map_err(Failure::at(&folder, "make"))?;
        let job_types = folder.join("job-types.toml");
        std::fs::write(&job_types, JOB_TYPES).map_err(Failure::at(&job_types, "write"))?;

        let redis = match store {
            Store::Sqlite => None,
            Store::Redis => Some(Redis::start(&programs)?),
        };
        let mut variables = vec![
            ("BATCHWAY_DATA_DIR", shown(&folder.join("data"))),
            ("BATCHWAY_JOB_TYPES", shown(&job_types)),
            // Two places are held by jobs that stand.
            ("BATCHWAY_PROCESS_CONCURRENCY", "4".to_owned()),
            // Where the webhooks are taken.
            ("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8".to_owned()),
            ("BATCHWAY_LOG", "warn,batchway::life_cycle=info".to_owned()),
        ];
        if let Some(redis) = &redis {
            variables.push(("REDIS_URL", redis.url.clone()));
        }
        let mut gateway = command(&programs, &folder, &variables)
            .args(["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::because(format!("cannot start the gateway: {error}")))?;
        let output = gateway
            .stderr
            .take()
            .expect("standard error was asked for as a pipe");
        let (listening, address) = mpsc::channel();
        let log = std::thread::spawn(move || read_log(output, &listening));
        let mut installation = Self {
            folder,
            address: SocketAddr::from(([127, 0, 0, 1], 0)),
            programs,
            variables,
            gateway,
            log: Some(log),
            redis,
        };
        installation.address = address_of(&address).ok_or_else(|| {
            let said = installation.stop().join("\n");
            Failure::because(format!("the gateway did not listen; it said:\n{said}"))
        })?;
        Ok(installation)
    }

    /// A new API key.
    pub(super) fn create_key(&self, user: &str) -> Outcome<String> {
        let mut command = command(&self.programs, &self.folder, &self.variables);
        let key = process::capture(command.args(["keys", "create", "--user", user]))?;
        Ok(key.trim().to_owned())
    }

    /// Ends the gateway and answers what it called an error while it ran.
    pub(super) fn stop(&mut self) -> Vec<String> {
        // It may have ended already, which is as good.
        let _ = self.gateway.kill();
        let _ = self.gateway.wait();
        let log = self.log.take().map(JoinHandle::join);
        log.and_then(Result::ok).unwrap_or_default()
    }
}

impl Drop for Installation {
    fn drop(&mut self) {
        self.stop();
        self.redis.take();
        if let Err(failure) = remove(&self.folder) {
            println!("left behind: {failure}");
        }
    }
}

/// The gateway's program with these settings and nothing else of ours.
fn command(programs: &Path, folder: &Path, variables: &[(&'static str, String)]) -> Command {
    let mut command = Command::new(programs.join("batchway"));
    command
        .current_dir(folder)
        .env_clear()
        .env("PATH", "/usr/local/bin:/usr/bin:/bin")
        .env("HOME", folder)
        .envs(variables.iter().cloned())
        .stdin(Stdio::null());
    command
}

fn shown(path: &Path) -> String {
    path.display().to_string()
}

/// Reads to the end, as nobody may wait for a full pipe.
fn read_log(output: ChildStderr, listening: &Sender<String>) -> Vec<String> {
    let mut errors = Vec::new();
    for line in BufReader::new(output).lines().map_while(Result::ok) {
        if line.contains("listening on http://") {
            // Whoever waited for it may be gone.
            let _ = listening.send(line);
        } else if !line.contains(r#""level":"WARN""#) && !line.contains(r#""level":"INFO""#) {
            errors.push(line);
        }
    }
    errors
}

fn address_of(listening: &Receiver<String>) -> Option<SocketAddr> {
    let line = listening.recv_timeout(PATIENCE).ok()?;
    let (_, rest) = line.split_once("listening on http://")?;
    rest.split([',', '"', ' ']).next()?.parse().ok()
}

/// Jobs outlive the gateway: the last of them may still write into the folder that goes.
fn remove(folder: &Path) -> Outcome {
    let mut outcome = Ok(());
    for _ in 0..100 {
        outcome = match std::fs::remove_dir_all(folder) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
            outcome => outcome,
        };
        if outcome.is_ok() {
            break;
        }
        pause();
    }
    outcome.map_err(Failure::at(folder, "remove"))
}

#[expect(
    clippy::disallowed_methods,
    reason = "a program that ends tells nobody here"
)]
fn pause() {
    std::thread::sleep(Duration::from_millis(100));
}

/// A Redis that ends when its standard input does.
struct Redis {
    keeper: Child,
    url: String,
}

impl Redis {
    fn start(programs: &Path) -> Outcome<Self> {
        let mut keeper = Command::new(programs.join("batchway-test-servers"))
            .arg("redis")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| Failure::because(format!("cannot start Redis: {error}")))?;
        let output = keeper
            .stdout
            .take()
            .expect("standard output was asked for as a pipe");
        let mut url = String::new();
        let read = BufReader::new(output).read_line(&mut url);
        let redis = Self {
            keeper,
            url: url.trim().to_owned(),
        };
        match read {
            Ok(bytes) if bytes > 0 => Ok(redis),
            _ => Err(Failure::because(
                "Redis did not start; what it said stands above",
            )),
        }
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        drop(self.keeper.stdin.take());
        // Nothing more can be done about one that does not end.
        let _ = self.keeper.wait();
    }
}
