//! A backend over a folder of its own, and programs for it.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_compute_local_process::{ProcessBackend, ProcessBackendConfig, RunnerSecrets};
use batchway_domain::Timestamp;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::job_type::{Execution, ProcessExecution};
use batchway_domain::ports::{
    BackendState, Clock, ComputeBackend, Description, Entropy, ParamsDelivery, Submission,
};
use batchway_domain::runner::run_folder::{ProgramRecord, RunnerRecord, files};
use batchway_domain::runner::variables;
use batchway_memory_adapters::{FailingComputeBackend, SeededEntropy};
use batchway_port_contracts::compute_backend::{
    ComputeBackendCapabilities, ComputeBackendFixture, Logs, Program, Queues, Stopping,
};
use batchway_port_contracts::specimens;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// Between two looks at something that takes its own time.
pub(crate) const MOMENT: Duration = Duration::from_millis(10);

/// The program `batchway-runner`, which is built before the tests.
pub(crate) fn runner() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the test command put the programs, if it says so"
    )]
    let said = std::env::var_os("BATCHWAY_TEST_BIN_DIR").map(PathBuf::from);
    let folder = said.unwrap_or_else(|| {
        let test = std::env::current_exe().unwrap();
        test.ancestors().nth(2).unwrap().to_owned()
    });
    let runner = folder.join("batchway-runner");
    assert!(
        runner.is_file(),
        "there is no {}: run `cargo build --bins` first, or set BATCHWAY_TEST_BIN_DIR",
        runner.display()
    );
    runner
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "real programs run in real time")]
        let now = std::time::SystemTime::now();
        let since_epoch = now.duration_since(std::time::UNIX_EPOCH).unwrap();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap())
    }
}

pub(crate) fn config(folder: &Path) -> ProcessBackendConfig {
    ProcessBackendConfig {
        runs_dir: folder.join("runs"),
        runner: runner(),
        program_dirs: Vec::new(),
        concurrency: 8,
        stop_grace: Duration::from_millis(300),
        clock: Arc::new(SystemClock),
        // Tests that run at the same time must not share ids: by these, remnants are known.
        entropy: Arc::new(SeededEntropy::new(seed_of(folder))) as Arc<dyn Entropy>,
        base_environment: text_map(&[("PATH", "/usr/bin:/bin"), ("LANG", "C.UTF-8")]),
        environment: text_map(&[(
            variables::ARTIFACTS_DIR,
            folder.join("artifacts").to_str().unwrap(),
        )]),
        runner_secrets: RunnerSecrets::default(),
    }
}

fn seed_of(folder: &Path) -> u64 {
    let mut hasher = DefaultHasher::new();
    folder.hash(&mut hasher);
    hasher.finish()
}

pub(crate) fn text_map(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// A folder with a backend over it. What still runs in the end is killed.
#[derive(Debug)]
pub(crate) struct Stage {
    pub(crate) folder: Folder,
    pub(crate) backend: Arc<ProcessBackend>,
    /// What the cases of the contract are put on: the backend, or a decorator around it.
    port: Arc<dyn ComputeBackend>,
}

impl Stage {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut ProcessBackendConfig)) -> Self {
        Self::open(Folder::Own(tempfile::tempdir().unwrap()), change)
    }

    /// Over a folder that stays.
    pub(crate) fn over(folder: &Path) -> Self {
        Self::open(Folder::Other(folder.to_owned()), |_| {})
    }

    fn open(folder: Folder, change: impl FnOnce(&mut ProcessBackendConfig)) -> Self {
        let mut config = config(folder.path());
        change(&mut config);
        let backend = Arc::new(ProcessBackend::new(config).unwrap());
        Self {
            folder,
            port: backend.clone(),
            backend,
        }
    }

    /// The same backend behind the decorator that injects failures, with none to inject.
    pub(crate) fn decorated() -> Self {
        let mut stage = Self::new();
        stage.port = Arc::new(FailingComputeBackend::new(stage.backend.clone()));
        stage
    }

    /// Another backend over the same folder, as after a restart of the gateway.
    pub(crate) fn reopened(&self) -> ProcessBackend {
        ProcessBackend::new(config(self.folder.path())).unwrap()
    }

    /// The folder of a try's run.
    pub(crate) fn run_folder(&self, name: &TryName) -> PathBuf {
        let folder = format!("{}-{}", name.job, name.number);
        self.folder.path().join("runs").join(folder)
    }

    /// Where the objects of a try's job lie.
    pub(crate) fn objects(&self, name: &TryName) -> PathBuf {
        let objects = self.folder.path().join("artifacts/objects/test/ada");
        objects.join(name.job.as_str())
    }

    /// What the program of the only attempt wrote.
    pub(crate) fn log(&self, name: &TryName) -> String {
        let log = self.objects(name).join("_batchway/try-1/attempt-1.log");
        std::fs::read_to_string(log).unwrap()
    }

    /// Sends a signal to a try's runner.
    pub(crate) fn signal_runner(&self, name: &TryName, signal: Signal) {
        let record = std::fs::read(self.run_folder(name).join(files::RUNNER)).unwrap();
        let record: RunnerRecord = serde_json::from_slice(&record).unwrap();
        kill_process(Pid::from_raw(record.process.pid).unwrap(), signal).unwrap();
    }

    /// The control groups that hold a try's program.
    pub(crate) fn control_groups(&self, name: &TryName) -> Vec<PathBuf> {
        let record = std::fs::read(self.run_folder(name).join(files::PROGRAM)).unwrap();
        let record: ProgramRecord = serde_json::from_slice(&record).unwrap();
        record.control_groups.iter().map(PathBuf::from).collect()
    }

    /// A try of a shell script.
    pub(crate) fn script(&self, name: TryName, script: &str) -> Submission {
        self.command(name, &["/bin/sh", "-c", script])
    }

    pub(crate) fn command(&self, name: TryName, command: &[&str]) -> Submission {
        let host = std::fs::read_to_string(self.folder.path().join("runs/host")).unwrap();
        Submission {
            request_hash: RequestHash(format!("{name}")),
            name,
            target: Target(format!("process:{host}")),
            execution: Execution::Process(ProcessExecution {
                command: command.iter().map(|word| (*word).to_owned()).collect(),
                cpus: None,
                memory_bytes: None,
                log_bytes: 1024 * 1024,
            }),
            gated: false,
            timeout: None,
            environment: text_map(&[(variables::USER_ID, "ada"), (variables::ENV, "test")]),
            params: ParamsDelivery::Inline(Arc::from(specimens::PARAMS)),
            tenant: specimens::tenant(),
        }
    }

    pub(crate) async fn describe(&self, id: &BackendId) -> Option<Description> {
        let ids = std::slice::from_ref(id);
        self.backend.describe(ids).await.unwrap().pop()
    }

    pub(crate) async fn until(
        &self,
        id: &BackendId,
        is_reached: impl Fn(&BackendState) -> bool,
    ) -> Description {
        until(async || {
            let found = self.describe(id).await.expect("it was taken");
            is_reached(&found.state).then_some(found)
        })
        .await
    }

    pub(crate) async fn until_ended(&self, id: &BackendId) -> Description {
        self.until(id, BackendState::has_ended).await
    }

    pub(crate) async fn until_running(&self, id: &BackendId) -> Description {
        let found = self
            .until(id, |state| {
                state.has_ended() || *state == BackendState::Running
            })
            .await;
        assert_eq!(found.state, BackendState::Running, "{found:?}");
        found
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        let runs = std::fs::read_dir(self.folder.path().join("runs"));
        for run in runs.into_iter().flatten().flatten() {
            for folder in [run.path(), run.path().join(files::WORK)] {
                for (pid, _) in processes_of(&folder) {
                    let _ = kill_process(Pid::from_raw(pid).unwrap(), Signal::KILL);
                }
            }
        }
    }
}

/// The folder that a stage stands on.
#[derive(Debug)]
pub(crate) enum Folder {
    Own(TempDir),
    Other(PathBuf),
}

impl Folder {
    pub(crate) fn path(&self) -> &Path {
        match self {
            Self::Own(folder) => folder.path(),
            Self::Other(path) => path,
        }
    }
}

/// Number and command line of what works in this folder, which may be gone.
pub(crate) fn processes_of(folder: &Path) -> Vec<(i32, String)> {
    let gone = PathBuf::from(format!("{} (deleted)", folder.display()));
    let pids = std::fs::read_dir("/proc").unwrap().flatten();
    pids.filter_map(|entry| {
        let pid = entry.file_name().to_str()?.parse().ok()?;
        let works_in = std::fs::read_link(entry.path().join("cwd")).ok()?;
        let command = std::fs::read_to_string(entry.path().join("cmdline")).ok()?;
        (works_in == folder || works_in == gone).then_some((pid, command))
    })
    .collect()
}

/// Looks again and again until there is something to see.
pub(crate) async fn until<T>(mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let looking = async {
        loop {
            match look().await {
                Some(seen) => return seen,
                None => tokio::time::sleep(MOMENT).await,
            }
        }
    };
    tokio::time::timeout(Duration::from_secs(150), looking)
        .await
        .expect("it comes about in minutes")
}

/// Names of tries of one test.
pub(crate) fn name(serial: u64) -> TryName {
    let user = "ada".parse().unwrap();
    let created_at = Timestamp::from_millis(1_772_366_400_000);
    let job = specimens::job_id(&user, created_at, serial);
    specimens::try_name(specimens::deployment(), job, 1)
}

#[async_trait]
impl ComputeBackendFixture for Stage {
    fn backend(&self) -> Arc<dyn ComputeBackend> {
        self.port.clone()
    }

    fn submission(&self, name: TryName, program: Program) -> Submission {
        match program {
            Program::SucceedsAtOnce => self.script(name, "exit 0"),
            Program::FailsWith(code) => self.script(name, &format!("exit {code}")),
            Program::RunsUntilStopped => self.command(name, &["sleep", "600"]),
            Program::IgnoresSigterm => {
                self.script(name, "trap '' TERM; while :; do sleep 0.05; done")
            }
            Program::WritesLines(count) => self.script(
                name,
                &format!("for n in $(seq {count}); do echo \"line $n\"; done"),
            ),
            Program::WritesUntilStopped => self.script(
                name,
                "n=0; while :; do n=$((n + 1)); echo \"line $n\"; sleep 0.02; done",
            ),
        }
    }

    async fn settle(&self) {
        tokio::time::sleep(MOMENT).await;
    }

    fn capabilities(&self) -> ComputeBackendCapabilities {
        ComputeBackendCapabilities {
            name_is_unique: true,
            has_slots: true,
            tells_hashes_apart: true,
            logs: Logs::Live,
            tells_exit_status: true,
            stopping: Stopping::Faithful,
            queues: Queues::None,
        }
    }
}
