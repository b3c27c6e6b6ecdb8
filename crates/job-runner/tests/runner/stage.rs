//! A job with a folder of artifacts, and attempts to run it.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::{ArtifactKey, JobFolder, Manifest};
use batchway_domain::identity::JobId;
use batchway_domain::runner::variables;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Programs that wait for this long are meant to be ended.
pub(crate) const FOR_EVER: &str = "600";

pub(crate) fn job(number: u8) -> JobId {
    let mut entropy = [0; JobId::ENTROPY_BYTES];
    entropy[0] = number;
    JobId::new(Timestamp::from_millis(1), "00".parse().unwrap(), entropy)
}

pub(crate) fn folder_of(job: &JobId) -> JobFolder {
    JobFolder::new(&"test".parse().unwrap(), &"ada".parse().unwrap(), job)
}

/// Everything lies in one temporary folder.
pub(crate) struct Stage {
    pub(crate) folder: TempDir,
    variables: BTreeMap<String, String>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let artifacts = folder.path().join("artifacts");
        let temporary = folder.path().join("tmp");
        fs::create_dir(&temporary).unwrap();
        let mut stage = Self {
            folder,
            variables: BTreeMap::new(),
        };
        let job = job(1);
        for (name, value) in [
            ("PATH", "/usr/bin:/bin"),
            ("TMPDIR", temporary.to_str().unwrap()),
            (variables::JOB_ID, job.as_str()),
            (variables::USER_ID, "ada"),
            (variables::ENV, "test"),
            (variables::JOB_PARAMS, r#"{"a": 1}"#),
            (variables::GATED, "1"),
            (variables::BACKEND_ID, "copy-1"),
            (variables::ARTIFACTS_DIR, artifacts.to_str().unwrap()),
            (variables::STOP_GRACE_SECONDS, "0.3"),
        ] {
            stage = stage.with(name, value);
        }
        stage
    }

    pub(crate) fn with(mut self, name: &str, value: impl ToString) -> Self {
        self.variables.insert(name.to_owned(), value.to_string());
        self
    }

    pub(crate) fn without(mut self, name: &str) -> Self {
        self.variables.remove(name);
        self
    }

    /// Not below what a runner removes at its end.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn command(&self, command: &[&str]) -> Command {
        let mut runner = Command::new(env!("CARGO_BIN_EXE_batchway-runner"));
        runner
            .args(["run", "--"])
            .args(command)
            .env_clear()
            .envs(&self.variables)
            .env("STAGE", self.folder.path())
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        runner
    }

    /// Runs a script to its end.
    pub(crate) fn run(&self, script: &str) -> Output {
        self.command(&["/bin/sh", "-c", script]).output().unwrap()
    }

    /// Runs a script, and says the runner's exit code.
    pub(crate) fn exit_code(&self, script: &str) -> i32 {
        self.run(script).status.code().unwrap()
    }

    /// Starts a script and waits until it has made the file `started` on the stage.
    pub(crate) fn start(&self, script: &str) -> Running {
        let started = self.path("started");
        let child = self.command(&["/bin/sh", "-c", script]).spawn().unwrap();
        let running = Running(child);
        until(|| started.exists());
        running
    }

    pub(crate) fn object(&self, key: &ArtifactKey) -> PathBuf {
        self.path("artifacts").join("objects").join(key.as_str())
    }

    pub(crate) fn put(&self, key: &ArtifactKey, content: &[u8]) {
        let path = self.object(key);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    pub(crate) fn artifact(&self, name: &str) -> Option<String> {
        let key = folder_of(&job(1)).artifact(name).unwrap();
        fs::read_to_string(self.object(&key)).ok()
    }

    pub(crate) fn manifest(&self) -> Option<Manifest> {
        self.manifest_of(1)
    }

    pub(crate) fn manifest_of(&self, try_number: u32) -> Option<Manifest> {
        let key = folder_of(&job(1)).manifest(try_number);
        Manifest::decode(&fs::read(self.object(&key)).ok()?)
    }

    pub(crate) fn log(&self) -> Vec<u8> {
        fs::read(self.object(&folder_of(&job(1)).log(1, 1))).unwrap()
    }

    pub(crate) fn log_text(&self) -> String {
        String::from_utf8_lossy(&self.log()).into_owned()
    }

    /// What the runner left where the program's folders were.
    pub(crate) fn leftovers(&self) -> Vec<PathBuf> {
        let entries = fs::read_dir(self.path("tmp")).unwrap().flatten();
        entries.map(|entry| entry.path()).collect()
    }
}

impl Stage {
    /// Numbers of the processes that work in the stage's folder: the runner and all of the
    /// program's, which start in the runner's folder.
    pub(crate) fn processes(&self) -> Vec<i32> {
        let works_here = |path: &Path| {
            fs::read_link(path.join("cwd")).is_ok_and(|folder| folder == self.folder.path())
        };
        fs::read_dir("/proc")
            .unwrap()
            .flatten()
            .filter(|entry| works_here(&entry.path()))
            .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
            .collect()
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        for pid in self.processes() {
            let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
        }
    }
}

/// A runner that runs, killed where a test ends early.
pub(crate) struct Running(Child);

impl Running {
    pub(crate) fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.0);
        kill_process(pid, signal).unwrap();
    }

    /// Waits for its end, and says the exit code.
    pub(crate) fn wait(mut self) -> i32 {
        let mut errors = String::new();
        until(|| self.0.try_wait().unwrap().is_some());
        let pipe = self.0.stderr.as_mut().unwrap();
        pipe.read_to_string(&mut errors).unwrap();
        let code = self.0.wait().unwrap().code();
        code.unwrap_or_else(|| panic!("the runner was killed: {errors}"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Looks again and again, for longer than a machine that does much else takes for anything.
pub(crate) fn until(is_reached: impl FnMut() -> bool) {
    assert!(
        is_reached_within(Duration::from_secs(150), is_reached),
        "it comes about in minutes"
    );
}

#[expect(
    clippy::disallowed_methods,
    reason = "another process is waited for, which nothing here is told of"
)]
fn is_reached_within(limit: Duration, mut is_reached: impl FnMut() -> bool) -> bool {
    let start = std::time::Instant::now();
    while !is_reached() {
        if start.elapsed() > limit {
            return false;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    true
}
