//! Images made of Debian's packages alone, where no registry of images can be reached.

use std::fs::File;
use std::path::Path;
use std::process::Command;

use super::engine::DockerEngine;
use crate::build_folder::servers_folder;
use crate::program;

const BASE: &str = "debian:bookworm-slim";
const SUITE: &str = "bookworm";
const REDIS: &str = "redis:7";
const REDIS_FILE: &str = "\
FROM debian:bookworm-slim
RUN apt-get update \\
 && apt-get install --yes --no-install-recommends redis-server \\
 && rm -rf /var/lib/apt/lists/*
EXPOSE 6379
CMD [\"redis-server\", \"--protected-mode\", \"no\"]
";

impl DockerEngine {
    /// Makes sure that the engine has `debian:bookworm-slim`, and returns that name.
    ///
    /// Where it is missing, `debootstrap` makes it (35 s, once: its archive is
    /// kept in the build folder); where that can't run, it is fetched.
    ///
    /// # Panics
    ///
    /// With what to do, where it can neither be made nor fetched.
    pub fn ensure_base_image(&self) -> &'static str {
        self.ensure(BASE, || {
            let archive = servers_folder("images").join("debian-bookworm-slim.tar");
            if archive.exists() || can_make_base() {
                if !archive.exists() {
                    make_base(&archive);
                }
                self.run(&["import", &archive.display().to_string(), BASE]);
            } else {
                self.run(&["pull", "--quiet", BASE]);
            }
        });
        BASE
    }

    /// Makes sure that the engine has `redis:7`, and returns that name.
    ///
    /// Where it is missing, it is the base image and Debian's `redis-server` (8 s).
    ///
    /// # Panics
    ///
    /// With what to do, where it can't be made.
    pub fn ensure_redis_image(&self) -> &'static str {
        self.ensure(REDIS, || {
            // The lock is held; see `ensure`.
            self.ensure_base_image();
            let context = temporary_folder();
            std::fs::write(context.path().join("Dockerfile"), REDIS_FILE)
                .unwrap_or_else(|error| panic!("could not write a Dockerfile: {error}"));
            self.build(context.path(), REDIS);
        });
        REDIS
    }

    /// One process makes an image, and the others wait for it.
    fn ensure(&self, tag: &str, make: impl FnOnce()) {
        if self.has_image(tag) {
            return;
        }
        let lock = servers_folder("images").join(format!("{}.lock", tag.replace(':', "-")));
        let lock = File::create(&lock)
            .unwrap_or_else(|error| panic!("could not create {}: {error}", lock.display()));
        lock.lock()
            .unwrap_or_else(|error| panic!("file locks are not supported: {error}"));
        if !self.has_image(tag) {
            make();
        }
    }
}

fn can_make_base() -> bool {
    rustix::process::geteuid().is_root() && program::of_the_system("debootstrap").is_some()
}

fn make_base(archive: &Path) {
    let folder = temporary_folder();
    let root = folder.path().join(SUITE);
    let mut debootstrap = Command::new(program::needed("debootstrap", "debootstrap"));
    run(debootstrap.args(["--variant=minbase", SUITE]).arg(&root));
    // The packages themselves are not needed once they are unpacked.
    let _ = std::fs::remove_dir_all(root.join("var/cache/apt/archives"));
    let _ = std::fs::remove_dir_all(root.join("var/lib/apt/lists"));

    // Under another name until it is whole.
    let unfinished = archive.with_extension("unfinished");
    let mut tar = Command::new(program::needed("tar", "tar"));
    tar.arg("--create").arg("--file").arg(&unfinished);
    run(tar.arg("--directory").arg(&root).arg("."));
    std::fs::rename(&unfinished, archive)
        .unwrap_or_else(|error| panic!("could not name {}: {error}", archive.display()));
}

/// Beside the images rather than in `/tmp`, which may forbid devices and programs.
fn temporary_folder() -> tempfile::TempDir {
    tempfile::TempDir::new_in(servers_folder("images"))
        .unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"))
}

fn run(command: &mut Command) {
    let output = command
        .output()
        .unwrap_or_else(|error| panic!("could not run {command:?}: {error}"));
    assert!(
        output.status.success(),
        "{command:?} failed ({}):\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
