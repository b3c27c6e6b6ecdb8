//! Starting and stopping the program under test.

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

use crate::api::Api;

/// How long anything may take that a test waits for, on a machine that does much else: longer than
/// any lease of what died.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// A folder with everything that one installation keeps.
pub(crate) struct Installation {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self {
            folder,
            variables: Vec::new(),
        }
    }

    /// An installation with the job types of [`crate::job_types`].
    pub(crate) fn with_test_job_types() -> Self {
        let installation = Self::new();
        let path = installation.path().join("job-types.toml");
        std::fs::write(&path, crate::job_types::FILE).unwrap();
        installation.set("BATCHWAY_JOB_TYPES", path.to_str().unwrap())
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn data(&self) -> PathBuf {
        self.variables
            .iter()
            .find(|(name, _)| name == "BATCHWAY_DATA_DIR")
            .map_or_else(|| self.path().join("data"), |(_, value)| value.into())
    }

    /// The program with this installation's settings and nothing else of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(program("batchway"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path())
            .env("BATCHWAY_DATA_DIR", self.data())
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// A new key of a user.
    pub(crate) fn create_key(&self, user: &str) -> String {
        let output = self.run(&["keys", "create", "--user", user]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts `batchway serve` on a free port and waits until it listens.
    pub(crate) fn serve(&self) -> Gateway {
        self.start(&["serve", "--listen", "127.0.0.1:0"])
    }

    pub(crate) fn start(&self, arguments: &[&str]) -> Gateway {
        let mut child = self
            .command(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stderr.take().unwrap());
        let mut gateway = Gateway {
            child,
            lines,
            log: Vec::new(),
            url: String::new(),
        };
        let listening = gateway.wait_for_line("listening on http://");
        let url = listening.split("listening on ").nth(1).unwrap();
        gateway.url = url.split(['"', ',', ' ']).next().unwrap().to_owned();
        gateway
    }
}

impl Drop for Installation {
    /// Jobs outlive the gateway, but not the test.
    fn drop(&mut self) {
        let Ok(runs) = std::fs::read_dir(self.data().join("runs")) else {
            return;
        };
        for run in runs.flatten() {
            let runner = std::fs::read(run.path().join("runner.json")).unwrap_or_default();
            let runner: Value = serde_json::from_slice(&runner).unwrap_or_default();
            let has_ended = run.path().join("exit.json").exists();
            let pid = runner["process"]["pid"]
                .as_i64()
                .and_then(|pid| Pid::from_raw(pid as i32));
            if let Some(pid) = pid.filter(|_| !has_ended) {
                // It may end by itself meanwhile.
                let _ = kill_process(pid, Signal::TERM);
            }
        }
    }
}

/// A running `batchway serve`. Killed when dropped.
pub(crate) struct Gateway {
    child: Child,
    lines: Receiver<String>,
    log: Vec<String>,
    url: String,
}

impl Gateway {
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The API with a caller's key.
    pub(crate) fn api(&self, key: &str) -> Api {
        Api::new(&self.url, key)
    }

    /// Ends the program without any chance to tidy up.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// The exit code of a program that has been told to stop.
    pub(crate) fn exit_code(mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Leaves the log, whose next line is the last that anyone reads: then its pipe is closed.
    pub(crate) fn close_log(&mut self) {
        self.lines = channel().1;
    }

    /// The first line of the log, from now on, that holds a text.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) if line.contains(text) => return line,
                Ok(line) => self.log.push(line),
                Err(_) => panic!("no line with {text:?} in the log: {:#?}", self.log),
            }
        }
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The lines that a program prints, as they come.
pub(crate) fn read_lines(output: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}

/// Looks again and again until `look` finds something.
pub(crate) fn wait_for<T>(what: &str, look: impl FnMut() -> Option<T>) -> T {
    wait_within(PATIENCE, what, look)
}

/// The same for what takes longer, or must not.
pub(crate) fn wait_within<T>(
    patience: Duration,
    what: &str,
    mut look: impl FnMut() -> Option<T>,
) -> T {
    let deadline = Instant::now() + patience;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "waited in vain for {what}");
        pause();
    }
}

fn pause() {
    std::thread::sleep(Duration::from_millis(20));
}

/// A program of this workspace.
pub(crate) fn program(name: &str) -> PathBuf {
    let beside = || {
        let test = std::env::current_exe().unwrap();
        // target/debug/deps/end_to_end-… lies one folder below the programs.
        test.parent().and_then(Path::parent).unwrap().to_owned()
    };
    let folder = std::env::var_os("BATCHWAY_TEST_BIN_DIR").map_or_else(beside, PathBuf::from);
    let path = folder.join(name);
    assert!(
        path.exists(),
        "{} is not there: run `cargo build --workspace --bins` first, or `cargo xtask test`, \
         which does",
        path.display()
    );
    path
}

/// A field of a JSON object as text.
pub(crate) fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field]
        .as_str()
        .unwrap_or_else(|| panic!("no text {field} in {value}"))
}
