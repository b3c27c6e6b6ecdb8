//! Everything that a program has started, wherever it has put it.
//!
//! When a container ends, all in it ends. A process has no such wall around it: what it starts
//! may leave its process group and its session. But it inherits the environment, in which there is
//! a mark that no other attempt has, and it has a parent: whoever bears the mark or descends from
//! one who does belongs to the attempt, as far as `/proc` tells.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use rustix::process::{Pid, Signal};

/// New ones may be started while the old ones are looked for.
const ROUNDS: usize = 10;

/// The variable that bears the mark.
pub(super) const MARK: &str = "FAKE_AWS_BATCH_ATTEMPT";

/// Ends with SIGKILL whatever belongs to the attempt with this mark and still runs.
pub(super) fn kill(mark: &str) {
    let variable = format!("{MARK}={mark}");
    for _ in 0..ROUNDS {
        let found = relatives(variable.as_bytes());
        if found.is_empty() {
            return;
        }
        for process in found {
            if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended meanwhile.
                let _ = rustix::process::kill_process(process, Signal::KILL);
            }
        }
    }
}

struct Process {
    number: u32,
    parent: u32,
    bears_mark: bool,
}

/// None where there is no `/proc`, nor of other users. What has ended bears no mark any more.
fn relatives(variable: &[u8]) -> BTreeSet<u32> {
    let Ok(folders) = fs::read_dir("/proc") else {
        return BTreeSet::new();
    };
    let folders = folders.flatten().map(|folder| folder.path());
    let all: Vec<Process> = folders
        .filter_map(|folder| read(&folder, variable))
        .collect();
    let bearers = all.iter().filter(|process| process.bears_mark);
    let mut found: BTreeSet<u32> = bearers.map(|process| process.number).collect();
    loop {
        let before = found.len();
        let children = all.iter().filter(|process| found.contains(&process.parent));
        let children: Vec<u32> = children.map(|process| process.number).collect();
        found.extend(children);
        if found.len() == before {
            return found;
        }
    }
}

/// `None` for what is no process, or not one of this user.
fn read(folder: &Path, variable: &[u8]) -> Option<Process> {
    let number = folder.file_name()?.to_str()?.parse().ok()?;
    let environment = fs::read(folder.join("environ")).ok()?;
    let stat = fs::read_to_string(folder.join("stat")).ok()?;
    // The name before it stands in parentheses and may contain anything.
    let (_, fields) = stat.rsplit_once(") ")?;
    let mut fields = fields.split(' ');
    let has_ended = fields.next() == Some("Z");
    let parent = fields.next()?.parse().ok()?;
    (!has_ended).then(|| Process {
        number,
        parent,
        bears_mark: environment
            .split(|byte| *byte == 0)
            .any(|found| found == variable),
    })
}
