//! Checkpoints: one archive, stored whole or not at all.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactStore};
use tokio::time::Instant;

use crate::content::{DownloadError, download, written_by};

/// Between two looks at the folder.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// The files of the folder, as far as it shows whether they have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Snapshot(Vec<File>);

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct File {
    /// Below the folder.
    path: PathBuf,
    inode: u64,
    size: u64,
    modified: (i64, i64),
}

/// Keeps the checkpoint in the artifact store as new as the one in the folder.
#[derive(Debug)]
pub(crate) struct Checkpoints {
    folder: PathBuf,
    key: ArtifactKey,
    store: Arc<dyn ArtifactStore>,
    stored: Snapshot,
}

impl Checkpoints {
    /// Restores what is stored, if anything is, and says whether something was.
    pub(crate) async fn restore(
        folder: PathBuf,
        key: ArtifactKey,
        store: Arc<dyn ArtifactStore>,
    ) -> Result<(Self, bool), RestoreError> {
        let archive = folder.with_extension("tar");
        let found = match download(&*store, &key, &archive).await {
            Ok(_) => true,
            Err(DownloadError::Fetch {
                source: ArtifactError::NotFound { .. },
                ..
            }) => false,
            Err(error) => return Err(RestoreError::Fetch(error)),
        };
        if found {
            unpack(&archive, &folder).map_err(RestoreError::Unpack)?;
            fs::remove_file(&archive).map_err(RestoreError::Unpack)?;
        }
        let checkpoints = Self {
            stored: Snapshot::of(&folder).map_err(RestoreError::Unpack)?,
            folder,
            key,
            store,
        };
        Ok((checkpoints, found))
    }

    /// Stores what changes, for ever, at most once in `every`.
    pub(crate) async fn store_changes(&mut self, every: Duration) {
        let mut due = Instant::now() + every;
        loop {
            tokio::time::sleep(LOOK_EVERY.min(every)).await;
            // What could not be stored, or changed while it was read, is tried at the next look.
            if Instant::now() >= due && matches!(self.store_if_changed().await, Ok(true)) {
                due = Instant::now() + every;
            }
        }
    }

    /// Stores the folder unless it is as it was, or empty. Says whether it did.
    pub(crate) async fn store_if_changed(&mut self) -> Result<bool, StoreError> {
        let before = Snapshot::of(&self.folder)?;
        if before == self.stored || before.0.is_empty() {
            return Ok(false);
        }
        let (folder, files) = (self.folder.clone(), before.clone());
        let content = written_by(move |output| archive(&folder, &files, output));
        self.store.put(&self.key, content).await?;
        self.stored = before;
        Ok(true)
    }

    /// Removes the stored checkpoint: nothing will start from it again.
    pub(crate) async fn discard(&self) -> Result<(), ArtifactError> {
        self.store.delete(&self.key).await
    }
}

/// The stored checkpoint could not be had.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RestoreError {
    #[error("the checkpoint could not be had: {0}")]
    Fetch(#[source] DownloadError),
    #[error("the checkpoint could not be unpacked: {0}")]
    Unpack(#[source] io::Error),
}

/// The checkpoint could not be stored.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("the checkpoint's folder could not be read: {0}")]
    Read(#[from] io::Error),
    #[error("{0}")]
    Store(#[from] ArtifactError),
}

impl Snapshot {
    fn of(folder: &Path) -> io::Result<Self> {
        let mut files = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            let entries = match fs::read_dir(folder.join(&below)) {
                // A program may remove a folder at any time.
                Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                entries => entries?,
            };
            for entry in entries {
                let entry = entry?;
                let path = below.join(entry.file_name());
                let metadata = match entry.metadata() {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    metadata => metadata?,
                };
                if metadata.is_dir() {
                    folders.push(path);
                } else if metadata.is_file() {
                    files.push(File {
                        path,
                        inode: metadata.ino(),
                        size: metadata.size(),
                        modified: (metadata.mtime(), metadata.mtime_nsec()),
                    });
                }
            }
        }
        files.sort();
        Ok(Self(files))
    }
}

/// Fails where anything changed meanwhile, so that a torn checkpoint is never stored.
fn archive(folder: &Path, files: &Snapshot, output: &mut dyn Write) -> io::Result<()> {
    let mut builder = tar::Builder::new(output);
    for file in &files.0 {
        let path = folder.join(&file.path);
        let mut header = tar::Header::new_gnu();
        header.set_size(file.size);
        header.set_mode(0o600);
        header.set_mtime(u64::try_from(file.modified.0).unwrap_or(0));
        let content = io::Read::take(fs::File::open(path)?, file.size);
        builder.append_data(&mut header, &file.path, content)?;
    }
    builder.into_inner()?;
    if Snapshot::of(folder)? == *files {
        Ok(())
    } else {
        Err(io::Error::other("the checkpoint changed while it was read"))
    }
}

/// Unpacks regular files, and nothing outside the folder.
fn unpack(archive: &Path, folder: &Path) -> io::Result<()> {
    for entry in tar::Archive::new(fs::File::open(archive)?).entries()? {
        let mut entry = entry?;
        if !entry.header().entry_type().is_file() || !entry.unpack_in(folder)? {
            return Err(io::Error::other(
                "the archive holds what a runner never puts there",
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Changes a file at the first byte that it gets, as a program may at any time.
    struct Meddler(PathBuf);

    impl Write for Meddler {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            fs::write(&self.0, "changed")?;
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn folder_with(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for (name, content) in files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, content).unwrap();
        }
        folder
    }

    #[test]
    fn what_is_archived_is_unpacked_again() {
        let from = folder_with(&[("a", "1"), ("deep/er/b", "2"), ("empty", "")]);
        let snapshot = Snapshot::of(from.path()).unwrap();
        let into = tempfile::tempdir().unwrap();
        let path = into.path().join("archive");
        let mut output = fs::File::create(&path).unwrap();
        archive(from.path(), &snapshot, &mut output).unwrap();
        let folder = into.path().join("folder");
        fs::create_dir(&folder).unwrap();
        unpack(&path, &folder).unwrap();
        assert_eq!(fs::read_to_string(folder.join("a")).unwrap(), "1");
        assert_eq!(fs::read_to_string(folder.join("deep/er/b")).unwrap(), "2");
        assert_eq!(fs::read_to_string(folder.join("empty")).unwrap(), "");
    }

    #[test]
    fn what_changes_while_it_is_read_is_no_checkpoint() {
        for meddled in ["a", "b", "new"] {
            let folder = folder_with(&[("a", "1"), ("b", "2")]);
            let snapshot = Snapshot::of(folder.path()).unwrap();
            let mut output = Meddler(folder.path().join(meddled));
            let archived = archive(folder.path(), &snapshot, &mut output);
            assert!(archived.is_err(), "{meddled}");
        }
    }

    #[test]
    fn links_are_neither_followed_nor_kept() {
        let folder = folder_with(&[("a", "1")]);
        std::os::unix::fs::symlink("/etc", folder.path().join("folder")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("file")).unwrap();
        let snapshot = Snapshot::of(folder.path()).unwrap();
        assert_eq!(snapshot.0.len(), 1);
    }

    #[test]
    fn an_archive_that_leads_outside_is_refused() {
        let into = tempfile::tempdir().unwrap();
        let path = into.path().join("archive");
        let mut builder = tar::Builder::new(fs::File::create(&path).unwrap());
        let mut header = tar::Header::new_gnu();
        header.set_entry_type(tar::EntryType::Symlink);
        header.set_size(0);
        builder.append_link(&mut header, "out", "/etc").unwrap();
        builder.into_inner().unwrap();
        let folder = into.path().join("folder");
        fs::create_dir(&folder).unwrap();
        assert!(unpack(&path, &folder).is_err());
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
    }
}
