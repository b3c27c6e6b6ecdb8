//! Starting the program under test, and asking it.

use std::fs::OpenOptions;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

/// How long anything may take that a test waits for, on a machine that does much else: longer than
/// any lease of what died.
pub(crate) const PATIENCE: Duration = Duration::from_secs(150);

/// What one installation keeps, and its variables.
pub(crate) struct Installation {
    folder: TempDir,
    variables: Vec<(String, String)>,
}

impl Installation {
    pub(crate) fn new(variables: &[(&str, &str)]) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        Self {
            folder: tempfile::tempdir().unwrap(),
            variables: variables.iter().map(owned).collect(),
        }
    }

    pub(crate) fn set(mut self, name: &str, value: &str) -> Self {
        self.variables.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Adds lines to the file `.env` that the program is started beside.
    pub(crate) fn add_to_file(&self, lines: &str) {
        let mut file = OpenOptions::new()
            .append(true)
            .create(true)
            .open(self.path().join(".env"))
            .unwrap();
        file.write_all(lines.as_bytes()).unwrap();
    }

    /// The secret that it made for itself.
    pub(crate) fn secret(&self) -> String {
        std::fs::read_to_string(self.path().join("data/secret")).unwrap()
    }

    /// The program with these variables and nothing else of ours.
    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_batchway"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", self.path())
            .env("BATCHWAY_DATA_DIR", self.path().join("data"))
            .envs(self.variables.iter().cloned())
            .stdin(Stdio::null());
        command
    }

    /// Runs the program to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// How `batchway serve` refuses to start: its exit code, and all it said.
    pub(crate) fn refusal(&self) -> (Option<i32>, String) {
        let output = self.run(&["serve", "--listen", "127.0.0.1:0"]);
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8(said).unwrap();
        (output.status.code(), said)
    }

    pub(crate) fn create_key(&self, user: &str) -> String {
        let output = self.run(&["keys", "create", "--user", user]);
        assert!(output.status.success(), "{output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Starts `batchway serve` on a free port and waits until it listens.
    pub(crate) fn serve(&self) -> Gateway {
        let mut gateway = self.start();
        gateway.wait_until_it_listens();
        gateway
    }

    /// Starts `batchway serve` on a free port.
    pub(crate) fn start(&self) -> Gateway {
        let mut child = self
            .command(&["serve", "--listen", "127.0.0.1:0"])
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let lines = read_lines(child.stderr.take().unwrap());
        Gateway {
            child,
            lines,
            log: Vec::new(),
            url: String::new(),
        }
    }
}

impl Drop for Installation {
    /// Jobs outlive the gateway, but not the test.
    fn drop(&mut self) {
        let runs = std::fs::read_dir(self.path().join("data/runs"));
        for run in runs.into_iter().flatten().flatten() {
            let runner = std::fs::read(run.path().join("runner.json")).unwrap_or_default();
            let runner: Value = serde_json::from_slice(&runner).unwrap_or_default();
            let has_ended = run.path().join("exit.json").exists();
            let pid = runner["process"]["pid"].as_i64();
            let pid = pid.and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
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

/// What it answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) retry_after: Option<String>,
    pub(crate) body: Value,
}

impl Gateway {
    pub(crate) fn wait_until_it_listens(&mut self) {
        let listening = self.wait_for_line("listening on http://");
        let url = listening.split("listening on ").nth(1).unwrap();
        self.url = url.split(['"', ',', ' ']).next().unwrap().to_owned();
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn get(&self, path: &str, key: &str) -> Answer {
        get_from(&self.url, path, key)
    }

    pub(crate) fn post(&self, path: &str, key: &str, body: &Value) -> Answer {
        post_to(&self.url, path, key, body)
    }

    /// Asks again and again until the answer has this status.
    pub(crate) fn wait_for_status(&self, path: &str, key: &str, status: u16) -> Answer {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(path, key);
            if answer.status == status {
                return answer;
            }
            assert!(
                Instant::now() < deadline,
                "{path} never {status}: {answer:?}"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    pub(crate) fn stop(&self) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).unwrap();
    }

    /// How a program ended that ends by itself, and its whole log.
    pub(crate) fn end(mut self) -> (Option<i32>, Vec<String>) {
        let code = self.child.wait().unwrap().code();
        self.log.extend(self.lines.iter());
        (code, std::mem::take(&mut self.log))
    }

    /// The first line of the log, from now on, that holds a text.
    pub(crate) fn wait_for_line(&mut self, text: &str) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.lines.recv_timeout(left) {
                Ok(line) => {
                    self.log.push(line.clone());
                    if line.contains(text) {
                        return line;
                    }
                }
                Err(_) => panic!("no line with {text:?} in the log: {:#?}", self.log),
            }
        }
    }

    /// Waits for a text in the log, unless it is there already.
    pub(crate) fn wait_until_logged(&mut self, text: &str) {
        if !self.log().contains(text) {
            self.wait_for_line(text);
        }
    }

    /// What it has logged so far, as far as it was waited for.
    pub(crate) fn log(&self) -> String {
        self.log.join("\n")
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn get_from(url: &str, path: &str, key: &str) -> Answer {
    let request = agent().get(format!("{url}{path}"));
    answer(
        request
            .header("authorization", format!("Bearer {key}"))
            .call(),
    )
}

pub(crate) fn post_to(url: &str, path: &str, key: &str, body: &Value) -> Answer {
    let request = agent().post(format!("{url}{path}"));
    answer(
        request
            .header("authorization", format!("Bearer {key}"))
            .send_json(body),
    )
}

fn agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(PATIENCE))
        .build()
        .new_agent()
}

fn answer(response: Result<ureq::http::Response<ureq::Body>, ureq::Error>) -> Answer {
    let mut response = response.unwrap();
    let retry_after = response.headers().get("retry-after");
    Answer {
        status: response.status().as_u16(),
        retry_after: retry_after.map(|value| value.to_str().unwrap().to_owned()),
        body: response.body_mut().read_json().unwrap_or_default(),
    }
}

fn read_lines(stderr: std::process::ChildStderr) -> Receiver<String> {
    let (sender, receiver) = channel();
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                break;
            }
        }
    });
    receiver
}
