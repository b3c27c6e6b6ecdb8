//! Known vulnerabilities of our dependencies, by the RustSec database.

mod advisory;

use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::failure::{Failure, Outcome};
use crate::metadata::{Metadata, Package};
use crate::process;
use advisory::{Advisory, Weight};

const DATABASE: &str = "https://github.com/rustsec/advisory-db";
const PATIENCE: Duration = Duration::from_secs(120);

/// `cargo xtask advisories`: a database that can't be had is a failure here.
pub(crate) fn report(metadata: &Metadata, database: Option<&Path>) -> Outcome {
    match database {
        Some(folder) => check(metadata, folder),
        None => check(metadata, &fetch(metadata)?),
    }
}

/// Brings the database under the build folder, or falls back to the copy there.
pub(crate) fn fetch(metadata: &Metadata) -> Outcome<PathBuf> {
    let copy = metadata.target.join("xtask/advisory-db");
    bring(DATABASE, &copy)
        .map_err(|reason| Failure::because(format!("no RustSec database: {reason}")))?;
    Ok(copy)
}

fn bring(address: &str, copy: &Path) -> Outcome {
    if !copy.join("crates").is_dir() {
        let clone = ["clone", "--quiet", "--depth=1", address];
        return process::run_within(PATIENCE, git().args(clone).arg(copy));
    }
    let update = ["fetch", "--quiet", "--depth=1", "origin", "HEAD"];
    match process::run_within(PATIENCE, git().arg("-C").arg(copy).args(update)) {
        Ok(()) => {
            let newest = ["reset", "--quiet", "--hard", "FETCH_HEAD"];
            process::run_within(PATIENCE, git().arg("-C").arg(copy).args(newest))
        }
        Err(reason) => {
            println!("using the copy of the RustSec database fetched earlier: {reason}");
            Ok(())
        }
    }
}

/// Fails on vulnerabilities; names what is merely unmaintained or unsound.
pub(crate) fn check(metadata: &Metadata, database: &Path) -> Outcome {
    let crates = database.join("crates");
    if !crates.is_dir() {
        let reason = format!(
            "{} has no folder `crates`: no RustSec database",
            database.display()
        );
        return Err(Failure::because(reason));
    }
    let mut vulnerable = Vec::new();
    for package in metadata.packages.iter().filter(|package| !package.is_ours) {
        for advisory in affecting(package, &crates)? {
            let line = format!("{} {}: {advisory}", package.name, package.version);
            match advisory.weight {
                Weight::Vulnerability => vulnerable.push(line),
                Weight::Notice => println!("  note: {line}"),
            }
        }
    }
    if vulnerable.is_empty() {
        println!("no known vulnerability in the dependencies");
        return Ok(());
    }
    Err(Failure::because(format!(
        "dependencies with known vulnerabilities (update them with `cargo update`):\n  {}",
        vulnerable.join("\n  ")
    )))
}

fn affecting(package: &Package, crates: &Path) -> Outcome<Vec<Advisory>> {
    let folder = crates.join(&package.name);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut found = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(Failure::at(&folder, "list"))? {
        let file = entry.map_err(Failure::at(&folder, "list"))?.path();
        let text = std::fs::read_to_string(&file).map_err(Failure::at(&file, "read"))?;
        let advisory = Advisory::read(&text).map_err(|reason| {
            Failure::because(format!("cannot understand {}: {reason}", file.display()))
        })?;
        if advisory.affects(&package.version) {
            found.push(advisory);
        }
    }
    Ok(found)
}

/// Never asks anybody for a password, and gives up on a stalled connection.
fn git() -> Command {
    let mut git = Command::new("git");
    git.env("GIT_TERMINAL_PROMPT", "0");
    git.env("GIT_HTTP_LOW_SPEED_LIMIT", "1000")
        .env("GIT_HTTP_LOW_SPEED_TIME", "20");
    git
}

#[cfg(test)]
mod tests {
    use super::*;

    const ADVISORY: &str = "```toml\n[advisory]\nid = \"RUSTSEC-2020-0001\"\n\
        [versions]\npatched = [\">= 1.2.0\"]\n```\n\n# Reads past the end\n";

    fn house_with(version: &str) -> Metadata {
        let dependency = Package {
            id: "left-pad@1".into(),
            name: "left-pad".into(),
            version: version.into(),
            manifest: "/registry/left-pad/Cargo.toml".into(),
            is_ours: false,
            licence: None,
            origin: None,
            declared: Vec::new(),
            links: Vec::new(),
        };
        Metadata {
            root: "/house".into(),
            target: "/target".into(),
            packages: vec![dependency],
        }
    }

    fn database_with(advisory: &str) -> tempfile::TempDir {
        let database = tempfile::tempdir().expect("a folder");
        let folder = database.path().join("crates/left-pad");
        std::fs::create_dir_all(&folder).expect("a folder");
        std::fs::write(folder.join("RUSTSEC-2020-0001.md"), advisory).expect("a file");
        database
    }

    #[test]
    fn a_vulnerable_version_fails_and_a_patched_one_passes() {
        let database = database_with(ADVISORY);
        let failure = check(&house_with("1.1.9"), database.path()).expect_err("vulnerable");
        let expected = "left-pad 1.1.9: RUSTSEC-2020-0001, Reads past the end";
        assert!(failure.to_string().contains(expected), "{failure}");
        check(&house_with("1.2.0"), database.path()).expect("patched");
    }

    #[test]
    fn the_copy_follows_the_database_and_outlives_it() {
        let upstream = database_with(ADVISORY);
        let address = format!("file://{}", upstream.path().display());
        let place = tempfile::tempdir().expect("a folder");
        let copy = place.path().join("advisory-db");
        let file = "crates/left-pad/RUSTSEC-2020-0001.md";
        let commit = || {
            let script =
                "git init -q; git add .; git -c user.name=t -c user.email=t@t commit -qm t";
            process::capture(
                Command::new("sh")
                    .args(["-c", script])
                    .current_dir(upstream.path()),
            )
            .expect("committed");
        };

        commit();
        bring(&address, &copy).expect("cloned");
        std::fs::write(upstream.path().join(file), "changed").expect("a file");
        commit();
        bring(&address, &copy).expect("updated");
        drop(upstream);
        bring(&address, &copy).expect("the copy is still there");

        assert_eq!(
            std::fs::read_to_string(copy.join(file)).expect("a file"),
            "changed"
        );
        let elsewhere = place.path().join("other");
        assert!(
            bring(&address, &elsewhere).is_err(),
            "nothing to clone, and no copy"
        );
    }

    #[test]
    fn an_unmaintained_crate_does_not_fail() {
        let unmaintained = ADVISORY.replace(
            "\n[versions]",
            "\ninformational = \"unmaintained\"\n[versions]",
        );
        let database = database_with(&unmaintained);
        check(&house_with("1.1.9"), database.path()).expect("only a note");
    }

    #[test]
    fn a_folder_that_is_no_database_is_no_clean_bill() {
        let empty = tempfile::tempdir().expect("a folder");
        assert!(check(&house_with("1.0.0"), empty.path()).is_err());
    }

    #[test]
    fn an_advisory_that_cannot_be_read_is_no_clean_bill() {
        let database = database_with("# No front matter");
        assert!(check(&house_with("1.0.0"), database.path()).is_err());
    }
}
