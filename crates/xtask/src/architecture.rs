//! Proves the table of `docs/ARCHITECTURE.md` from `cargo metadata` and the sources.

mod dependencies;
mod manifests;
mod sources;
mod table;
mod violation;

#[cfg(test)]
mod tests;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use table::TABLE;

pub(crate) fn check(metadata: &Metadata) -> Outcome {
    let mut violations = dependencies::violations(metadata, TABLE);
    for package in metadata.ours() {
        violations.extend(manifests::violations(package)?);
        if let Some(row) = TABLE.iter().find(|row| row.folder == package.folder_name()) {
            violations.extend(sources::violations(package.folder(), &metadata.root, row)?);
        }
    }
    if violations.is_empty() {
        println!("{} crates, each in its place", metadata.ours().count());
        return Ok(());
    }
    for violation in &violations {
        eprintln!("  {violation}");
    }
    Err(Failure::because(format!(
        "{} broken rules of the house (the table: crates/xtask/src/architecture/table.rs)",
        violations.len()
    )))
}
