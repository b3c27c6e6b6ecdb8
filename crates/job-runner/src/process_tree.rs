//! The processes that descend from this one.
//!
//! The runner is the reaper of its descendants: whose parent ends becomes its child. As it starts
//! nothing but the program, all that descends from it is the program's, also what left the
//! program's process group.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, pidfd_open, pidfd_send_signal,
    set_child_subreaper, waitpid,
};

/// How long killed processes may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// Makes orphaned descendants children of this process.
pub(crate) fn adopt_orphans() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Everything that descends from this process.
pub(crate) fn descendants() -> Vec<Pid> {
    let mut found = children_of(getpid());
    let mut next = 0;
    while let Some(&pid) = found.get(next) {
        for child in children_of(pid) {
            // A process that is given to another parent meanwhile may be met twice.
            if !found.contains(&child) {
                found.push(child);
            }
        }
        next += 1;
    }
    found
}

fn children_of(pid: Pid) -> Vec<Pid> {
    let tasks = format!("/proc/{}/task", pid.as_raw_pid());
    let Ok(tasks) = fs::read_dir(tasks) else {
        return Vec::new();
    };
    tasks
        .flatten()
        .filter_map(|task| fs::read_to_string(task.path().join("children")).ok())
        .flat_map(|children| {
            let pids = children.split_ascii_whitespace();
            pids.filter_map(|pid| Pid::from_raw(pid.parse().ok()?))
                .collect::<Vec<_>>()
        })
        .collect()
}

/// Takes note of the end of orphans, which would otherwise stay as zombies. `program` is left to
/// whoever waits for it.
pub(crate) fn reap_orphans(program: Option<Pid>) {
    for child in children_of(getpid()) {
        if Some(child) != program {
            // A child that still runs, or that was waited for meanwhile.
            let _ = waitpid(Some(child), WaitOptions::NOHANG);
        }
    }
}

/// Kills all descendants, and theirs, until none is left. Says whether that was so in time: what
/// hangs in the kernel can't be killed.
pub(crate) async fn kill_descendants() -> bool {
    let killing = async {
        loop {
            let left = descendants();
            if left.is_empty() {
                return;
            }
            left.into_iter().for_each(kill);
            reap_orphans(None);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(GONE_WITHIN, killing).await.is_ok()
}

fn kill(pid: Pid) {
    // Held by its descriptor, and seen to be a descendant after that, it can't be another's.
    if let Ok(process) = pidfd_open(pid, PidfdFlags::empty())
        && descends_from_this_process(pid)
    {
        let _ = pidfd_send_signal(process, Signal::KILL);
    }
}

fn descends_from_this_process(pid: Pid) -> bool {
    let mut ancestor = pid.as_raw_pid();
    while ancestor > 1 {
        match parent_of(ancestor) {
            Some(parent) if parent == getpid().as_raw_pid() => return true,
            Some(parent) => ancestor = parent,
            None => return false,
        }
    }
    false
}

fn parent_of(pid: i32) -> Option<i32> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, after_name) = stat.rsplit_once(") ")?;
    after_name.split(' ').nth(1)?.parse().ok()
}

/// Memory that these processes hold, in bytes, counting what they share once for each.
pub(crate) fn resident_bytes(processes: &[Pid]) -> u64 {
    sum_of(processes, "status", "VmRSS:")
}

/// Memory that these processes hold, in bytes, counting what they share once. Costs more.
pub(crate) fn proportional_bytes(processes: &[Pid]) -> u64 {
    sum_of(processes, "smaps_rollup", "Pss:")
}

fn sum_of(processes: &[Pid], file: &str, field: &str) -> u64 {
    let kibibytes = |pid: &Pid| {
        let path = format!("/proc/{}/{file}", pid.as_raw_pid());
        let text = fs::read_to_string(Path::new(&path)).ok()?;
        let line = text.lines().find_map(|line| line.strip_prefix(field))?;
        line.trim().strip_suffix(" kB")?.parse::<u64>().ok()
    };
    processes.iter().filter_map(kibibytes).sum::<u64>() * 1024
}
