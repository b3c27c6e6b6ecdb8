//! Walking from the folder of all objects to the one that holds an object, part by part. No
//! part is followed that is a symbolic link, so the walk can't leave the folder.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, OFlags};
use rustix::io::Errno;

const OPEN_FOLDER: OFlags = OFlags::RDONLY
    .union(OFlags::DIRECTORY)
    .union(OFlags::NOFOLLOW)
    .union(OFlags::CLOEXEC);

/// Left to the umask, as with any program's files.
const FOLDER_MODE: Mode = Mode::from_raw_mode(0o777);

/// Why a folder was not reached.
#[derive(Debug)]
pub(crate) enum Obstacle {
    /// It does not exist.
    Missing,
    /// Something on the way, at this path, is not a folder.
    NotAFolder(String),
    /// Something on the way, at this path, is a symbolic link.
    SymbolicLink(String),
    /// The operating system says so.
    System(Errno),
}

/// Opens the folder at `path`, parts joined by `/`; the empty path is `objects` itself.
pub(crate) fn open(objects: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Obstacle> {
    walk(objects, path, |folder, part| {
        rustix::fs::openat(folder, part, OPEN_FOLDER, Mode::empty())
    })
}

/// The same, making each part that is missing. A new one is synced into the folder above it.
pub(crate) fn open_or_make(objects: BorrowedFd<'_>, path: &str) -> Result<OwnedFd, Obstacle> {
    walk(objects, path, |folder, part| {
        match rustix::fs::openat(folder, part, OPEN_FOLDER, Mode::empty()) {
            Err(Errno::NOENT) => {
                match rustix::fs::mkdirat(folder, part, FOLDER_MODE) {
                    Ok(()) => rustix::fs::fsync(folder)?,
                    Err(Errno::EXIST) => {}
                    Err(errno) => return Err(errno),
                }
                rustix::fs::openat(folder, part, OPEN_FOLDER, Mode::empty())
            }
            opened => opened,
        }
    })
}

fn walk(
    objects: BorrowedFd<'_>,
    path: &str,
    step: impl Fn(BorrowedFd<'_>, &str) -> Result<OwnedFd, Errno>,
) -> Result<OwnedFd, Obstacle> {
    let mut folder = rustix::io::fcntl_dupfd_cloexec(objects, 0).map_err(Obstacle::System)?;
    let mut walked = 0;
    for part in path.split('/').filter(|part| !part.is_empty()) {
        walked += part.len();
        folder = step(folder.as_fd(), part)
            .map_err(|errno| obstacle(folder.as_fd(), part, &path[..walked], errno))?;
        walked += 1;
    }
    Ok(folder)
}

fn obstacle(folder: BorrowedFd<'_>, part: &str, path: &str, errno: Errno) -> Obstacle {
    match errno {
        Errno::NOENT => Obstacle::Missing,
        Errno::NOTDIR | Errno::LOOP if is_symbolic_link(folder, part) => {
            Obstacle::SymbolicLink(path.to_owned())
        }
        Errno::NOTDIR => Obstacle::NotAFolder(path.to_owned()),
        errno => Obstacle::System(errno),
    }
}

fn is_symbolic_link(folder: BorrowedFd<'_>, name: &str) -> bool {
    rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW)
        .is_ok_and(|stat| FileType::from_raw_mode(stat.st_mode) == FileType::Symlink)
}

/// Removes the folder at `path` and those above it, up to the first that holds anything: an
/// object store has no empty folders. A writer that is on its way through one of them makes
/// it anew.
pub(crate) fn prune(objects: BorrowedFd<'_>, path: &str) {
    let mut path = path;
    while !path.is_empty() {
        let (above, name) = path.rsplit_once('/').unwrap_or(("", path));
        let gone = match open(objects, above) {
            Ok(folder) => match rustix::fs::unlinkat(&folder, name, AtFlags::REMOVEDIR) {
                Ok(()) | Err(Errno::NOENT) => true,
                Err(_) => false,
            },
            Err(Obstacle::Missing) => true,
            Err(_) => false,
        };
        if !gone {
            return;
        }
        path = above;
    }
}
