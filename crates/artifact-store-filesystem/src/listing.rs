//! Everything below a prefix.

use std::os::fd::{BorrowedFd, OwnedFd};

use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{ArtifactError, ArtifactMetadata};
use rustix::fs::{AtFlags, Dir, FileType};
use rustix::io::Errno;

use crate::folders::{self, Obstacle};
use crate::{failure, object};

/// Every object whose key begins with `prefix`, which may end within a part, in the order of
/// keys by bytes.
pub(crate) fn list(
    objects: BorrowedFd<'_>,
    prefix: &str,
) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
    let (path, beginning) = prefix.rsplit_once('/').unwrap_or(("", prefix));
    let is_a_folder = path.parse::<ArtifactKey>().is_ok();
    if prefix.contains('/') && !is_a_folder {
        // No key begins like that; and nothing but keys is ever walked.
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    // Paths rather than open folders: however deep the tree, two files are open at a time.
    let mut folders = vec![path.to_owned()];
    let mut beginning = beginning;
    while let Some(path) = folders.pop() {
        let folder = match folders::open(objects, &path) {
            Ok(folder) => folder,
            Err(Obstacle::System(errno)) => return Err(failure::meaning(errno, &doing(&path))),
            Err(_) => continue,
        };
        read_folder(&folder, &path, beginning, &mut found, &mut folders)
            .map_err(|errno| failure::meaning(errno, &doing(&path)))?;
        beginning = "";
    }
    found.sort_unstable_by(|one, other| one.key.cmp(&other.key));
    // A folder that changes while it is read may show a name twice.
    found.dedup_by(|later, earlier| later.key == earlier.key);
    Ok(found)
}

fn doing(path: &str) -> String {
    format!("listing {path}/")
}

/// Adds the objects of one folder to `found`, and the folders in it to `folders`.
fn read_folder(
    folder: &OwnedFd,
    path: &str,
    beginning: &str,
    found: &mut Vec<ArtifactMetadata>,
    folders: &mut Vec<String>,
) -> Result<(), Errno> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        // Keys are UTF-8; a file with another name was not put there by us.
        let Ok(name) = entry.file_name().to_str() else {
            continue;
        };
        if matches!(name, "." | "..") || !name.starts_with(beginning) {
            continue;
        }
        let stat = match rustix::fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Err(Errno::NOENT) => continue,
            stat => stat?,
        };
        let below = match path {
            "" => name.to_owned(),
            path => format!("{path}/{name}"),
        };
        match FileType::from_raw_mode(stat.st_mode) {
            FileType::Directory => folders.push(below),
            FileType::RegularFile => {
                found.extend(below.parse().map(|key| object::metadata(key, &stat)));
            }
            _ => {}
        }
    }
    Ok(())
}
