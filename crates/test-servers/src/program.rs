//! Finding other people's programs on this machine.

use std::path::{Path, PathBuf};

use crate::build_folder::python_environment;

/// Not on the `PATH` of every user, and yet where Debian puts servers.
const SYSTEM_FOLDERS: [&str; 3] = ["/usr/local/sbin", "/usr/sbin", "/sbin"];

/// A program of the system.
pub(crate) fn of_the_system(name: &str) -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test's servers are looked for where its shell would look"
    )]
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain(SYSTEM_FOLDERS.map(PathBuf::from))
        .map(|folder| folder.join(name))
        .find(|program| is_executable(program))
}

/// A program of the system that a test can't do without.
///
/// # Panics
///
/// With how to get it, where it is missing.
pub(crate) fn needed(name: &str, debian_package: &str) -> PathBuf {
    of_the_system(name).unwrap_or_else(|| {
        panic!(
            "this test needs `{name}`, which is not on the PATH: \
             run `cargo xtask test --only prerequisites` as root on Debian, \
             or `apt-get install {debian_package}`"
        )
    })
}

/// A program that comes as a Python package: the version that is pinned, before any other.
///
/// # Panics
///
/// With how to get it, where it is missing.
pub(crate) fn of_python(name: &str) -> PathBuf {
    let pinned = python_environment().join("bin").join(name);
    if is_executable(&pinned) {
        return pinned;
    }
    of_the_system(name).unwrap_or_else(|| {
        panic!(
            "this test needs `{name}`, which is neither {} nor on the PATH: \
             run `cargo xtask test --only prerequisites`",
            pinned.display()
        )
    })
}

fn is_executable(program: &Path) -> bool {
    rustix::fs::access(program, rustix::fs::Access::EXEC_OK).is_ok() && program.is_file()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_is_found_on_the_path() {
        assert!(of_the_system("sh").is_some_and(|shell| shell.is_absolute()));
        assert_eq!(of_the_system("no-such-program-anywhere"), None);
    }

    #[test]
    #[should_panic(expected = "apt-get install no-such-package")]
    fn what_is_missing_is_named_with_the_way_to_get_it() {
        needed("no-such-program-anywhere", "no-such-package");
    }
}
