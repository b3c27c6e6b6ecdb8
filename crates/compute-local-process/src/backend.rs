//! The port on top of it all.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, Candidate, Capacity, Clock, ComputeBackend, Description, Entropy, Held, LogError,
    LogPage, LogPosition, Submission, SubmitError,
};
use batchway_domain::runner::run_folder::{RunSubmission, files};

use crate::description::Records;
use crate::program_log::{PageError, no_log};
use crate::run::{Run, folder_name, is_folder_name};
use crate::runner_secrets::RunnerSecrets;
use crate::{host, observation, program_log, starting, stopping};

/// What the backend needs to know.
#[derive(Clone, Debug)]
pub struct ProcessBackendConfig {
    /// Folder of the runs; made where it is missing.
    pub runs_dir: PathBuf,
    /// The program `batchway-runner`.
    pub runner: PathBuf,
    /// Where a program that is named without a `/` is looked for before the PATH.
    pub program_dirs: Vec<PathBuf>,
    /// How many jobs may run at once.
    pub concurrency: usize,
    /// How long a program may take from `SIGTERM` to its end before it is killed.
    pub stop_grace: Duration,
    /// Dates submissions.
    pub clock: Arc<dyn Clock>,
    /// Makes the folder's name its own.
    pub entropy: Arc<dyn Entropy>,
    /// All that a program gets of the gateway's environment: PATH, HOME, LANG.
    pub base_environment: BTreeMap<String, String>,
    /// Set for every runner, in place of what a submission says: how it reaches the artifacts and
    /// the gateway from this machine.
    pub environment: BTreeMap<String, String>,
    /// Known to the processes of runners alone.
    pub runner_secrets: RunnerSecrets,
}

/// The folder of runs can't be used.
#[derive(Debug, thiserror::Error)]
#[error("the folder of runs {path} can't be used: {source}")]
pub struct OpenError {
    /// The folder.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Runs jobs as processes of this machine.
#[derive(Debug)]
pub struct ProcessBackend {
    config: ProcessBackendConfig,
    host: String,
    /// Folders of runs that were alive when last looked at.
    alive: Mutex<HashSet<String>>,
    /// Held while a run gets its folder and its runner.
    starting: tokio::sync::Mutex<()>,
}

impl ProcessBackend {
    /// Opens the folder of runs, finds the runs that are alive, and removes what a start or a
    /// removal left that was broken off. Starts nothing. Blocks; meant for the start of a program.
    ///
    /// # Errors
    /// [`OpenError`].
    pub fn new(config: ProcessBackendConfig) -> Result<Self, OpenError> {
        let path = config.runs_dir.clone();
        Self::open(config).map_err(|source| OpenError { path, source })
    }

    fn open(mut config: ProcessBackendConfig) -> io::Result<Self> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(&config.runs_dir)?;
        config.runs_dir = config.runs_dir.canonicalize()?;
        let host = host::name_of(&config.runs_dir, &*config.entropy)?;
        let mut alive = HashSet::new();
        for entry in fs::read_dir(&config.runs_dir)? {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let run = Run::new(entry.path());
            if is_folder_name(&name) {
                if !run.has(files::EXIT) && run.is_alive()? {
                    alive.insert(name);
                }
            } else if name.starts_with(starting::NEW) || name.starts_with(starting::GONE) {
                fs::remove_dir_all(run.folder())?;
            }
        }
        Ok(Self {
            config,
            host,
            alive: Mutex::new(alive),
            starting: tokio::sync::Mutex::new(()),
        })
    }

    fn id_of(&self, folder: &str) -> BackendId {
        BackendId(format!("{}:{folder}", self.host))
    }

    fn target(&self) -> Target {
        Target(format!("process:{}", self.host))
    }

    fn run_of(&self, folder: &str) -> Run {
        Run::new(self.config.runs_dir.join(folder))
    }

    /// The run with this id; `None` for what can't be one of this folder's.
    fn run_by_id(&self, id: &BackendId) -> Option<Run> {
        let folder = id.0.strip_prefix(&self.host)?.strip_prefix(':')?;
        is_folder_name(folder).then(|| self.run_of(folder))
    }

    fn alive(&self) -> MutexGuard<'_, HashSet<String>> {
        self.alive.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks only at what was alive, so it costs the same however many runs there were.
    fn free_slots(&self) -> usize {
        let mut alive = self.alive();
        // Where it can't be told, the slot stays taken.
        alive.retain(|folder| self.run_of(folder).is_alive().unwrap_or(true));
        self.config.concurrency.saturating_sub(alive.len())
    }

    /// What the run under this name was submitted as; `None` where nothing was, or nothing that
    /// ever was or will be started.
    fn accepted(&self, run: &Run) -> io::Result<Option<RunSubmission>> {
        let is_accepted = run.has(files::RUNNER) || run.has(files::ABANDONED) || run.is_alive()?;
        if is_accepted {
            run.read(files::SUBMISSION)
        } else {
            Ok(None)
        }
    }
}

#[async_trait]
impl ComputeBackend for ProcessBackend {
    fn settlement(&self) -> Settlement {
        Settlement::Authoritative
    }

    async fn capacity(&self) -> Capacity {
        Capacity::Slots(self.free_slots())
    }

    fn looks_after(&self, target: &Target) -> bool {
        *target == self.target()
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        starting::process_execution(execution)?;
        starting::check_runner(&self.config.runner)?;
        Ok(self.target())
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let process = starting::process_execution(&submission.execution)?;
        if submission.target != self.target() {
            return Err(other_host(&submission.target));
        }
        let folder = folder_name(&submission.name);
        let (run, id) = (self.run_of(&folder), self.id_of(&folder));
        let _one_at_a_time = self.starting.lock().await;
        match self.accepted(&run).map_err(not_placed)? {
            Some(found) if is_same(&found, submission) => return Ok(id),
            Some(found) => return Err(name_taken(&found)),
            None => {}
        }
        starting::check_runner(&self.config.runner)?;
        if self.free_slots() == 0 {
            return Err(full(self.config.concurrency));
        }
        if run.exists() {
            // A start that was broken off before the runner had recorded itself.
            starting::remove(&self.config.runs_dir, &run).map_err(not_placed)?;
        }
        let written = starting::run_submission(&self.config, submission, process, &id);
        let lock = {
            let (runs_dir, run) = (self.config.runs_dir.clone(), run.clone());
            blocking(move || starting::place(&runs_dir, &run, &written))
                .await
                .map_err(not_placed)?
        };
        self.alive().insert(folder);
        starting::start_runner(&self.config, &run, lock).await?;
        Ok(id)
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let mut descriptions = Vec::with_capacity(ids.len());
        for id in ids.iter().collect::<BTreeSet<_>>() {
            let Some(run) = self.run_by_id(id) else {
                continue;
            };
            let records = observation::observe(&run, id, &*self.config.clock).await;
            let records = records.map_err(|error| unreadable(id, error))?;
            descriptions.extend(records.map(|records| records.describe(id.clone())));
        }
        Ok(descriptions)
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        let folder = folder_name(name);
        let id = self.id_of(&folder);
        let found = self
            .accepted(&self.run_of(&folder))
            .map_err(|error| unreadable(&id, error))?;
        Ok(found
            .filter(|found| {
                found.name == name.to_string()
                    && found.target == *target
                    && found.request_hash == *hash
            })
            .map(|found| Candidate {
                id,
                created_at: found.submitted_at,
            })
            .into_iter()
            .collect())
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        let Some(run) = self.run_by_id(id) else {
            return Ok(());
        };
        let now = self.config.clock.now();
        stopping::stop(&run, reason, self.config.stop_grace, now)
            .map_err(|error| unreadable(id, error))?;
        // Where the runner is gone, this ends what is left of its program.
        observation::observe(&run, id, &*self.config.clock)
            .await
            .map(drop)
            .map_err(|error| unreadable(id, error))
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        let Some(run) = self.run_by_id(id) else {
            return Err(no_log("no such job ran on this machine"));
        };
        if attempt != 1 {
            return Err(no_log("a try has one attempt here"));
        }
        let page = blocking(move || Ok(program_log::page(&run, &from, limit))).await;
        let page = page.unwrap_or_else(|error| Err(PageError::Io(error)));
        page.map_err(|error| error.of_port(|error| LogError::Backend(unreadable(id, error))))
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        let Some(run) = self.run_by_id(id) else {
            return Ok(());
        };
        let observed = observation::observe(&run, id, &*self.config.clock).await;
        match observed.map_err(|error| unreadable(id, error))? {
            None => Ok(()),
            Some(Records::Alive { .. }) => Err(BackendError {
                reason: format!("the run {id} has not ended, so it can't be forgotten"),
                throttled: false,
                source: None,
            }),
            Some(_) => {
                let runs_dir = self.config.runs_dir.clone();
                blocking(move || starting::remove(&runs_dir, &run))
                    .await
                    .map_err(|error| unreadable(id, error))
            }
        }
    }
}

/// Does what waits for the disk on a thread that may wait.
async fn blocking<T: Send + 'static>(
    act: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(act)
        .await
        .unwrap_or_else(|panicked| Err(io::Error::other(panicked)))
}

fn is_same(found: &RunSubmission, submission: &Submission) -> bool {
    found.name == submission.name.to_string() && found.request_hash == submission.request_hash
}

fn other_host(target: &Target) -> SubmitError {
    SubmitError::Held(Held {
        code: "other_host".to_owned(),
        message: format!("The job belongs to another machine ({}).", target.0),
    })
}

fn name_taken(found: &RunSubmission) -> SubmitError {
    SubmitError::Refused {
        reason: format!("something else runs under its name: {}", found.name),
    }
}

fn full(concurrency: usize) -> SubmitError {
    SubmitError::DidNotHappen {
        reason: format!("{concurrency} jobs run already, and no more may"),
        retry_after: Some(Duration::from_secs(1)),
        source: None,
    }
}

/// Nothing was started: a runner is started only after this.
fn not_placed(error: io::Error) -> SubmitError {
    SubmitError::DidNotHappen {
        reason: "the folder of the run could not be made".to_owned(),
        retry_after: None,
        source: Some(error.into()),
    }
}

fn unreadable(id: &BackendId, error: io::Error) -> BackendError {
    BackendError {
        reason: format!("the folder of the run {id} can't be used"),
        throttled: false,
        source: Some(error.into()),
    }
}
