//! The Python SDK: openapi-python-client, with the modules of `sdk/python/batchway` beside what it
//! makes.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Workshop;
use super::assembly::{Source, copy, copy_with_version, make_anew, only_file};
use crate::failure::Outcome;
use crate::metadata::Metadata;
use crate::process;
use crate::python::{REQUIREMENTS_FILE, interpreter, program, programs};

/// What only tests and examples use: the library that verifies webhooks.
const FOR_THE_TESTS: &str = "standardwebhooks";

pub(super) fn build(metadata: &Metadata, source: &Source, workshop: &Workshop) -> Outcome {
    let ours = folder(metadata);
    is_tidy(metadata, &ours)?;
    make_anew(&workshop.package)?;
    make_anew(&workshop.dist)?;
    let modules = workshop.package.join("batchway");
    let mut generator = Command::new(program(&metadata.target, "openapi-python-client"));
    generator
        .args(["generate", "--meta=none", "--fail-on-warning"])
        .arg("--path")
        .arg(&source.document)
        .arg("--config")
        .arg(ours.join("openapi-python-client.yml"))
        .arg("--output-path")
        .arg(&modules);
    // It tidies up with ruff, which stands beside it.
    process::find_programs_in(&mut generator, programs(&metadata.target));
    process::run(&mut generator)?;

    copy(&ours.join("batchway"), &modules)?;
    copy(&ours.join("README.md"), &workshop.package.join("README.md"))?;
    copy_with_version(
        &ours.join("pyproject.toml"),
        &workshop.package.join("pyproject.toml"),
        &source.version,
    )?;
    let mut build = Command::new(interpreter(&metadata.target));
    build
        .args(["-m", "build", "--no-isolation", "--outdir"])
        .arg(&workshop.dist)
        .arg(&workshop.package);
    process::capture(&mut build).map(|_| ())
}

/// By the rules of `sdk/python/ruff.toml`.
fn is_tidy(metadata: &Metadata, ours: &Path) -> Outcome {
    for rules in [&["check", "--quiet"][..], &["format", "--check", "--quiet"]] {
        let mut ruff = Command::new(program(&metadata.target, "ruff"));
        process::run(ruff.args(rules).arg("--no-cache").arg(ours))?;
    }
    Ok(())
}

/// Into a fresh environment, with what the package asks for and the reference library that
/// verifies webhooks.
pub(super) fn install(metadata: &Metadata, workshop: &Workshop) -> Outcome {
    process::run(
        Command::new(interpreter(&metadata.target))
            .args(["-m", "venv", "--clear"])
            .arg(&workshop.installed),
    )?;
    let wheel = only_file(&workshop.dist, ".whl")?;
    let mut pip = Command::new(workshop.installed.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--no-input"])
        .arg("--disable-pip-version-check")
        .arg("--constraint")
        .arg(metadata.root.join(REQUIREMENTS_FILE))
        .arg(wheel)
        .arg(FOR_THE_TESTS);
    process::run(&mut pip)
}

fn folder(metadata: &Metadata) -> PathBuf {
    metadata.root.join("sdk/python")
}
