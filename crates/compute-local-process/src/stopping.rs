//! Asking a run to stop.

use std::io;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::runner::run_folder::{RunnerRecord, StopRequest, files};
use rustix::process::Signal;

use crate::process;
use crate::run::Run;

/// How much longer than the program's own grace a runner may take, to store the last checkpoint
/// and the log, before it counts as stuck.
const STUCK_AFTER: Duration = Duration::from_secs(60);

/// Leaves word that the run is to stop, and tells its runner. The word comes first: a runner that
/// has no record yet looks for it after it has written one.
pub(crate) fn stop(run: &Run, reason: &str, grace: Duration, now: Timestamp) -> io::Result<()> {
    if !run.exists() || run.has(files::EXIT) || run.has(files::ABANDONED) {
        return Ok(());
    }
    let request = match run.read(files::STOP)? {
        Some(request) => request,
        None => {
            let request = StopRequest {
                reason: reason.to_owned(),
                requested_at: now,
            };
            run.write(files::STOP, &request)?;
            request
        }
    };
    if !run.is_alive()? {
        return Ok(());
    }
    let runner: Option<RunnerRecord> = run.read(files::RUNNER)?;
    if let Some(runner) = runner {
        let is_stuck = now.since(request.requested_at) > grace + STUCK_AFTER;
        let signal = if is_stuck { Signal::KILL } else { Signal::TERM };
        process::signal(runner.process, signal);
    }
    Ok(())
}
