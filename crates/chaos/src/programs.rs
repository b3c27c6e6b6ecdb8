//! Where the programs are that a run starts.

use std::path::PathBuf;

use crate::Outcome;

/// A program of this build: from `BATCHWAY_TEST_BIN_DIR`, or from beside the one that runs, a
/// test lying one folder below.
pub(crate) fn program(name: &str) -> Outcome<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever builds the programs elsewhere says where, as for all tests"
    )]
    let named = std::env::var_os("BATCHWAY_TEST_BIN_DIR");
    let this = std::env::current_exe()?;
    let folders = match &named {
        Some(folder) => vec![PathBuf::from(folder)],
        None => this
            .ancestors()
            .skip(1)
            .take(2)
            .map(PathBuf::from)
            .collect(),
    };
    folders
        .iter()
        .map(|folder| folder.join(name))
        .find(|path| path.exists())
        .ok_or_else(|| {
            format!(
                "`{name}` is not in {folders:?}: run `cargo build --workspace --bins` first, with \
                 `--release` for a long run"
            )
            .into()
        })
}
