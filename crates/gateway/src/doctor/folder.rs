//! The data folder: whether it can be written, who may read it, and how much room there is; and
//! the programs beside this one.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use batchway_doctor::{About, Check, Mend, room_on_disk};
use batchway_domain::job_type::{Execution, JobTypes};
use rustix::fs::{Access, access, statvfs};

use super::shown;
use crate::configuration::{Configuration, StoreChoice};

/// How files of SQLite begin.
const SQLITE: &[u8] = b"SQLite format 3\0";

pub(super) fn examine(configuration: &Configuration, types: &JobTypes) -> Vec<Check> {
    let path = &configuration.data_folder;
    let mut checks = vec![writable(path)];
    checks.extend(secrets_are_private(path));
    if let Some(existing) = nearest(path) {
        let about = About::new("folder.disk", shown(path));
        if let Ok(disk) = statvfs(&existing) {
            checks.push(room_on_disk(
                &about,
                disk.f_bavail.saturating_mul(disk.f_frsize),
            ));
        }
    }
    if configuration.adapters.store == StoreChoice::Sqlite {
        checks.push(database(&path.join("batchway.sqlite3")));
    }
    let runs_here = |kind: &std::sync::Arc<batchway_domain::job_type::JobType>| {
        matches!(kind.execution, Execution::Process(_))
    };
    if types.iter().any(runs_here) {
        checks.push(runner());
    }
    checks
}

fn writable(path: &Path) -> Check {
    let about = About::new("folder.writable", shown(path));
    let mend = || {
        Mend::by("choose another with BATCHWAY_DATA_DIR, or give this one to the user that runs batchway")
            .command(format!("sudo chown -R \"$(id -u)\" {}", path.display()))
    };
    let cause = "no gateway starts with it";
    let Some(existing) = nearest(path) else {
        return about.failed("nothing of the path is there", cause, mend());
    };
    if !existing.is_dir() {
        return about.failed(
            format!("{} is no folder", existing.display()),
            cause,
            mend(),
        );
    }
    match access(&existing, Access::WRITE_OK | Access::EXEC_OK) {
        Ok(()) if existing == path => about.passed("there, and can be written"),
        Ok(()) => about.passed("not there yet; it is made at the first start"),
        Err(error) => about.failed(
            format!("{} can't be written: {error}", existing.display()),
            cause,
            mend(),
        ),
    }
}

/// The path, or the part of it that is there.
fn nearest(path: &Path) -> Option<PathBuf> {
    let path = std::path::absolute(path).ok()?;
    let found = path.ancestors().find(|path| path.exists())?;
    Some(found.to_owned())
}

/// The file signs links and tokens.
fn secrets_are_private(folder: &Path) -> Option<Check> {
    let path = folder.join("secret");
    let mode = fs::metadata(&path).ok()?.mode() & 0o777;
    let about = About::new("folder.secret", shown(&path));
    Some(if mode & 0o077 == 0 {
        about.passed("for its owner alone")
    } else {
        about.failed(
            format!("mode {mode:o}: others of this machine may read it"),
            "whoever reads it can sign links to every artifact",
            Mend::by("take the rights away").command(format!("chmod 600 {}", path.display())),
        )
    })
}

fn database(path: &Path) -> Check {
    let about = About::new("store.sqlite", shown(path));
    let mend = || Mend::by("restore it from a backup: docs/deployment.md says how");
    match fs::File::open(path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            about.passed("not there yet; it is made at the first start")
        }
        Err(error) => about.failed(error.to_string(), "jobs can't be read", mend()),
        Ok(mut file) => {
            let mut begin = [0; 16];
            let read = std::io::Read::read(&mut file, &mut begin);
            // A file that was made and not yet written to is empty.
            let is_fine = read.is_ok_and(|length| length == 0 || begin == SQLITE);
            let writable = access(path, Access::READ_OK | Access::WRITE_OK);
            match (is_fine, writable) {
                (false, _) => about.failed("it is no SQLite file", "jobs can't be read", mend()),
                (true, Err(error)) => about.failed(
                    format!("it can't be written: {error}"),
                    "no job is taken",
                    Mend::by("give it to the user that runs batchway")
                        .command(format!("sudo chown \"$(id -u)\" {}", path.display())),
                ),
                (true, Ok(())) => about.passed("a SQLite file that can be written"),
            }
        }
    }
}

fn runner() -> Check {
    let path = std::env::current_exe().unwrap_or_default();
    let path = path.with_file_name("batchway-runner");
    let about = About::new("process.runner", shown(&path));
    match access(&path, Access::EXEC_OK) {
        Ok(()) => about.passed("there"),
        Err(error) => about.failed(
            error.to_string(),
            "jobs that run as processes of this machine wait until it is there",
            Mend::by("put the program batchway-runner of the same version beside batchway"),
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use batchway_doctor::Verdict;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn a_folder_that_is_there_or_can_be_made_or_not() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("file");
        fs::write(&file, "").unwrap();
        assert_eq!(writable(folder.path()).verdict, Verdict::Passed);
        let new = folder.path().join("a/b");
        assert_eq!(writable(&new).verdict, Verdict::Passed);
        assert!(!new.exists(), "nothing is made");
        assert_eq!(writable(&file.join("x")).verdict, Verdict::Failed);
    }

    #[test]
    fn a_secret_that_others_can_read_is_told() {
        let folder = tempfile::tempdir().unwrap();
        assert!(secrets_are_private(folder.path()).is_none());
        let path = folder.path().join("secret");
        fs::write(&path, "hunter2").unwrap();
        for (mode, verdict) in [(0o600, Verdict::Passed), (0o640, Verdict::Failed)] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            let check = secrets_are_private(folder.path()).unwrap();
            assert_eq!(check.verdict, verdict);
            assert!(!format!("{check:?}").contains("hunter2"));
        }
    }

    #[test]
    fn a_database_that_is_none_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("batchway.sqlite3");
        assert_eq!(database(&path).verdict, Verdict::Passed);
        assert!(!path.exists(), "nothing is made");
        fs::write(&path, "this is no database at all").unwrap();
        assert_eq!(database(&path).verdict, Verdict::Failed);
    }
}
