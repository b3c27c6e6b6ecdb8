//! The folder of one run, as the gateway sees it.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use batchway_domain::identity::{JobId, TryName};
use batchway_domain::runner::run_folder::files;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// A look at a lock takes it for a moment. One at a time, so that no look disturbs another.
static LOOKING: Mutex<()> = Mutex::new(());

/// Name of the folder of a try.
pub(crate) fn folder_name(name: &TryName) -> String {
    format!("{}-{}", name.job, name.number)
}

/// Whether a try can have a folder of this name.
pub(crate) fn is_folder_name(text: &str) -> bool {
    text.rsplit_once('-').is_some_and(|(job, number)| {
        let written_as_we_do = |n: u32| n > 0 && n.to_string() == number;
        job.parse::<JobId>().is_ok() && number.parse().is_ok_and(written_as_we_do)
    })
}

/// The folder of a run, whether there is one or not.
#[derive(Clone, Debug)]
pub(crate) struct Run {
    folder: PathBuf,
}

impl Run {
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self { folder }
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    pub(crate) fn exists(&self) -> bool {
        self.folder.is_dir()
    }

    pub(crate) fn has(&self, file: &str) -> bool {
        self.folder.join(file).exists()
    }

    /// A record; `None` where there is none.
    pub(crate) fn read<T: DeserializeOwned>(&self, file: &str) -> io::Result<Option<T>> {
        match fs::read(self.folder.join(file)) {
            Ok(bytes) => Ok(Some(serde_json::from_slice(&bytes)?)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a record so that it is there whole or not at all, also after a loss of power.
    pub(crate) fn write(&self, file: &str, record: &impl Serialize) -> io::Result<()> {
        let partial = self.folder.join(format!("{file}.partial"));
        let mut output = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&partial)?;
        output.write_all(&serde_json::to_vec_pretty(record)?)?;
        output.sync_all()?;
        fs::rename(partial, self.folder.join(file))?;
        sync_folder(&self.folder)
    }

    /// Takes the lock; `None` where it is held.
    pub(crate) fn try_lock(&self) -> io::Result<Option<File>> {
        let file = File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(self.folder.join(files::LOCK))?;
        let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
        match file.try_lock() {
            Ok(()) => Ok(Some(file)),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// Whether its runner lives.
    pub(crate) fn is_alive(&self) -> io::Result<bool> {
        let _alone = LOOKING.lock().unwrap_or_else(PoisonError::into_inner);
        let file = match File::open(self.folder.join(files::LOCK)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
            Err(error) => return Err(error),
        };
        match file.try_lock_shared() {
            Ok(()) => Ok(false),
            Err(TryLockError::WouldBlock) => Ok(true),
            Err(TryLockError::Error(error)) => Err(error),
        }
    }

    /// The last line that the runner itself said.
    pub(crate) fn last_words(&self) -> Option<String> {
        let log = fs::read_to_string(self.folder.join(files::RUNNER_LOG)).ok()?;
        let line = log.lines().rev().find(|line| !line.trim().is_empty())?;
        let words = line.strip_prefix("[batchway-runner] ").unwrap_or(line);
        Some(words.to_owned())
    }
}

/// Makes a new name in a folder, or a changed one, survive a loss of power.
pub(crate) fn sync_folder(folder: &Path) -> io::Result<()> {
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_tries_are_folders() {
        let job = "job_0000000000000000000000000000";
        assert!(is_folder_name(&format!("{job}-1")));
        assert!(is_folder_name(&format!("{job}-4294967295")));
        for other in ["", "-1", "..", job, "../x-1", "job_1-1"] {
            assert!(!is_folder_name(other), "{other}");
        }
        for number in ["0", "01", "+1", "-1", "1/..", "4294967296", ""] {
            assert!(!is_folder_name(&format!("{job}-{number}")), "{number}");
        }
    }

    #[test]
    fn a_held_lock_is_seen_and_looking_does_not_take_it() {
        let folder = tempfile::tempdir().unwrap();
        let run = Run::new(folder.path().to_owned());
        assert!(!run.is_alive().unwrap());
        let lock = run.try_lock().unwrap().unwrap();
        assert!(run.is_alive().unwrap());
        assert!(run.try_lock().unwrap().is_none());
        drop(lock);
        assert!(!run.is_alive().unwrap());
        assert!(run.try_lock().unwrap().is_some());
    }
}
