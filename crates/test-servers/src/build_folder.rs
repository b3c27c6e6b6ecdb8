//! Where cargo builds, and where the servers keep what outlives one test.

use std::path::{Path, PathBuf};

/// The mark that cargo puts into its build folder.
const MARK: &str = "CACHEDIR.TAG";

/// The build folder of the test that runs, wherever `CARGO_TARGET_DIR` has put it.
pub(crate) fn build_folder() -> PathBuf {
    let of_this_program = std::env::current_exe().ok().and_then(|program| {
        let marked = |folder: &&Path| folder.join(MARK).is_file();
        program.ancestors().find(marked).map(Path::to_path_buf)
    });
    // A documentation test runs elsewhere.
    of_this_program.unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target"))
}

/// `target/test-servers/{name}`, made where it is missing.
pub(crate) fn servers_folder(name: &str) -> PathBuf {
    let folder = build_folder().join("test-servers").join(name);
    std::fs::create_dir_all(&folder)
        .unwrap_or_else(|error| panic!("could not create {}: {error}", folder.display()));
    folder
}

/// The environment of the Python programs, which `cargo xtask test` sets up.
pub(crate) fn python_environment() -> PathBuf {
    build_folder().join("xtask/venv")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_build_folder_is_the_one_this_test_was_built_in() {
        let program = std::env::current_exe().unwrap();
        assert!(program.starts_with(build_folder()), "{}", program.display());
    }
}
