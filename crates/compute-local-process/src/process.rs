//! Processes, told from others that have had their number since.

use std::fs;

use batchway_domain::runner::run_folder::ProcessIdentity;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

/// What is needed of `/proc/{pid}/stat`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ProcessStatus {
    pub(crate) identity: ProcessIdentity,
    pub(crate) session: i32,
    /// It has ended, and its parent has not taken note.
    pub(crate) is_zombie: bool,
}

impl ProcessStatus {
    pub(crate) fn of(pid: i32) -> Option<Self> {
        Self::parse(&fs::read_to_string(format!("/proc/{pid}/stat")).ok()?)
    }

    fn parse(stat: &str) -> Option<Self> {
        let (_, after_name) = stat.rsplit_once(") ")?;
        let mut fields = after_name.split(' ');
        let state = fields.next()?;
        Some(Self {
            identity: ProcessIdentity::parse(stat)?,
            session: fields.nth(2)?.parse().ok()?,
            is_zombie: matches!(state, "Z" | "X"),
        })
    }
}

/// Every process of this machine that we may see.
pub(crate) fn all() -> impl Iterator<Item = ProcessStatus> {
    fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .filter_map(ProcessStatus::of)
}

/// Sends a signal to this very process. Says whether it was there.
pub(crate) fn signal(process: ProcessIdentity, signal: Signal) -> bool {
    let Some(pid) = Pid::from_raw(process.pid) else {
        return false;
    };
    // While the descriptor is open, what it stands for does not change; so the check comes after.
    let Ok(descriptor) = pidfd_open(pid, PidfdFlags::empty()) else {
        return false;
    };
    let is_it = ProcessStatus::of(process.pid).is_some_and(|found| found.identity == process);
    is_it && pidfd_send_signal(descriptor, signal).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_status() {
        let pid = i32::try_from(std::process::id()).unwrap();
        let status = ProcessStatus::of(pid).unwrap();
        assert_eq!(status.identity.pid, pid);
        assert!(!status.is_zombie);
        assert!(all().any(|process| process.identity == status.identity));
    }

    #[test]
    fn reads_the_session_of_another() {
        let mut leader = std::process::Command::new("setsid")
            .args(["sh", "-c", "echo ready; read _"])
            .stdin(std::process::Stdio::piped())
            .stdout(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        let said = leader.stdout.as_mut().unwrap();
        std::io::Read::read_exact(said, &mut [0; 6]).unwrap();
        let pid = i32::try_from(leader.id()).unwrap();
        assert_eq!(ProcessStatus::of(pid).unwrap().session, pid);
        leader.kill().unwrap();
        leader.wait().unwrap();
    }

    #[test]
    fn a_number_that_is_anothers_by_now_gets_no_signal() {
        let mut child = std::process::Command::new("sleep")
            .arg("60")
            .spawn()
            .unwrap();
        let status = ProcessStatus::of(i32::try_from(child.id()).unwrap()).unwrap();
        let earlier = ProcessIdentity {
            start_time: status.identity.start_time - 1,
            ..status.identity
        };
        assert!(!signal(earlier, Signal::KILL));
        assert!(child.try_wait().unwrap().is_none());
        assert!(signal(status.identity, Signal::KILL));
        child.wait().unwrap();
        assert!(!signal(status.identity, Signal::KILL));
    }
}
