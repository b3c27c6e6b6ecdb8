//! The runner as it is shipped, with small shell scripts as programs.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod bucket;
mod checkpoints;
mod containers;
mod gate;
mod gateway;
mod hostile;
mod inputs;
mod limits;
mod results;
mod s3;
mod stage;
mod stops;
mod supervised;
