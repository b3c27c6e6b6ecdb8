//! Giving a finished file the place of its key.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::{Arc, Mutex, PoisonError};

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, Created};
use rustix::fs::{AtFlags, FileType};
use rustix::io::Errno;

use crate::folders::{self, Obstacle};
use crate::partial::PartialFile;
use crate::{failure, object};

/// How often a folder may vanish under a writer, as others empty it, before it gives up.
const ROUNDS: usize = 100;

/// Puts the file in the place of what is there, unless nobody waits for that any more.
pub(crate) fn replace(
    objects: BorrowedFd<'_>,
    key: &ArtifactKey,
    mut partial: PartialFile,
    caller: &CallerWaits,
) -> Result<(), ArtifactError> {
    let placed = in_folder(objects, key, |folder, name| {
        caller
            .if_waiting(|| partial.rename(folder, name))
            .unwrap_or(Err(Errno::CANCELED))
    });
    if placed.is_err() {
        folders::prune(objects, object::place_of(key).0);
    }
    placed
}

/// Puts the file there if nothing is.
pub(crate) fn create(
    objects: BorrowedFd<'_>,
    key: &ArtifactKey,
    partial: &PartialFile,
) -> Result<Created, ArtifactError> {
    let placed = in_folder(objects, key, |folder, name| {
        match partial.link(folder, name) {
            Ok(()) => Ok(Created::Won),
            Err(Errno::EXIST) if is_folder(folder, name) => Err(Errno::ISDIR),
            Err(Errno::EXIST) => Ok(Created::AlreadyThere),
            Err(errno) => Err(errno),
        }
    });
    if placed.is_err() {
        folders::prune(objects, object::place_of(key).0);
    }
    placed
}

/// Removes the object and the folders that are empty without it.
pub(crate) fn delete(objects: BorrowedFd<'_>, key: &ArtifactKey) -> Result<(), ArtifactError> {
    let doing = || format!("removing {key}");
    let (path, name) = object::place_of(key);
    let folder = match folders::open(objects, path) {
        Ok(folder) => folder,
        Err(Obstacle::Missing | Obstacle::NotAFolder(_)) => return Ok(()),
        Err(Obstacle::SymbolicLink(path)) => return Err(failure::symbolic_link(&path)),
        Err(Obstacle::System(errno)) => return Err(failure::meaning(errno, &doing())),
    };
    match rustix::fs::unlinkat(&folder, name, AtFlags::empty()) {
        Ok(()) => rustix::fs::fsync(&folder).map_err(|errno| failure::meaning(errno, &doing()))?,
        Err(Errno::NOENT | Errno::ISDIR) => {}
        Err(errno) => return Err(failure::meaning(errno, &doing())),
    }
    folders::prune(objects, path);
    Ok(())
}

/// Does `place` in the folder of `key`, which is made where it is missing, and syncs it.
fn in_folder<T>(
    objects: BorrowedFd<'_>,
    key: &ArtifactKey,
    mut place: impl FnMut(&OwnedFd, &str) -> Result<T, Errno>,
) -> Result<T, ArtifactError> {
    let doing = || format!("writing {key}");
    let (path, name) = object::place_of(key);
    for _ in 0..ROUNDS {
        let folder = match folders::open_or_make(objects, path) {
            Ok(folder) => folder,
            Err(Obstacle::Missing) => continue,
            Err(Obstacle::NotAFolder(file)) => return Err(below_an_artifact(key, &file)),
            Err(Obstacle::SymbolicLink(path)) => return Err(failure::symbolic_link(&path)),
            Err(Obstacle::System(errno)) => return Err(failure::meaning(errno, &doing())),
        };
        let placed = match place(&folder, name) {
            // Someone emptied the folder and removed it since it was opened.
            Err(Errno::NOENT) => continue,
            // A folder without anything in it is nothing to an object store.
            Err(Errno::ISDIR)
                if rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR).is_ok() =>
            {
                continue;
            }
            Err(Errno::ISDIR) => return Err(above_artifacts(key)),
            placed => placed.map_err(|errno| failure::meaning(errno, &doing()))?,
        };
        rustix::fs::fsync(folder.as_fd()).map_err(|errno| failure::meaning(errno, &doing()))?;
        return Ok(placed);
    }
    Err(failure::meaning(Errno::NOENT, &doing()))
}

fn is_folder(folder: &OwnedFd, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Directory)
}

fn below_an_artifact(key: &ArtifactKey, file: &str) -> ArtifactError {
    failure::refused(format!(
        "{key} can't be stored beside the artifact {file}: in a folder, one name can't be an \
         artifact and have others below it; choose another name"
    ))
}

fn above_artifacts(key: &ArtifactKey) -> ArtifactError {
    failure::refused(format!(
        "{key} can't be stored as there are artifacts below {key}/: in a folder, one name can't \
         be an artifact and have others below it; choose another name"
    ))
}

/// Whether the caller of a write still waits for it. Once [`CallerWaits::gone`] has returned,
/// the write will never take place, if it has not.
#[derive(Clone, Debug)]
pub(crate) struct CallerWaits(Arc<Mutex<bool>>);

impl CallerWaits {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Mutex::new(true)))
    }

    pub(crate) fn gone(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = false;
    }

    fn if_waiting<T>(&self, act: impl FnOnce() -> T) -> Option<T> {
        let waits = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waits.then(act)
    }
}
