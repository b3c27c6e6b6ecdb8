//! What the program may take of the machine, and how that is held.
//!
//! Only the program is limited: the runner lives on when the program runs out of memory, and says
//! so. What is used is, in this order: control groups v2 where they are delegated to us, v1 where
//! we may write them, and otherwise a limit on the data segment with a watch on resident size.
//! What somebody else limits, such as a container, is only looked at, to say why a program ended.

mod control_group;
mod surroundings;

use std::ffi::OsString;

use control_group::ControlGroup;
use surroundings::Surroundings;

use crate::process_tree;

/// A program that outruns the watch is held by a limit on each process's writable memory of so
/// many times what the program may take, as much is reserved that is never used.
const DATA_FACTOR: u64 = 4;
const DATA_EXTRA: u64 = 1024 * 1024 * 1024;

/// What is asked for.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) cpus: Option<f64>,
    pub(crate) memory_bytes: Option<u64>,
    pub(crate) by_control_groups: bool,
}

/// What holds.
#[derive(Debug)]
pub(crate) struct Limits {
    groups: Vec<ControlGroup>,
    watched_bytes: Option<u64>,
    surroundings: Surroundings,
    description: String,
}

impl Limits {
    /// Finds the best means that works here. `name` tells this run's groups from others.
    pub(crate) fn prepare(wanted: Wanted, name: &str) -> Self {
        let groups = control_group::make(wanted, name);
        let holds = |controller| groups.iter().any(|group| group.holds(controller));
        let watched_bytes = wanted.memory_bytes.filter(|_| !holds("memory"));
        let cpus_are_free = wanted.cpus.is_some() && !holds("cpu");
        let mut words: Vec<String> = groups.iter().map(ControlGroup::to_string).collect();
        if watched_bytes.is_some() {
            words.push("rlimit and watch on memory".to_owned());
        }
        if cpus_are_free {
            words.push("none on cpu".to_owned());
        }
        if words.is_empty() {
            words.push("none".to_owned());
        }
        Self {
            groups,
            watched_bytes,
            surroundings: Surroundings::look(),
            description: words.join(", "),
        }
    }

    /// In words, such as `cgroup v1 memory, cgroup v1 cpu`.
    pub(crate) fn description(&self) -> &str {
        &self.description
    }

    /// Folders of the groups, for whoever has to remove them in our place.
    pub(crate) fn control_groups(&self) -> Vec<String> {
        let paths = self.groups.iter().map(ControlGroup::path);
        paths.map(|path| path.display().to_string()).collect()
    }

    /// What the helper is told, which limits itself and then becomes the program.
    pub(crate) fn helper_arguments(&self) -> Vec<OsString> {
        let groups = self
            .groups
            .iter()
            .flat_map(|group| [OsString::from("--control-group"), group.path().into()]);
        let data = self.watched_bytes.iter().flat_map(|bytes| {
            let limit = bytes.saturating_mul(DATA_FACTOR).saturating_add(DATA_EXTRA);
            [OsString::from("--data-bytes"), limit.to_string().into()]
        });
        groups.chain(data).collect()
    }

    /// Whether the program took more memory than it may. Asked several times a second.
    pub(crate) fn is_out_of_memory(&self) -> bool {
        self.groups.iter().any(ControlGroup::has_killed) || self.watch_is_exceeded()
    }

    /// Whether that is why a program ended: also where somebody else limits it with us, as in a
    /// container.
    pub(crate) fn were_out_of_memory(&self) -> bool {
        self.is_out_of_memory() || self.surroundings.have_killed()
    }

    fn watch_is_exceeded(&self) -> bool {
        self.watched_bytes.is_some_and(|limit| {
            let processes = process_tree::descendants();
            process_tree::resident_bytes(&processes) > limit
                && process_tree::proportional_bytes(&processes) > limit
        })
    }

    /// Removes the groups. Says which are still there: they are not empty.
    pub(crate) async fn remove(&self) -> Vec<String> {
        let mut left = Vec::new();
        for group in &self.groups {
            if !group.remove().await {
                left.push(group.path().display().to_string());
            }
        }
        left
    }
}
