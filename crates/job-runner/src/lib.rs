//! # The runner
//!
//! Runs one program for one attempt of one try of a job: passes the gate, fetches inputs,
//! restores the checkpoint, holds the program to its limits, passes on what it says, stores
//! checkpoints while it runs and results after it, and as its last act writes the manifest.
//!
//! | mode of `batchway-runner` | is |
//! |---|---|
//! | `run -- PROGRAM ARGS…` | the runner, in a container; told everything by its environment |
//! | `detach FOLDER` | starts the next one and ends |
//! | `supervise FOLDER` | the runner, on this machine; told everything by the folder of the run |
//! | `exec-limited` | a process that limits itself and becomes the program |
//!
//! Nothing that the program does hurts the runner: its output is cut, its progress collapses to
//! the last line, its links are not followed, its odd names are left out and named, and all that
//! descends from it ends with it.
#![warn(missing_docs)]

mod checkpoint;
pub mod configuration;
mod content;
pub mod detach;
mod ending;
pub mod exec_limited;
mod exits;
mod gate;
mod inputs;
mod limits;
mod output;
mod output_log;
mod patience;
mod process_tree;
mod program;
mod progress;
mod reports;
mod results;
mod run;
pub mod run_folder;
pub mod stopping;
mod workspace;

pub use patience::Patience;
pub use run::Runner;
