//! What became of a run, and the end of what was left of it.

use std::fs::{self, File};
use std::io;

use batchway_domain::job::{BackendId, Failure, FailureClass};
use batchway_domain::ports::Clock;
use batchway_domain::runner::run_folder::{Abandonment, ProgramRecord, RunnerRecord, files};

use crate::description::Records;
use crate::host;
use crate::remnants::Remnants;
use crate::run::Run;

/// What a look at the folder shows.
enum Look {
    Absent,
    Known(Records),
    /// The runner is gone without a word. Whoever holds the lock settles that.
    Orphaned(File),
}

/// What is known of a run; `None` where there is none. Where its runner was killed, this ends what
/// is left of it first.
pub(crate) async fn observe(
    run: &Run,
    id: &BackendId,
    clock: &dyn Clock,
) -> io::Result<Option<Records>> {
    match look(run)? {
        Look::Absent => Ok(None),
        Look::Known(records) => Ok(Some(records)),
        Look::Orphaned(lock) => settle(run, id, clock, lock).await.map(Some),
    }
}

fn look(run: &Run) -> io::Result<Look> {
    if !run.exists() {
        return Ok(Look::Absent);
    }
    if let Some(records) = end_of(run)? {
        return Ok(Look::Known(records));
    }
    let Some(lock) = run.try_lock()? else {
        return alive(run).map(Look::Known);
    };
    // It may have written its last word and gone since the first look.
    Ok(match end_of(run)? {
        Some(records) => Look::Known(records),
        None => Look::Orphaned(lock),
    })
}

fn alive(run: &Run) -> io::Result<Records> {
    Ok(Records::Alive {
        program: run.read(files::PROGRAM)?,
    })
}

fn end_of(run: &Run) -> io::Result<Option<Records>> {
    if let Some(exit) = run.read(files::EXIT)? {
        let stop = run.read(files::STOP)?;
        return Ok(Some(Records::Ended { exit, stop }));
    }
    let Some(abandonment) = run.read(files::ABANDONED)? else {
        return Ok(None);
    };
    Ok(Some(Records::Abandoned {
        abandonment,
        program: run.read(files::PROGRAM)?,
        stop: run.read(files::STOP)?,
    }))
}

async fn settle(run: &Run, id: &BackendId, clock: &dyn Clock, _lock: File) -> io::Result<Records> {
    let runner: Option<RunnerRecord> = run.read(files::RUNNER)?;
    let program: Option<ProgramRecord> = run.read(files::PROGRAM)?;
    let same_boot = match &runner {
        Some(runner) => runner.boot_id == host::boot_id()?,
        None => true,
    };
    if let Some(runner) = runner.as_ref().filter(|_| same_boot)
        && !Remnants::new(id, runner, program.as_ref()).end().await
    {
        // Something hangs in the kernel: it has not ended, and is not said to have.
        return alive(run);
    }
    let failure = if same_boot {
        let last_words = run.last_words();
        let failure = Failure::new(
            FailureClass::StartFailure,
            "The job's runner ended without saying how its program did.",
        );
        match last_words {
            Some(words) => failure.with_backend_reason(words),
            None => failure,
        }
    } else {
        Failure::new(
            FailureClass::HostLost,
            "The machine was started anew while the job ran on it.",
        )
    };
    let abandonment = Abandonment {
        failure,
        found_at: clock.now(),
    };
    run.write(files::ABANDONED, &abandonment)?;
    // Only its space would be lost.
    let _ = fs::remove_dir_all(run.folder().join(files::WORK));
    Ok(Records::Abandoned {
        abandonment,
        program,
        stop: run.read(files::STOP)?,
    })
}
