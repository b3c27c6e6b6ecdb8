//! The folders and files that the program finds.

use std::ffi::OsString;
use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, Mode, mkfifoat};
use tempfile::TempDir;

use crate::configuration::{Configuration, Variables};
use batchway_domain::runner::variables;

/// Longer params are handed over in the file alone: Linux takes no longer variable (128 KiB).
const LONGEST_VARIABLE: u64 = 120 * 1024;

/// One folder with everything in it, removed at the end.
#[derive(Debug)]
pub(crate) struct Workspace {
    root: PathBuf,
    temporary: Option<TempDir>,
}

impl Workspace {
    pub(crate) fn create(configuration: &Configuration) -> io::Result<Self> {
        let (root, temporary) = match &configuration.work_dir {
            Some(root) => {
                private_folder(root)?;
                (root.clone(), None)
            }
            None => {
                let folder = tempfile::Builder::new().prefix("batchway-").tempdir()?;
                (folder.path().to_owned(), Some(folder))
            }
        };
        let workspace = Self { root, temporary };
        for folder in [
            workspace.output(),
            workspace.input(),
            workspace.checkpoint(),
        ] {
            private_folder(&folder)?;
        }
        mkfifoat(CWD, workspace.progress(), Mode::RUSR | Mode::WUSR)?;
        Ok(workspace)
    }

    pub(crate) fn output(&self) -> PathBuf {
        self.root.join("output")
    }

    pub(crate) fn input(&self) -> PathBuf {
        self.root.join("input")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.root.join("checkpoint")
    }

    /// A named pipe: it takes any number of lines without filling the disk, and whoever opens it
    /// as a file, to write or to append, does not notice.
    pub(crate) fn progress(&self) -> PathBuf {
        self.root.join("progress")
    }

    pub(crate) fn params(&self) -> PathBuf {
        self.root.join("params.json")
    }

    pub(crate) fn log(&self) -> PathBuf {
        self.root.join("program.log")
    }

    /// Where the helper says why it could not become the program.
    pub(crate) fn start_failure(&self) -> PathBuf {
        self.root.join("start-failure")
    }

    /// Where the program is started; `None` where the runner was: in a container, relative paths
    /// are the image's.
    pub(crate) fn working_directory(&self) -> Option<&Path> {
        self.temporary.is_none().then_some(self.root.as_path())
    }

    /// What the program finds in its environment. The file of the params is there by then.
    pub(crate) fn environment(&self, configuration: &Configuration) -> io::Result<Variables> {
        let mut environment = configuration.program_environment.clone();
        for (name, path) in [
            (variables::PARAMS_FILE, self.params()),
            (variables::OUTPUT_DIR, self.output()),
            (variables::INPUT_DIR, self.input()),
            (variables::CHECKPOINT_DIR, self.checkpoint()),
            (variables::PROGRESS, self.progress()),
        ] {
            environment.insert(name.into(), path.into());
        }
        // AWS Batch has a variable of its own for it; programs need know only ours.
        let id = configuration.backend_id.0.clone();
        environment.insert(variables::BACKEND_ID.into(), id.into());
        let params = self.params();
        if params.metadata()?.len() <= LONGEST_VARIABLE {
            let params = OsString::from_vec(fs::read(params)?);
            environment.insert(variables::JOB_PARAMS.into(), params);
        }
        Ok(environment)
    }

    /// Removes everything.
    pub(crate) fn remove(self) -> io::Result<()> {
        match self.temporary {
            Some(temporary) => temporary.close(),
            None => fs::remove_dir_all(&self.root),
        }
    }
}

fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().mode(0o700).create(path)
}
