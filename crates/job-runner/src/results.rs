//! What the program left: found, and stored with its checksums.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use batchway_domain::artifacts::{ArtifactKey, JobFolder, ManifestObject};
use batchway_domain::ports::{ArtifactError, ArtifactStore};
use futures_util::{StreamExt, TryStreamExt, stream};
use rustix::fs::{CWD, Mode, OFlags, openat};

use crate::content::{copy_hashing, written_by};
use crate::patience::Patience;

/// The most results that a run may leave.
const MOST_RESULTS: usize = 100_000;

/// So many small ones are stored at the same time.
const AT_ONCE: usize = 8;

/// What is larger, in bytes, is stored one after the other: a store may have several parts of
/// each in memory, and containers are small.
const LARGE_BYTES: u64 = 4 * 1024 * 1024;

/// So many of what was left out are named.
const NAMED: usize = 5;

/// What was found in the program's output folder.
#[derive(Debug, Default)]
pub(crate) struct Found {
    results: Vec<FoundFile>,
    left_out: Vec<String>,
}

#[derive(Debug)]
struct FoundFile {
    name: String,
    key: ArtifactKey,
    path: PathBuf,
    is_large: bool,
}

/// The results could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ResultsError {
    #[error("the folder of results could not be read: {0}")]
    Read(#[source] io::Error),
    #[error("the program left more than {MOST_RESULTS} files")]
    TooMany,
    #[error("{key} could not be stored: {source}")]
    Store {
        key: ArtifactKey,
        source: ArtifactError,
    },
}

impl Found {
    /// Looks through the folder. Links are never followed.
    pub(crate) fn look(output: &Path, folder: &JobFolder) -> Result<Self, ResultsError> {
        let mut found = Self::default();
        let mut folders = vec![(output.to_owned(), String::new())];
        while let Some((path, prefix)) = folders.pop() {
            for entry in fs::read_dir(path).map_err(ResultsError::Read)? {
                let entry = entry.map_err(ResultsError::Read)?;
                let kind = entry.file_type().map_err(ResultsError::Read)?;
                let shown = format!("{prefix}{}", entry.file_name().display());
                let name = entry.file_name().into_string().ok();
                let name = name.map(|name| format!("{prefix}{name}"));
                let key = name.as_deref().and_then(|name| folder.artifact(name).ok());
                match (name, key) {
                    (Some(name), Some(_)) if kind.is_dir() => {
                        folders.push((entry.path(), format!("{name}/")));
                    }
                    (Some(name), Some(key)) if kind.is_file() => found.add(name, key, &entry)?,
                    (Some(_), Some(_)) => found.leave_out(&shown, "is no regular file"),
                    _ => found.leave_out(&shown, "can't be the name of an artifact"),
                }
            }
        }
        found.results.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(found)
    }

    fn add(
        &mut self,
        name: String,
        key: ArtifactKey,
        entry: &fs::DirEntry,
    ) -> Result<(), ResultsError> {
        if self.results.len() == MOST_RESULTS {
            return Err(ResultsError::TooMany);
        }
        let size = entry.metadata().map_or(0, |metadata| metadata.len());
        self.results.push(FoundFile {
            name,
            key,
            path: entry.path(),
            is_large: size > LARGE_BYTES,
        });
        Ok(())
    }

    fn leave_out(&mut self, name: &str, why: &str) {
        self.left_out.push(format!("{:?} {why}", shortened(name)));
    }

    /// Stores them all, in any order. What can't be opened any more is left out.
    pub(crate) async fn store(
        self,
        store: &Arc<dyn ArtifactStore>,
        patience: Patience,
    ) -> Result<Stored, ResultsError> {
        let (large, small): (Vec<_>, Vec<_>) =
            self.results.into_iter().partition(|result| result.is_large);
        let mut stored = Stored {
            objects: Vec::with_capacity(large.len() + small.len()),
            left_out: self.left_out,
        };
        for (results, at_once) in [(small, AT_ONCE), (large, 1)] {
            let mut results = stream::iter(results)
                .map(|result| store_one(store, patience, result))
                .buffered(at_once);
            while let Some(result) = results.try_next().await? {
                stored.add(result);
            }
        }
        stored.objects.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(stored)
    }
}

/// What is in the artifact store now.
#[derive(Debug)]
pub(crate) struct Stored {
    pub(crate) objects: Vec<ManifestObject>,
    left_out: Vec<String>,
}

impl Stored {
    fn add(&mut self, result: Result<ManifestObject, String>) {
        match result {
            Ok(object) => self.objects.push(object),
            Err(reason) => self.left_out.push(reason),
        }
    }

    /// One sentence about what was left out, where anything was.
    pub(crate) fn remark(&self) -> Option<String> {
        let named = self.left_out.iter().take(NAMED).cloned();
        let more = self.left_out.len().saturating_sub(NAMED);
        let more = (more > 0).then(|| format!("and {more} more"));
        let all: Vec<String> = named.chain(more).collect();
        (!all.is_empty()).then(|| format!("Not among the results: {}.", all.join(", ")))
    }

    /// One line for each of what was left out.
    pub(crate) fn left_out(&self) -> &[String] {
        &self.left_out
    }
}

/// An error of the inner result is a file that is gone.
async fn store_one(
    store: &Arc<dyn ArtifactStore>,
    patience: Patience,
    result: FoundFile,
) -> Result<Result<ManifestObject, String>, ResultsError> {
    let FoundFile {
        name, key, path, ..
    } = result;
    if let Err(error) = open(&path) {
        return Ok(Err(format!(
            "{:?} can't be read: {error}",
            shortened(&name)
        )));
    }
    let stored = patience
        .exercise(async || put_hashing(&**store, &key, &path).await)
        .await;
    match stored {
        Ok((size, sha256)) => Ok(Ok(ManifestObject { name, size, sha256 })),
        Err(source) => Err(ResultsError::Store { key, source }),
    }
}

async fn put_hashing(
    store: &dyn ArtifactStore,
    key: &ArtifactKey,
    path: &Path,
) -> Result<(u64, String), ArtifactError> {
    let measured = Arc::new(OnceLock::new());
    let (path, measuring) = (path.to_owned(), Arc::clone(&measured));
    let content = written_by(move |output| {
        let copied = copy_hashing(open(&path)?, output)?;
        measuring
            .set(copied)
            .map_err(|_| io::ErrorKind::Other.into())
    });
    let metadata = store.put(key, content).await?;
    match measured.get() {
        Some((size, sha256)) if *size == metadata.size => Ok((*size, sha256.clone())),
        _ => Err(ArtifactError::Unavailable {
            reason: format!("{key} has another size than what was stored under it"),
            source: None,
        }),
    }
}

/// Opens a regular file, and nothing that took its place.
fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat(CWD, path, flags, Mode::empty())?);
    if file.metadata()?.is_file() {
        Ok(file)
    } else {
        Err(io::Error::other("it is no regular file"))
    }
}

fn shortened(name: &str) -> String {
    let mut text = name.to_owned();
    text.truncate(text.floor_char_boundary(80));
    text
}
