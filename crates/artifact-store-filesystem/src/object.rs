//! An object as it lies in its folder: what is known of it, and its content in pieces.

use std::fs::File;
use std::os::fd::{BorrowedFd, OwnedFd};
use std::os::unix::fs::FileExt;
use std::sync::Arc;
use std::{cmp, io};

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata, ByteRange, ByteStream};
use bytes::Bytes;
use futures_util::stream;
use rustix::fs::{FileType, Mode, OFlags, Stat};
use rustix::io::Errno;

use crate::failure;
use crate::folders::{self, Obstacle};

/// How much of an object is in memory at a time while it is read, in bytes.
const PIECE_BYTES: u64 = 256 * 1024;

/// The path of the folder of an object, and its name there.
pub(crate) fn place_of(key: &ArtifactKey) -> (&str, &str) {
    key.as_str().rsplit_once('/').unwrap_or(("", key.as_str()))
}

/// What is known of an object by its file.
///
/// The ETag is made of inode, size and time of writing, and so needs no reading. Files in place
/// are never written to, so another content is another inode; where the inode is one that has
/// just been given up, the time tells them apart, as [`crate::partial`] dates no two alike.
pub(crate) fn metadata(key: ArtifactKey, stat: &Stat) -> ArtifactMetadata {
    let size = u64::try_from(stat.st_size).unwrap_or(0);
    let seconds = stat.st_mtime;
    let nanos = i64::try_from(stat.st_mtime_nsec).unwrap_or(0);
    let millis = seconds
        .saturating_mul(1000)
        .saturating_add(nanos / 1_000_000);
    ArtifactMetadata {
        key,
        size,
        last_modified: Timestamp::from_millis(millis),
        etag: format!("{:x}-{size:x}-{seconds:x}.{nanos:x}", stat.st_ino),
    }
}

/// Opens an object for reading. What is known of it and what is read are of the same file,
/// whatever takes its place meanwhile.
pub(crate) fn open(
    objects: BorrowedFd<'_>,
    key: &ArtifactKey,
) -> Result<(File, ArtifactMetadata), ArtifactError> {
    let doing = || format!("reading {key}");
    let (path, name) = place_of(key);
    let folder = folders::open(objects, path).map_err(|obstacle| match obstacle {
        Obstacle::Missing | Obstacle::NotAFolder(_) => failure::not_found(key),
        Obstacle::SymbolicLink(path) => failure::symbolic_link(&path),
        Obstacle::System(errno) => failure::meaning(errno, &doing()),
    })?;
    let file = open_file(&folder, name).map_err(|errno| match errno {
        Errno::NOENT => failure::not_found(key),
        Errno::LOOP => failure::symbolic_link(key.as_str()),
        errno => failure::meaning(errno, &doing()),
    })?;
    let stat = rustix::fs::fstat(&file).map_err(|errno| failure::meaning(errno, &doing()))?;
    if FileType::from_raw_mode(stat.st_mode) == FileType::RegularFile {
        Ok((file, metadata(key.clone(), &stat)))
    } else {
        // A folder, of which an object store knows nothing, or a device, which is no object.
        Err(failure::not_found(key))
    }
}

fn open_file(folder: &OwnedFd, name: &str) -> Result<File, Errno> {
    // Opening a pipe would wait for its other end; NONBLOCK does not, and means nothing to files.
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    rustix::fs::openat(folder, name, flags, Mode::empty()).map(File::from)
}

/// The part of an object of `size` bytes that is asked for.
pub(crate) fn satisfy(range: Option<ByteRange>, size: u64) -> Result<ByteRange, ArtifactError> {
    match range {
        None => Ok(ByteRange {
            start: 0,
            end: size,
        }),
        Some(range) if range.start >= size => Err(ArtifactError::RangeNotSatisfiable { size }),
        Some(ByteRange { start, end }) => Ok(ByteRange {
            start,
            end: end.clamp(start, size),
        }),
    }
}

/// The bytes of the range, piece by piece, each read when it is asked for.
pub(crate) fn content(file: File, range: ByteRange) -> ByteStream {
    let file = Arc::new(file);
    Box::pin(stream::try_unfold(range, move |rest| {
        let file = Arc::clone(&file);
        async move {
            if rest.start >= rest.end {
                return Ok(None);
            }
            let length = cmp::min(rest.end - rest.start, PIECE_BYTES);
            let piece = tokio::task::spawn_blocking(move || read_at(&file, rest.start, length))
                .await
                .map_err(io::Error::other)??;
            let rest = ByteRange {
                start: rest.start + length,
                ..rest
            };
            Ok(Some((piece, rest)))
        }
    }))
}

fn read_at(file: &File, start: u64, length: u64) -> io::Result<Bytes> {
    let mut piece = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    file.read_exact_at(&mut piece, start)?;
    Ok(piece.into())
}
