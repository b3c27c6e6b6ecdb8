//! The Rust SDK: `crates/client`, whose generated part is committed and made by
//! `crates/client-generator`.

use std::path::PathBuf;
use std::process::Command;

use super::Workshop;
use super::assembly::{Source, copy, make_anew};
use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::process::{self, cargo};

const PACKAGE: &str = "batchway-client";

/// Makes the generated part again, with the generator as it stands in the sources.
pub(super) fn rewrite(metadata: &Metadata, source: &Source) -> Outcome {
    let generator = ["run", "--quiet", "--locked", "--package"];
    let mut command = cargo(&generator);
    command.args(["batchway-client-generator", "--"]);
    let generated = process::capture(command.arg(&source.document).current_dir(&metadata.root))?;
    let committed = committed(metadata);
    std::fs::write(&committed, generated).map_err(Failure::at(&committed, "write"))
}

/// The committed part is what the generator, which is built, makes of the document.
pub(super) fn check(metadata: &Metadata, source: &Source) -> Outcome {
    let generator = metadata.target.join("debug/batchway-client-generator");
    let mut command = Command::new(generator);
    // There is how the sources are to be formatted.
    command.arg(&source.document).current_dir(&metadata.root);
    let generated = process::capture(&mut command)?;
    let path = committed(metadata);
    let committed = std::fs::read_to_string(&path).map_err(Failure::at(&path, "read"))?;
    if generated == committed {
        return Ok(());
    }
    Err(Failure::because(format!(
        "{} is not what docs/openapi.json makes it: run `cargo xtask sdk rust` and commit the file",
        path.display()
    )))
}

/// The package as a registry would take it.
pub(super) fn pack(metadata: &Metadata, workshop: &Workshop) -> Outcome {
    make_anew(&workshop.dist)?;
    let mut command = cargo(&["package", "--package", PACKAGE, "--locked"]);
    // The tests compile the same files.
    command.args(["--no-verify", "--allow-dirty", "--quiet"]);
    process::run(command.current_dir(&metadata.root))?;
    let package = metadata
        .ours()
        .find(|package| package.name == PACKAGE)
        .ok_or_else(|| Failure::because(format!("the workspace has no {PACKAGE}")))?;
    let name = format!("{PACKAGE}-{}.crate", package.version);
    copy(
        &metadata.target.join("package").join(&name),
        &workshop.dist.join(&name),
    )
}

fn committed(metadata: &Metadata) -> PathBuf {
    metadata.root.join("crates/client/src/generated.rs")
}
