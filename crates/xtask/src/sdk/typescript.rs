//! The TypeScript SDK: @hey-api/openapi-ts, with the modules of `sdk/typescript/src` beside what it
//! makes, compiled.

use std::path::{Path, PathBuf};
use std::process::Command;

use super::Workshop;
use super::assembly::{Source, copy, copy_with_version, make_anew, only_file};
use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::{node, process};

/// What only tests and examples use: the library that verifies webhooks.
const FOR_THE_TESTS: &str = "standardwebhooks@1.1.1";

const QUIET: [&str; 4] = [
    "--no-audit",
    "--no-fund",
    "--ignore-scripts",
    "--loglevel=error",
];

pub(super) fn build(metadata: &Metadata, source: &Source, workshop: &Workshop) -> Outcome {
    let (ours, package) = (folder(metadata), &workshop.package);
    make_anew(package)?;
    make_anew(&workshop.dist)?;
    for part in ["README.md", "openapi-ts.config.mjs", "src", "tsconfig.json"] {
        copy(&ours.join(part), &package.join(part))?;
    }
    let manifest = "package.json";
    copy_with_version(
        &ours.join(manifest),
        &package.join(manifest),
        &source.version,
    )?;

    let mut generator = node::tool(&metadata.target, "openapi-ts")?;
    generator
        .args(["--file", "openapi-ts.config.mjs", "--no-log-file"])
        .arg("--input")
        .arg(&source.document);
    process::run(generator.current_dir(package))?;
    let mut compiler = node::tool(&metadata.target, "tsc")?;
    process::run(compiler.args(["--project", "."]).current_dir(package))?;
    let mut pack = node::npm(&metadata.target)?;
    pack.args(["pack", "--pack-destination"])
        .arg(&workshop.dist)
        .args(QUIET);
    process::capture(pack.current_dir(package)).map(|_| ())
}

/// Into a fresh folder, with the tests, whose types are then checked against the package's.
pub(super) fn install(metadata: &Metadata, workshop: &Workshop) -> Outcome {
    let (ours, installed) = (folder(metadata), &workshop.installed);
    make_anew(installed)?;
    for part in ["examples", "tests"] {
        copy(&ours.join(part), &installed.join(part))?;
    }
    let manifest = installed.join("package.json");
    std::fs::write(&manifest, r#"{"private": true, "type": "module"}"#)
        .map_err(Failure::at(&manifest, "write"))?;
    let mut npm = node::npm(&metadata.target)?;
    npm.arg("install")
        .args(QUIET)
        .arg(only_file(&workshop.dist, ".tgz")?)
        .arg(FOR_THE_TESTS);
    process::run(npm.current_dir(installed))?;

    let types = node::folder(&metadata.target).join("node_modules/@types");
    let mut compiler = node::tool(&metadata.target, "tsc")?;
    compiler
        .args(["--project", "tests", "--typeRoots"])
        .arg(types);
    process::run(compiler.current_dir(installed))?;
    link_node(metadata, &installed.join("node"))
}

/// The tests that run there need not know where Node is.
fn link_node(metadata: &Metadata, link: &Path) -> Outcome {
    let npm: Command = node::npm(&metadata.target)?;
    std::os::unix::fs::symlink(npm.get_program(), link).map_err(Failure::at(link, "make"))
}

fn folder(metadata: &Metadata) -> PathBuf {
    metadata.root.join("sdk/typescript")
}
