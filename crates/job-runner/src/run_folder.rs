//! The folder of a run of the process backend, as its runner sees it.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use batchway_domain::runner::run_folder::{
    ProcessIdentity, ProgramRecord, RunExit, RunSubmission, RunnerRecord, files,
};
use batchway_domain::runner::variables;
use rustix::process::getsid;
use serde::Serialize;

use crate::configuration::{Configuration, ConfigurationError, Variables};

/// The folder of a run.
#[derive(Debug)]
pub struct RunFolder(PathBuf);

/// The folder does not say what to do.
#[derive(Debug, thiserror::Error)]
pub enum RunFolderError {
    /// Its submission can't be read.
    #[error("{path} can't be read: {source}")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// Its submission is of a newer version.
    #[error("{path} is of version {version}, which this runner doesn't know")]
    OtherVersion {
        /// The file.
        path: PathBuf,
        /// Its version.
        version: u32,
    },
    /// What it says is not enough.
    #[error(transparent)]
    Configuration(#[from] ConfigurationError),
}

impl RunFolder {
    /// The folder at this path.
    pub fn new(path: PathBuf) -> Self {
        Self(path)
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// What is to be run.
    ///
    /// # Errors
    /// [`RunFolderError`].
    pub fn configuration(&self) -> Result<Configuration, RunFolderError> {
        let path = self.0.join(files::SUBMISSION);
        let unreadable = |source| RunFolderError::Unreadable {
            path: path.clone(),
            source,
        };
        let bytes = fs::read(&path).map_err(unreadable)?;
        let submission: RunSubmission =
            serde_json::from_slice(&bytes).map_err(|error| unreadable(error.into()))?;
        if submission.version != RunSubmission::VERSION {
            return Err(RunFolderError::OtherVersion {
                version: submission.version,
                path,
            });
        }
        let mut variables: Variables = submission
            .environment
            .into_iter()
            .map(|(name, value)| (OsString::from(name), OsString::from(value)))
            .collect();
        variables.insert(
            variables::WORK_DIR.into(),
            self.0.join(files::WORK).into_os_string(),
        );
        let command = submission.command.into_iter().map(OsString::from).collect();
        let mut configuration = Configuration::read(command, variables)?;
        // On this machine access to AWS is the gateway's, and the runner's only for its sake.
        configuration.keep_aws_from_the_program();
        // The runner's own output is a file that nothing limits.
        configuration.passes_output_on = false;
        Ok(configuration)
    }

    /// Says that this process runs it. From then on the run is accepted.
    ///
    /// # Errors
    /// Where the file can't be written, or `/proc` can't be read.
    pub fn record_runner(&self) -> io::Result<()> {
        let record = RunnerRecord {
            boot_id: boot_id()?,
            process: identity_of("self")?,
            session: getsid(None)?.as_raw_pid(),
        };
        self.write(files::RUNNER, &record)
    }

    /// Whether someone asked for the run to be stopped.
    pub fn is_to_stop(&self) -> bool {
        self.0.join(files::STOP).exists()
    }

    /// Says which program is, or is about to be, started.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn record_program(&self, record: &ProgramRecord) -> io::Result<()> {
        self.write(files::PROGRAM, record)
    }

    /// Says how the run ended.
    ///
    /// # Errors
    /// Where the file can't be written.
    pub fn record_exit(&self, exit: &RunExit) -> io::Result<()> {
        self.write(files::EXIT, exit)
    }

    /// Writes a file so that it is there whole or not at all, also after a loss of power.
    fn write(&self, name: &str, record: &impl Serialize) -> io::Result<()> {
        let bytes = serde_json::to_vec_pretty(record)?;
        let partial = self.0.join(format!("{name}.partial"));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        file.write_all(&bytes)?;
        file.sync_all()?;
        fs::rename(partial, self.0.join(name))?;
        File::open(&self.0)?.sync_all()
    }
}

/// Which process this is; `pid` may be `self`.
pub(crate) fn identity_of(pid: &str) -> io::Result<ProcessIdentity> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat"))?;
    ProcessIdentity::parse(&stat)
        .ok_or_else(|| io::Error::other(format!("/proc/{pid}/stat is not as it should be")))
}

fn boot_id() -> io::Result<String> {
    let text = fs::read_to_string("/proc/sys/kernel/random/boot_id")?;
    Ok(text.trim().to_owned())
}
