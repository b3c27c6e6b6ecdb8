//! Disks that are full, and disks that can't be written. Each test mounts a small one of its
//! own, which takes root.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::{fs, io};

use batchway_artifact_store_filesystem::FilesystemArtifactStore;
use batchway_domain::ports::{ArtifactError, ArtifactStore};
use bytes::Bytes;
use tempfile::TempDir;

use crate::support::{StillClock, files_of, key, open, read, whole};

/// A file system in memory, unmounted when dropped.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount(options: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        mount(&["-t", "tmpfs", "-o", options, "tmpfs"], folder.path());
        Self(folder)
    }

    fn make_read_only(&self) {
        mount(&["-o", "remount,ro"], self.0.path());
    }

    fn store(&self) -> FilesystemArtifactStore {
        open(self.0.path())
    }

    fn assert_only(&self, objects: &[&str]) {
        let names = |folder: &str| -> Vec<String> {
            let mut names: Vec<_> = files_of(&self.0.path().join(folder))
                .iter()
                .map(|path| path.file_name().unwrap().to_str().unwrap().to_owned())
                .collect();
            names.sort();
            names
        };
        assert_eq!(names("objects"), objects);
        assert_eq!(names("partial"), [""; 0]);
    }
}

fn mount(arguments: &[&str], folder: &Path) {
    let mounted = Command::new("mount").args(arguments).arg(folder).output();
    let refusal = match mounted {
        Ok(output) if output.status.success() => return,
        Ok(output) => String::from_utf8_lossy(&output.stderr).into_owned(),
        Err(error) => error.to_string(),
    };
    panic!(
        "this test needs a disk of 1 MiB and could not mount one: {refusal}. Run the tests as \
         root, in a container with CAP_SYS_ADMIN."
    );
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // Lazily: an object that is still open must not keep the folder.
        let unmounted = Command::new("umount").arg("-l").arg(self.0.path()).status();
        assert!(unmounted.is_ok_and(|status| status.success()));
    }
}

fn is_full(error: &ArtifactError) -> bool {
    matches!(error, ArtifactError::Full { .. }) && error.to_string().contains("no room left")
}

#[tokio::test]
async fn a_full_disk_is_told_and_nothing_is_left_on_it() {
    let disk = SmallDisk::mount("size=1m");
    let store = disk.store();
    store.put(&key("a"), whole(b"old")).await.unwrap();
    let too_much = vec![1; 2 * 1024 * 1024];
    for name in ["a", "new/folder/b"] {
        let put = store.put(&key(name), whole(&too_much)).await;
        assert!(is_full(&put.unwrap_err()), "{name}");
    }
    let created = store.create(&key("c/d"), Bytes::from(too_much)).await;
    assert!(is_full(&created.unwrap_err()));
    disk.assert_only(&["a"]);
    assert_eq!(read(&store, "a").await.unwrap(), b"old");

    store.put(&key("b"), whole(&[1; 500_000])).await.unwrap();
    store.check().await.unwrap();
}

#[tokio::test]
async fn a_disk_without_room_for_names_is_full_as_well() {
    // The root of the disk, the two folders, one object; and one file at a time beside them.
    let disk = SmallDisk::mount("size=1m,nr_inodes=6");
    let store = disk.store();
    store.put(&key("a"), whole(b"old")).await.unwrap();
    let put = store.put(&key("b/c/d/e"), whole(b"new")).await;
    assert!(is_full(&put.unwrap_err()));
    let created = store.create(&key("b/c/d/e"), Bytes::from("new")).await;
    assert!(is_full(&created.unwrap_err()));
    disk.assert_only(&["a"]);
    store.put(&key("a"), whole(b"new")).await.unwrap();
}

#[tokio::test]
async fn a_check_notices_a_disk_with_no_byte_left() {
    let disk = SmallDisk::mount("size=1m");
    let store = disk.store();
    let filled = fs::write(disk.0.path().join("filler"), vec![0; 2 * 1024 * 1024]);
    assert_eq!(filled.unwrap_err().kind(), io::ErrorKind::StorageFull);
    assert!(is_full(&store.check().await.unwrap_err()));
}

#[tokio::test]
async fn a_disk_that_may_not_be_written_is_still_read() {
    let disk = SmallDisk::mount("size=1m");
    let store = disk.store();
    store.put(&key("a"), whole(b"old")).await.unwrap();
    disk.make_read_only();
    let forbidden = |error| matches!(error, ArtifactError::Forbidden { .. });
    assert!(forbidden(
        store.put(&key("b"), whole(b"x")).await.unwrap_err()
    ));
    assert!(forbidden(store.delete(&key("a")).await.unwrap_err()));
    assert!(forbidden(store.check().await.unwrap_err()));
    assert_eq!(read(&store, "a").await.unwrap(), b"old");
}

#[test]
fn parts_on_two_file_systems_are_refused_by_name() {
    let disk = SmallDisk::mount("size=1m");
    drop(disk.store());
    let partial = disk.0.path().join("partial");
    mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"], &partial);
    let opened = FilesystemArtifactStore::open(disk.0.path(), None, Arc::new(StillClock));
    let error = opened.unwrap_err().to_string();
    assert!(error.contains("different file systems"), "{error}");
    assert!(error.contains(partial.to_str().unwrap()), "{error}");
}
