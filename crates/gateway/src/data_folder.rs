//! The files of the embedded default: the database, runs, artifacts, and the secret.

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use batchway_domain::ports::Entropy;
use batchway_domain::security::SigningSecrets;
use data_encoding::HEXLOWER;

use crate::failure::Failure;

/// A folder that only its owner may enter.
#[derive(Clone, Debug)]
pub(crate) struct DataFolder(PathBuf);

/// Held for as long as a process works on the folder; the operating system frees it with the
/// process, however that ends.
#[derive(Debug)]
pub(crate) struct FolderLock {
    _file: File,
}

impl DataFolder {
    /// The folder, made where it was not there.
    ///
    /// `setting` names what chooses another.
    pub(crate) fn open(path: &Path, setting: &str) -> Result<Self, Failure> {
        let refuse = |error: io::Error| {
            Failure::failed(format!(
                "the data folder {} can't be used: {error}. Choose another with {setting}, or \
                 make this one writable for the user that runs batchway",
                path.display()
            ))
        };
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(refuse)?;
        let folder = Self(path.canonicalize().map_err(refuse)?);
        folder.probe().map_err(refuse)?;
        Ok(folder)
    }

    /// A folder that can be seen is not always one that can be written.
    fn probe(&self) -> io::Result<()> {
        let path = self.0.join(".probe");
        File::create(&path)?.write_all(b"batchway")?;
        fs::remove_file(path)
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.0.join("batchway.sqlite3")
    }

    pub(crate) fn runs(&self) -> PathBuf {
        self.0.join("runs")
    }

    pub(crate) fn artifacts(&self) -> PathBuf {
        self.0.join("artifacts")
    }

    /// Takes the right to work on the folder under a name such as `serve`.
    pub(crate) fn lock(&self, name: &str) -> Result<FolderLock, Failure> {
        let path = self.0.join(format!("{name}.lock"));
        let failed = |error: io::Error| {
            Failure::failed(format!("{} can't be locked: {error}", path.display()))
        };
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(failed)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut holder = String::new();
                // Who holds it is only told where it can be read.
                let _ = file.read_to_string(&mut holder);
                return Err(Failure::failed(format!(
                    "another batchway already works on {} ({}). Stop it first, or choose another \
                     folder for this one",
                    self.0.display(),
                    holder.trim()
                )));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error)),
        }
        file.set_len(0).map_err(failed)?;
        write!(file, "process {}", std::process::id()).map_err(failed)?;
        Ok(FolderLock { _file: file })
    }

    /// The secret of this folder, made once.
    pub(crate) fn secret(&self, entropy: &dyn Entropy) -> Result<Vec<u8>, Failure> {
        let path = self.0.join("secret");
        let failed = |error: io::Error| {
            Failure::failed(format!(
                "the secret in {} can't be used: {error}",
                path.display()
            ))
        };
        self.make_secret(&path, entropy).map_err(failed)?;
        let text = fs::read_to_string(&path).map_err(failed)?;
        let secret = text.trim().as_bytes().to_vec();
        if secret.len() < SigningSecrets::MIN_BYTES {
            return Err(Failure::failed(format!(
                "the secret in {} is damaged: remove the file to have a new one made. Links and \
                 tokens given out before will no longer be good",
                path.display()
            )));
        }
        Ok(secret)
    }

    /// Written aside and linked into place, so that of two processes one wins and neither ever
    /// reads half a secret.
    fn make_secret(&self, path: &Path, entropy: &dyn Entropy) -> io::Result<()> {
        if path.exists() {
            return Ok(());
        }
        let aside = self.0.join(format!("secret.{}", std::process::id()));
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&aside)?;
        let secret = HEXLOWER.encode(&entropy.bytes::<32>());
        file.write_all(secret.as_bytes())?;
        file.sync_all()?;
        let linked = match fs::hard_link(&aside, path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            result => result,
        };
        fs::remove_file(aside)?;
        linked
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_secret_is_made_once_and_for_its_owner_only() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(&parent.path().join("a/b"), "--folder").unwrap();
        let secret = folder.secret(&SystemEntropy).unwrap();
        assert_eq!(folder.secret(&SystemEntropy).unwrap(), secret);
        assert_eq!(secret.len(), 64);
        let mode = |name: &str| {
            fs::metadata(folder.path().join(name))
                .unwrap()
                .permissions()
                .mode()
        };
        assert_eq!(mode("secret") & 0o777, 0o600);
        assert_eq!(mode("") & 0o777, 0o700);
    }

    #[test]
    fn a_second_process_is_told_who_holds_the_folder() {
        let parent = tempfile::tempdir().unwrap();
        let folder = DataFolder::open(parent.path(), "--folder").unwrap();
        let lock = folder.lock("serve").unwrap();
        let message = folder.lock("serve").unwrap_err().to_string();
        assert!(
            message.contains(&format!("process {}", std::process::id())),
            "{message}"
        );
        drop(lock);
        folder.lock("serve").unwrap();
    }

    #[test]
    fn a_path_that_is_no_folder_is_refused_with_a_way_out() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let message = DataFolder::open(&file.path().join("x"), "--folder")
            .unwrap_err()
            .to_string();
        assert!(message.contains("--folder"), "{message}");
    }
}
