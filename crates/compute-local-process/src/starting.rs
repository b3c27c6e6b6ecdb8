//! Giving a try its folder, and starting a runner for it.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use batchway_domain::job::BackendId;
use batchway_domain::job_type::{Execution, ProcessExecution};
use batchway_domain::ports::{Held, ParamsDelivery, Submission, SubmitError};
use batchway_domain::runner::run_folder::{RunSubmission, files};
use batchway_domain::runner::variables;
use tokio::process::Command;

use crate::backend::ProcessBackendConfig;
use crate::run::{Run, sync_folder};

/// How long the runner may take to record itself: its disk may be slow.
const RECORDED_WITHIN: Duration = Duration::from_secs(20);

/// Folders that begin so are no runs yet, or no longer.
pub(crate) const NEW: &str = ".new-";
pub(crate) const GONE: &str = ".gone-";

/// The program that this backend runs for it.
pub(crate) fn process_execution(execution: &Execution) -> Result<&ProcessExecution, SubmitError> {
    let refused = |reason: &str| SubmitError::Refused {
        reason: reason.to_owned(),
    };
    match execution {
        Execution::Process(process) if process.command.is_empty() => {
            Err(refused("the job type names no program to run"))
        }
        Execution::Process(process) => Ok(process),
        Execution::AwsBatch(_) => Err(refused("the job type is one for AWS Batch")),
    }
}

/// Nothing runs without the runner.
pub(crate) fn check_runner(runner: &Path) -> Result<(), SubmitError> {
    let is_program = fs::metadata(runner)
        .is_ok_and(|file| file.is_file() && file.permissions().mode() & 0o111 != 0);
    if is_program {
        return Ok(());
    }
    Err(SubmitError::Held(Held {
        code: "runner_missing".to_owned(),
        message: format!(
            "The program {} is not installed beside the gateway; its operator has to put it there.",
            runner.file_name().unwrap_or(runner.as_os_str()).display()
        ),
    }))
}

/// What is written down for the runner.
pub(crate) fn run_submission(
    config: &ProcessBackendConfig,
    submission: &Submission,
    process: &ProcessExecution,
    id: &BackendId,
) -> RunSubmission {
    RunSubmission {
        version: RunSubmission::VERSION,
        name: submission.name.to_string(),
        backend_id: id.clone(),
        target: submission.target.clone(),
        request_hash: submission.request_hash.clone(),
        submitted_at: config.clock.now(),
        command: resolved(&process.command, &config.program_dirs),
        environment: environment(config, submission, process, id),
    }
}

/// A bare name is looked for in the folders first; otherwise it is left to the PATH.
fn resolved(command: &[String], program_dirs: &[PathBuf]) -> Vec<String> {
    let mut command = command.to_vec();
    if let Some(program) = command.first_mut().filter(|name| !name.contains('/')) {
        let found = program_dirs
            .iter()
            .map(|folder| folder.join(&*program))
            .find(|path| path.is_file());
        if let Some(path) = found.as_deref().and_then(Path::to_str) {
            path.clone_into(program);
        }
    }
    command
}

fn environment(
    config: &ProcessBackendConfig,
    submission: &Submission,
    process: &ProcessExecution,
    id: &BackendId,
) -> BTreeMap<String, String> {
    let seconds = |span: Duration| span.as_secs_f64().to_string();
    let mut environment = config.base_environment.clone();
    environment.extend(submission.environment.clone());
    environment.extend(config.environment.clone());
    let ours = [
        (variables::JOB_ID, Some(submission.name.job.to_string())),
        (variables::TRY, Some(submission.name.number.to_string())),
        (variables::BACKEND_ID, Some(id.to_string())),
        (variables::JOB_PARAMS, inline_params(submission)),
        (
            variables::GATED,
            Some(u8::from(submission.gated).to_string()),
        ),
        (variables::TIMEOUT_SECONDS, submission.timeout.map(seconds)),
        (
            variables::STOP_GRACE_SECONDS,
            Some(seconds(config.stop_grace)),
        ),
        (variables::CPUS, process.cpus.map(|cpus| cpus.to_string())),
        (
            variables::MEMORY_BYTES,
            process.memory_bytes.map(|bytes| bytes.to_string()),
        ),
        (variables::LOG_BYTES, Some(process.log_bytes.to_string())),
    ];
    for (name, value) in ours {
        if let Some(value) = value {
            environment.insert(name.to_owned(), value);
        }
    }
    environment
}

/// `None` where the runner has to fetch them.
fn inline_params(submission: &Submission) -> Option<String> {
    match &submission.params {
        ParamsDelivery::Inline(params) => Some(params.to_string()),
        ParamsDelivery::Stored => None,
    }
}

/// Gives the run its folder, with its submission in it and its lock held. Nothing has to be
/// cleaned up where that fails: what is left over is removed at the next start.
pub(crate) fn place(runs_dir: &Path, run: &Run, submission: &RunSubmission) -> io::Result<File> {
    let name = run.folder().file_name().unwrap_or_default();
    let mut new = std::ffi::OsString::from(NEW);
    new.push(name);
    let new = Run::new(runs_dir.join(new));
    if new.exists() {
        fs::remove_dir_all(new.folder())?;
    }
    DirBuilder::new().mode(0o700).create(new.folder())?;
    new.write(files::SUBMISSION, submission)?;
    let lock = new.try_lock()?;
    let lock = lock.ok_or_else(|| io::Error::other("the lock of a new folder is held"))?;
    sync_folder(new.folder())?;
    // Fails where there is such a folder already: it is not empty.
    fs::rename(new.folder(), run.folder())?;
    sync_folder(runs_dir)?;
    Ok(lock)
}

/// Takes a folder out of the way and removes it. Whoever dies half-way leaves no half of a run.
pub(crate) fn remove(runs_dir: &Path, run: &Run) -> io::Result<()> {
    let name = run.folder().file_name().unwrap_or_default();
    let mut gone = std::ffi::OsString::from(GONE);
    gone.push(name);
    let gone = runs_dir.join(gone);
    if gone.exists() {
        fs::remove_dir_all(&gone)?;
    }
    fs::rename(run.folder(), &gone)?;
    sync_folder(runs_dir)?;
    fs::remove_dir_all(gone)
}

/// Starts the runner and hands the lock over. Ends when the run is accepted, or certainly is not.
pub(crate) async fn start_runner(
    config: &ProcessBackendConfig,
    run: &Run,
    lock: File,
) -> Result<(), SubmitError> {
    let started = detach(config, run, lock).await;
    // The runner may have recorded itself all the same.
    if run.has(files::RUNNER) {
        return Ok(());
    }
    let (reason, source) = match started {
        Ok(reason) => (reason, None),
        Err(error) => (
            format!(
                "the runner {} could not be started",
                config.runner.display()
            ),
            Some(error.into()),
        ),
    };
    match run.try_lock() {
        Ok(Some(_lock)) if !run.has(files::RUNNER) => {
            // It has done nothing, and nobody will look for it.
            let _ = remove(&config.runs_dir, run);
            Err(SubmitError::DidNotHappen {
                reason,
                retry_after: None,
                source,
            })
        }
        Ok(Some(_)) => Ok(()),
        _ => Err(SubmitError::Unknown { reason, source }),
    }
}

/// Says what is wrong where the run may not be accepted.
async fn detach(config: &ProcessBackendConfig, run: &Run, lock: File) -> io::Result<String> {
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(run.folder().join(files::RUNNER_LOG))?;
    let mut starter = Command::new(&config.runner)
        .arg("detach")
        .arg(run.folder())
        .env_clear()
        .envs(&config.base_environment)
        .envs(config.runner_secrets.variables())
        .current_dir(run.folder())
        .stdin(Stdio::from(lock))
        .stdout(Stdio::null())
        .stderr(Stdio::from(log))
        .spawn()?;
    match tokio::time::timeout(RECORDED_WITHIN, starter.wait()).await {
        Ok(status) => {
            let status = status?;
            let words = run.last_words().unwrap_or_default();
            Ok(format!("the runner did not begin ({status}): {words}"))
        }
        Err(_) => Ok("the runner did not say in time that it had begun".to_owned()),
    }
}
