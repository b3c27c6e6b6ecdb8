//! What the tests need of the machine: installed where that can be done without
//! asking (root on Debian), named with the way to get it everywhere else.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process::{self, cargo};
use crate::{node, python};

struct Prerequisite {
    is: &'static str,
    /// A command that succeeds where the prerequisite is there.
    proof: &'static [&'static str],
    debian: &'static [&'static str],
    elsewhere: &'static str,
}

const FROM_THE_SYSTEM: &[Prerequisite] = &[
    Prerequisite {
        is: "a C compiler (`cc`), for the embedded database",
        proof: &["cc", "--version"],
        debian: &["build-essential"],
        elsewhere: "Fedora: `sudo dnf install gcc`; macOS: `xcode-select --install`",
    },
    Prerequisite {
        is: "`git`, for the database of advisories",
        proof: &["git", "--version"],
        debian: &["git"],
        elsewhere: "Fedora: `sudo dnf install git`; macOS: `xcode-select --install`",
    },
    Prerequisite {
        is: "Python 3.11 or later with `venv` (`python3`), for the tests of files and documents",
        proof: &["python3", "-c", python::INTERPRETER_CHECK],
        debian: &["python3", "python3-venv"],
        elsewhere: "Fedora: `sudo dnf install python3`; macOS: `brew install python3`",
    },
    Prerequisite {
        is: "`redis-server`, for the tests of the job store",
        proof: &["redis-server", "--version"],
        debian: &["redis-server"],
        elsewhere: "Fedora: `sudo dnf install redis`; macOS: `brew install redis`",
    },
    Prerequisite {
        is: "PostgreSQL (`initdb`, `postgres`, `psql`), for the tests of the mirror",
        // Debian keeps it off the PATH.
        proof: &[
            "sh",
            "-c",
            "ls /usr/lib/postgresql/*/bin/initdb || initdb --version",
        ],
        debian: &["postgresql"],
        elsewhere: "Fedora: `sudo dnf install postgresql-server`; macOS: `brew install postgresql`",
    },
    Prerequisite {
        is: "a Docker engine that answers, or one to start (`dockerd`, as root), \
             for jobs in containers",
        proof: &[
            "sh",
            "-c",
            "docker version || { docker --version && dockerd --version && ip -Version; }",
        ],
        debian: &["docker.io", "iproute2"],
        elsewhere: "Fedora: `sudo dnf install moby-engine`; macOS: Docker Desktop; then start it",
    },
    Prerequisite {
        is: "`debootstrap`, which makes the image of the tests, \
             or a Docker engine that can fetch one",
        // As root it is installed in any case: not every engine reaches a registry.
        proof: &[
            "sh",
            "-c",
            "command -v debootstrap || { [ \"$(id -u)\" != 0 ] && docker version; }",
        ],
        debian: &["debootstrap"],
        elsewhere: "elsewhere: start Docker",
    },
    Prerequisite {
        is: "`flock`, for servers that tests share",
        proof: &["flock", "--version"],
        debian: &["util-linux"],
        elsewhere: "Fedora: `sudo dnf install util-linux`; macOS: `brew install util-linux`",
    },
];

/// Where Debian's packages ask whether they may start the service that they bring.
const POLICY: &str = "/usr/sbin/policy-rc.d";
const NO_SERVICES: &str = "#!/bin/sh\nexit 101\n";

const TOOLCHAIN_PARTS: [(&str, &str); 2] = [("fmt", "rustfmt"), ("clippy", "clippy")];

pub(super) fn set_up(target: &Path) -> Outcome {
    for (subcommand, component) in TOOLCHAIN_PARTS {
        if !process::answers(&mut cargo(&[subcommand, "--version"])) {
            return Err(Failure::because(format!(
                "`cargo {subcommand}` is missing: `rustup component add {component}`"
            )));
        }
    }
    let missing = missing();
    if !missing.is_empty() {
        if !is_root_on_debian() {
            return Err(Failure::because(how_to_get(&missing)));
        }
        install(&missing)?;
    }
    python::set_up(target)?;
    node::set_up(target)
}

fn missing() -> Vec<&'static Prerequisite> {
    FROM_THE_SYSTEM
        .iter()
        .filter(|prerequisite| {
            let (program, arguments) = prerequisite.proof.split_first().expect("a constant");
            !process::answers(Command::new(program).args(arguments))
        })
        .collect()
}

fn install(missing: &[&Prerequisite]) -> Outcome {
    let packages: Vec<&str> = missing
        .iter()
        .flat_map(|prerequisite| prerequisite.debian)
        .copied()
        .collect();
    println!("installing with apt-get: {}", packages.join(" "));
    process::run(apt_get().args(["update", "--quiet"]))?;
    let options = ["install", "--yes", "--quiet", "--no-install-recommends"];
    without_services(|| process::run(apt_get().args(options).args(&packages)))?;

    let still_missing = self::missing();
    if still_missing.is_empty() {
        return Ok(());
    }
    let reason = format!(
        "still missing after apt-get:\n{}",
        how_to_get(&still_missing)
    );
    Err(Failure::because(reason))
}

/// The tests start servers of their own: none is to take a well-known port meanwhile.
fn without_services(install: impl FnOnce() -> Outcome) -> Outcome {
    let policy = Path::new(POLICY);
    if policy.exists() {
        return install();
    }
    std::fs::write(policy, NO_SERVICES).map_err(Failure::at(policy, "write"))?;
    let outcome = std::fs::set_permissions(policy, Permissions::from_mode(0o755))
        .map_err(Failure::at(policy, "make executable"))
        .and_then(|()| install());
    std::fs::remove_file(policy).map_err(Failure::at(policy, "remove"))?;
    outcome
}

fn apt_get() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn how_to_get(missing: &[&Prerequisite]) -> String {
    let each = missing.iter().map(|prerequisite| {
        format!(
            "missing: {}\n  Debian and Ubuntu: `sudo apt-get install {}`; {}",
            prerequisite.is,
            prerequisite.debian.join(" "),
            prerequisite.elsewhere
        )
    });
    each.collect::<Vec<_>>().join("\n")
}

fn is_root_on_debian() -> bool {
    let is_root = process::capture(Command::new("id").arg("-u")).is_ok_and(|id| id.trim() == "0");
    is_root && Path::new("/etc/debian_version").exists()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_is_missing_is_named_with_the_way_to_get_it() {
        let all: Vec<_> = FROM_THE_SYSTEM.iter().collect();
        let advice = how_to_get(&all);
        assert!(advice.contains("a C compiler"), "{advice}");
        assert!(
            advice.contains("sudo apt-get install python3 python3-venv"),
            "{advice}"
        );
        assert!(advice.contains("xcode-select --install"), "{advice}");
        assert!(
            advice.contains("sudo apt-get install docker.io"),
            "{advice}"
        );
    }
}
