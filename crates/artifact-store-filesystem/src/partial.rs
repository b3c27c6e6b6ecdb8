//! Files that are still being written.

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batchway_domain::Timestamp;
use bytes::Bytes;
use rustix::fs::{
    AtFlags, Dir, FileType, FlockOperation, Mode, OFlags, Stat, Timespec, Timestamps,
};
use rustix::io::Errno;

/// Left to the umask, as with any program's files.
const FILE_MODE: Mode = Mode::from_raw_mode(0o666);

/// Tells apart what this process writes: names of partial files, and contents written within
/// one millisecond.
static SERIAL: AtomicU64 = AtomicU64::new(0);

/// A file in the folder of partial files, locked as long as it is there. Removed when dropped,
/// if it has not been given another place.
#[derive(Debug)]
pub(crate) struct PartialFile {
    folder: Arc<OwnedFd>,
    name: String,
    file: File,
    moved: bool,
}

impl PartialFile {
    pub(crate) fn create(folder: &Arc<OwnedFd>) -> Result<Self, Errno> {
        loop {
            let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
            let name = format!("{}-{serial}", std::process::id());
            let flags =
                OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
            let file = match rustix::fs::openat(folder, &name, flags, FILE_MODE) {
                // A process of another container has the same number, or had before it died.
                Err(Errno::EXIST) => continue,
                opened => File::from(opened?),
            };
            let partial = Self {
                folder: Arc::clone(folder),
                name,
                file,
                moved: false,
            };
            rustix::fs::flock(&partial.file, FlockOperation::LockExclusive)?;
            // Whoever cleans up may have taken it, unlocked as it was, for a leftover.
            if rustix::fs::fstat(&partial.file)?.st_nlink > 0 {
                return Ok(partial);
            }
        }
    }

    pub(crate) fn write(&mut self, pieces: &[Bytes]) -> io::Result<()> {
        pieces
            .iter()
            .try_for_each(|piece| self.file.write_all(piece))
    }

    /// Makes what was written durable and dates it. Two contents written in the same
    /// millisecond differ in the digits below it, so that their ETags differ.
    pub(crate) fn finish(&self, written_at: Timestamp) -> Result<Stat, Errno> {
        let below_millisecond = SERIAL.fetch_add(1, Ordering::Relaxed) % 1_000_000;
        let millis = written_at.as_millis();
        let written_at = Timespec {
            tv_sec: millis.div_euclid(1000),
            tv_nsec: (millis.rem_euclid(1000) * 1_000_000)
                .saturating_add_unsigned(below_millisecond),
        };
        rustix::fs::futimens(
            &self.file,
            &Timestamps {
                last_access: written_at,
                last_modification: written_at,
            },
        )?;
        rustix::fs::fsync(&self.file)?;
        rustix::fs::fstat(&self.file)
    }

    /// Puts it in the place of whatever file is there.
    pub(crate) fn rename(&mut self, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        rustix::fs::renameat(&self.folder, &self.name, folder, name)?;
        self.moved = true;
        Ok(())
    }

    /// Puts it there if nothing is.
    pub(crate) fn link(&self, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        rustix::fs::linkat(&self.folder, &self.name, folder, name, AtFlags::empty())
    }
}

impl Drop for PartialFile {
    fn drop(&mut self) {
        if !self.moved {
            // What can't be removed now is removed when the store is opened next.
            let _ = rustix::fs::unlinkat(&self.folder, &self.name, AtFlags::empty());
        }
    }
}

/// Removes what writers left that no longer live.
pub(crate) fn remove_leftovers(folder: &OwnedFd) -> Result<(), Errno> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
        let file = match rustix::fs::openat(folder, entry.file_name(), flags, Mode::empty()) {
            Err(Errno::NOENT | Errno::LOOP) => continue,
            opened => opened?,
        };
        if FileType::from_raw_mode(rustix::fs::fstat(&file)?.st_mode) != FileType::RegularFile {
            continue;
        }
        match rustix::fs::flock(file.as_fd(), FlockOperation::NonBlockingLockExclusive) {
            Err(Errno::WOULDBLOCK) => continue,
            locked => locked?,
        }
        match rustix::fs::unlinkat(folder, entry.file_name(), AtFlags::empty()) {
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(errno),
        }
    }
    Ok(())
}
