//! Everything that a program has started, wherever it has put it.
//!
//! When a container ends, all in it ends. A process has no such wall around it: what it starts
//! may leave its process group and its session. But a process inherits the environment, and no two
//! attempts have the same: whoever bears it belongs to the attempt, as far as `/proc` tells.

use std::fs;

use rustix::process::{Pid, Signal};

/// New ones may be started while the old ones are looked for.
const ROUNDS: usize = 10;

/// Ends with SIGKILL whatever belongs to this attempt and still runs.
pub(super) fn kill(job_id: &str, attempt: u32) {
    let marks = [
        format!("AWS_BATCH_JOB_ID={job_id}"),
        format!("AWS_BATCH_JOB_ATTEMPT={attempt}"),
    ];
    for _ in 0..ROUNDS {
        let found = bearers(&marks);
        if found.is_empty() {
            return;
        }
        for process in found {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(process, Signal::KILL);
        }
    }
}

/// Processes with these variables. None where there is no `/proc`, nor of other users; a process
/// that has ended shows none.
fn bearers(marks: &[String]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id();
    processes
        .flatten()
        .filter_map(|process| {
            let number: u32 = process.file_name().to_str()?.parse().ok()?;
            let environment = fs::read(process.path().join("environ")).ok()?;
            let bears = |mark: &String| {
                let mut variables = environment.split(|byte| *byte == 0);
                variables.any(|variable| variable == mark.as_bytes())
            };
            let is_ours = number != own && marks.iter().all(bears);
            is_ours.then(|| Pid::from_raw(i32::try_from(number).ok()?))?
        })
        .collect()
}
