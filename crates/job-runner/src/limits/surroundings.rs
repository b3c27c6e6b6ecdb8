//! The group that this process is in and that others limit: in a container, the container's.

use std::fs;
use std::path::PathBuf;

use super::control_group::Hierarchies;

/// How often the kernel killed something in this process's own group for want of memory.
///
/// It says why a program was killed that somebody else limits. Groups below and above don't
/// count, so that nothing else that runs on the machine is taken for the program.
#[derive(Debug)]
pub(super) struct Surroundings {
    counters: Option<PathBuf>,
    kills_before: u64,
}

impl Surroundings {
    /// As they are now.
    pub(super) fn look() -> Self {
        let hierarchies = Hierarchies::read().unwrap_or_default();
        Self::counted_in(hierarchies.own_memory_counters())
    }

    fn counted_in(counters: Option<PathBuf>) -> Self {
        let mut surroundings = Self {
            counters,
            kills_before: 0,
        };
        surroundings.kills_before = surroundings.kills();
        surroundings
    }

    /// Whether something was killed since.
    pub(super) fn have_killed(&self) -> bool {
        self.kills() > self.kills_before
    }

    fn kills(&self) -> u64 {
        let counters = self.counters.as_ref();
        let text = counters.and_then(|path| fs::read_to_string(path).ok());
        text.as_deref().map_or(0, kills_in)
    }
}

/// Reads `memory.events` of version 2 or `memory.oom_control` of version 1.
pub(super) fn kills_in(counters: &str) -> u64 {
    counters
        .lines()
        .find_map(|line| line.strip_prefix("oom_kill ")?.trim().parse().ok())
        .unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_killed_from_now_on_counts() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("memory.events.local");
        let write = |kills| fs::write(&path, format!("oom 9\noom_kill {kills}\n")).unwrap();
        write(3);
        let surroundings = Surroundings::counted_in(Some(path.clone()));
        assert!(!surroundings.have_killed());
        write(4);
        assert!(surroundings.have_killed());
    }

    #[test]
    fn where_nothing_is_counted_nothing_was_killed() {
        assert!(!Surroundings::counted_in(None).have_killed());
        let gone = Surroundings::counted_in(Some(PathBuf::from("/nowhere/memory.events")));
        assert!(!gone.have_killed());
        assert_eq!(kills_in("oom_kill_disable 0\nunder_oom 0\noom_kill 2\n"), 2);
        assert_eq!(kills_in("oom_kill_disable 0\nunder_oom 0\n"), 0);
    }
}
