//! Where params come from and files go: flags first, then the environment.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use batchway_open_chemistry::simulation::progress::ProgressWriter;
use clap::Args;

#[derive(Debug, Args)]
pub(crate) struct Flags {
    /// File with the params as JSON
    #[arg(long, value_name = "FILE")]
    params: Option<PathBuf>,
    /// Folder for the results
    #[arg(long, value_name = "FOLDER")]
    output: Option<PathBuf>,
    /// Folder with the results of other runs
    #[arg(long, value_name = "FOLDER")]
    input: Option<PathBuf>,
    /// Folder for checkpoints
    #[arg(long, value_name = "FOLDER")]
    checkpoints: Option<PathBuf>,
    /// File or named pipe to which progress is appended
    #[arg(long, value_name = "FILE")]
    progress: Option<PathBuf>,
}

#[derive(Debug)]
pub(crate) struct Surroundings {
    params: Params,
    pub(crate) output: PathBuf,
    pub(crate) input: PathBuf,
    pub(crate) checkpoints: Option<PathBuf>,
    progress: Option<PathBuf>,
}

#[derive(Debug)]
enum Params {
    File(PathBuf),
    Text(OsString),
    Missing,
}

impl Surroundings {
    pub(crate) fn of(flags: Flags) -> Self {
        let folder = |flag: Option<PathBuf>, name| flag.or_else(|| path(name));
        let here = || PathBuf::from(".");
        let params = match folder(flags.params, "BATCHWAY_PARAMS_FILE") {
            Some(file) => Params::File(file),
            None => variable("JOB_PARAMS").map_or(Params::Missing, Params::Text),
        };
        Self {
            params,
            output: folder(flags.output, "BATCHWAY_OUTPUT_DIR").unwrap_or_else(here),
            input: folder(flags.input, "BATCHWAY_INPUT_DIR").unwrap_or_else(here),
            checkpoints: folder(flags.checkpoints, "BATCHWAY_CHECKPOINT_DIR"),
            progress: folder(flags.progress, "BATCHWAY_PROGRESS"),
        }
    }

    /// The params as text, or a sentence that says why there are none.
    pub(crate) fn params_text(&self) -> Result<String, String> {
        match &self.params {
            Params::File(file) => fs::read_to_string(file)
                .map_err(|error| format!("can't read params from {}: {error}", file.display())),
            Params::Text(text) => text
                .clone()
                .into_string()
                .map_err(|_| "JOB_PARAMS is not UTF-8".to_owned()),
            Params::Missing => Err(
                "no params: give --params FILE, or set BATCHWAY_PARAMS_FILE \
                                    or JOB_PARAMS"
                    .to_owned(),
            ),
        }
    }

    pub(crate) fn progress_writer(&self) -> ProgressWriter {
        self.progress
            .as_deref()
            .map_or_else(ProgressWriter::silent, ProgressWriter::to)
    }
}

fn path(name: &str) -> Option<PathBuf> {
    variable(name).map(PathBuf::from)
}

/// A variable of the environment; an empty one counts as unset.
#[expect(
    clippy::disallowed_methods,
    reason = "here the environment is read, once"
)]
fn variable(name: &str) -> Option<OsString> {
    env::var_os(name).filter(|value| !value.is_empty())
}
