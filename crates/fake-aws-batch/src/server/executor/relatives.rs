//! Everything that a program has started, wherever it has put it.
//!
//! When a container ends, all in it ends. A process has no such wall around it: what it starts
//! may leave its process group and its session. But it inherits the environment, in which there is
//! a mark that no other attempt has: whoever bears it belongs to the attempt, as far as `/proc`
//! tells.

use std::fs;

use rustix::process::{Pid, Signal};

/// New ones may be started while the old ones are looked for.
const ROUNDS: usize = 10;

/// The variable that bears the mark.
pub(super) const MARK: &str = "FAKE_AWS_BATCH_ATTEMPT";

/// Ends with SIGKILL whatever bears this mark and still runs.
pub(super) fn kill(mark: &str) {
    let variable = format!("{MARK}={mark}");
    for _ in 0..ROUNDS {
        let found = bearers(variable.as_bytes());
        if found.is_empty() {
            return;
        }
        for process in found {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process(process, Signal::KILL);
        }
    }
}

/// Processes with this variable. None where there is no `/proc`, nor of other users; a process
/// that has ended shows none.
fn bearers(variable: &[u8]) -> Vec<Pid> {
    let Ok(processes) = fs::read_dir("/proc") else {
        return Vec::new();
    };
    let own = std::process::id();
    processes
        .flatten()
        .filter_map(|process| {
            let number: u32 = process.file_name().to_str()?.parse().ok()?;
            let environment = fs::read(process.path().join("environ")).ok()?;
            let mut variables = environment.split(|byte| *byte == 0);
            let is_ours = number != own && variables.any(|found| found == variable);
            is_ours.then(|| Pid::from_raw(i32::try_from(number).ok()?))?
        })
        .collect()
}
