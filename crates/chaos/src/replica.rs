//! One gateway of several, which is killed and comes back.

use std::fs::File;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_fault_proxy::FaultProxy;
use tokio::time::Instant;

use crate::Outcome;
use crate::programs::program;

/// How long a gateway may take to listen. It waits for a Redis that is down.
const START_LIMIT: Duration = Duration::from_secs(90);
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// From a start that failed to the next.
const START_AGAIN: Duration = Duration::from_millis(500);
const LISTENS: &str = "listening on http://";

/// What comes of a start.
enum Started {
    Listens(SocketAddr),
    /// With its last words.
    Ended(String),
}

/// A `batchway serve` that can be killed and started again, at one address.
#[derive(Debug)]
pub(crate) struct Replica {
    /// Callers and runners know this address, whatever port the process has.
    front: FaultProxy,
    folder: PathBuf,
    variables: Vec<(String, String)>,
    options: Vec<String>,
    process: Mutex<Option<Child>>,
    starts: AtomicU32,
    failed_starts: Mutex<Vec<String>>,
    is_up: AtomicBool,
    /// Times that it ended without having been killed.
    ends_of_its_own: AtomicU32,
}

impl Replica {
    /// Not started yet. Everything that it keeps and says lies in `folder`.
    pub(crate) fn new(
        front: FaultProxy,
        folder: PathBuf,
        variables: Vec<(String, String)>,
        options: &[&str],
    ) -> Outcome<Self> {
        std::fs::create_dir_all(&folder)?;
        Ok(Self {
            front,
            folder,
            variables,
            options: options.iter().map(ToString::to_string).collect(),
            process: Mutex::default(),
            starts: AtomicU32::new(0),
            failed_starts: Mutex::default(),
            is_up: AtomicBool::new(false),
            ends_of_its_own: AtomicU32::new(0),
        })
    }

    /// Where it is reached.
    pub(crate) fn address(&self) -> SocketAddr {
        self.front.address()
    }

    /// Returns once it listens. A start that fails, as its Redis was lost in the midst of it, is
    /// made again, as by whoever keeps services running.
    pub(crate) async fn start(&self) -> Outcome<()> {
        let deadline = Instant::now() + START_LIMIT;
        loop {
            match self.start_once(deadline).await? {
                Started::Listens(address) => {
                    self.front.set_upstream(address);
                    self.is_up.store(true, Ordering::Release);
                    return Ok(());
                }
                Started::Ended(words) if Instant::now() > deadline => {
                    return Err(format!("a gateway does not start: {words}").into());
                }
                Started::Ended(words) => self.failed_starts().push(words),
            }
            tokio::time::sleep(START_AGAIN).await;
        }
    }

    async fn start_once(&self, deadline: Instant) -> Outcome<Started> {
        let number = self.starts.fetch_add(1, Ordering::Relaxed) + 1;
        let log = self.log(number);
        let child = self
            .command()?
            .args(["serve", "--listen", "127.0.0.1:0"])
            .args(&self.options)
            .stderr(File::create(&log)?)
            .spawn()?;
        *self.process() = Some(child);
        loop {
            // Asked before the log is read: it may say why and end.
            let has_ended = self.has_ended();
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(address) = address_in(&said) {
                return Ok(Started::Listens(address));
            }
            if has_ended {
                self.process().take();
                let last = said.lines().last().unwrap_or_default();
                return Ok(Started::Ended(last.to_owned()));
            }
            if Instant::now() > deadline {
                return Err(format!("a gateway does not listen: {said}").into());
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The last words of starts that failed.
    pub(crate) fn failed_starts(&self) -> MutexGuard<'_, Vec<String>> {
        self.failed_starts
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    /// Ends it by SIGKILL. Returns when it is gone.
    pub(crate) fn kill(&self) {
        self.is_up.store(false, Ordering::Release);
        if self.has_ended() {
            self.ends_of_its_own.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(mut child) = self.process().take() {
            // It may have ended already, which was counted.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Whether it listens, as far as we know.
    pub(crate) fn is_up(&self) -> bool {
        self.is_up.load(Ordering::Acquire)
    }

    /// What it did that a gateway never does, in a sentence each.
    pub(crate) fn crashes(&self) -> Vec<String> {
        let mut crashes = Vec::new();
        let ends = self.ends_of_its_own.load(Ordering::Relaxed) + u32::from(self.has_ended());
        if ends > 0 {
            let folder = self.folder.display();
            crashes.push(format!(
                "a gateway ended by itself {ends} times: see {folder}"
            ));
        }
        for number in 1..=self.starts.load(Ordering::Relaxed) {
            let log = self.log(number);
            let said = std::fs::read_to_string(&log).unwrap_or_default();
            if let Some(line) = said.lines().find(|line| line.contains("panicked")) {
                crashes.push(format!("a gateway panicked: {line}; see {}", log.display()));
            }
        }
        crashes
    }

    fn has_ended(&self) -> bool {
        match self.process().as_mut() {
            Some(child) => !matches!(child.try_wait(), Ok(None)),
            None => false,
        }
    }

    fn log(&self, start: u32) -> PathBuf {
        self.folder.join(format!("log.{start}"))
    }

    /// A new API key of a user.
    pub(crate) fn create_key(&self, user: &str) -> Outcome<String> {
        self.say(&["keys", "create", "--user", user])
    }

    /// What a user's webhooks are signed with.
    pub(crate) fn webhook_secret(&self, user: &str) -> Outcome<String> {
        self.say(&["webhook-secret", "show", "--user", user])
    }

    /// What a command says that is run beside it.
    fn say(&self, arguments: &[&str]) -> Outcome<String> {
        let output = self
            .command()?
            .args(arguments)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .output()?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into());
        }
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    fn command(&self) -> Outcome<Command> {
        let mut command = Command::new(program("batchway")?);
        command
            .current_dir(&self.folder)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &self.folder)
            .env("BATCHWAY_DATA_DIR", self.folder.join("data"))
            .env("BATCHWAY_PUBLIC_URL", format!("http://{}", self.address()))
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        Ok(command)
    }

    fn process(&self) -> MutexGuard<'_, Option<Child>> {
        self.process.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Replica {
    fn drop(&mut self) {
        self.kill();
    }
}

fn address_in(log: &str) -> Option<SocketAddr> {
    let (_, after) = log.split_once(LISTENS)?;
    // The line may still be being written.
    let end = after.find(['"', ',', ' ', '\n'])?;
    after[..end].parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_read_once_it_is_written_whole() {
        let line = "{\"message\":\"listening on http://127.0.0.1:45";
        assert_eq!(address_in(line), None);
        let line = format!("{line}678\"}}");
        assert_eq!(address_in(&line), Some(([127, 0, 0, 1], 45678).into()));
    }
}
