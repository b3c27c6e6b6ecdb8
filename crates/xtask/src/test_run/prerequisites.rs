//! What the tests need of the machine: installed where that can be done without
//! asking (root on Debian), named with the way to get it everywhere else.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process::{self, cargo};
use crate::python;

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
];

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
    python::set_up(target)
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
    process::run(apt_get().args(options).args(&packages))?;

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
    }
}
