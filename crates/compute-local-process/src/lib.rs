//! # Jobs as processes of this machine
//!
//! [`ProcessBackend`] gives each try a folder and starts a runner for it that outlives the
//! gateway. What the two write into that folder, and what it means, stands in
//! [`batchway_domain::runner::run_folder`].
//!
//! * *One name, one run.* A folder gets its name by one rename that fails where the name is taken,
//!   and its parent is synced. It has its submission in it by then, and its lock is held: first by
//!   this process, then by the runner, which inherits it without a gap. So a look-up by name is
//!   authoritative.
//! * *Never two, never none.* A run is accepted when its runner has recorded itself, which it does
//!   before anything else. Where the gateway ends between naming a folder and that, the lock is
//!   free and there is no record: nothing was done, nothing will be, the look-up says so, and the
//!   same try may be sent again.
//! * *Alive means that the lock is held.* Numbers of processes are used only to send signals, by
//!   a descriptor, and only after the start time matched.
//! * *Nothing goes on unnoticed.* A runner that was killed takes its program with it. What the
//!   program had started is found by control group, session and environment, and killed, before
//!   the run is said to have ended.
//! * *Secrets stay in memory.* What a runner needs to reach the artifacts is in the environment of
//!   its process and nowhere else: not in the folder of the run, and not before the program.
//! * *Stopped means stopped by us.* A run that was told to stop by anyone else counts as one that
//!   lost its host, as at a shutdown, and is repeated; only a stop of ours makes it cancelled.
//!
//! What a program says is read from the folder of its run until that is forgotten: its beginning and
//! its end, where it says more than its type lets it.
//!
//! A folder of runs belongs to one gateway at a time, and has a name of its own, which every id
//! begins with: where several hosts share a store, each knows its own jobs.
#![warn(missing_docs)]

mod backend;
mod description;
mod host;
mod log_lines;
mod observation;
mod process;
mod program_log;
mod remnants;
mod run;
mod runner_secrets;
mod starting;
mod stopping;

pub use backend::{OpenError, ProcessBackend, ProcessBackendConfig};
pub use runner_secrets::RunnerSecrets;
