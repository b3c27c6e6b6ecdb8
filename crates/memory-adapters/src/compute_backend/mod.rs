//! A compute backend in memory.

mod controls;
mod job;
mod log;
mod port;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard};

use batchway_domain::diagnosis::Obstacles;
use batchway_domain::job::{BackendId, Settlement};
use batchway_domain::ports::{Clock, Held};

use job::MemoryJob;

/// A compute backend whose jobs are entries in memory, and move when a test moves them:
/// [`run`](Self::run), [`write`](Self::write), [`succeed`](Self::succeed), [`fail`](Self::fail)
/// and the others.
///
/// It keeps every promise of its port. What a real backend does to its callers on a bad day is
/// asked for by name: [`lose_replies`](Self::lose_replies), [`hold`](Self::hold),
/// [`hide_from_lookups`](Self::hide_from_lookups), [`hold_stops`](Self::hold_stops),
/// [`put_in_the_way`](Self::put_in_the_way).
pub struct MemoryComputeBackend {
    clock: Arc<dyn Clock>,
    kind: Kind,
    state: Mutex<State>,
}

/// What backends differ in.
struct Kind {
    name_is_unique: bool,
    settlement: Settlement,
    slots: Option<usize>,
}

#[derive(Default)]
struct State {
    jobs: BTreeMap<BackendId, MemoryJob>,
    submissions: u64,
    held: Option<Held>,
    replies_to_lose: usize,
    hides_from_lookups: bool,
    holds_stops: bool,
    obstacles: Obstacles,
}

impl MemoryComputeBackend {
    /// A backend like the one that runs processes: a name has one job, look-ups are
    /// authoritative, and there is room for `slots` jobs at once.
    pub fn with_slots(clock: Arc<dyn Clock>, slots: usize) -> Self {
        let kind = Kind {
            name_is_unique: true,
            settlement: Settlement::Authoritative,
            slots: Some(slots),
        };
        Self::of_kind(clock, kind)
    }

    /// A backend like AWS Batch: each submission makes a job, whatever its name, a look-up that
    /// finds nothing proves little, and there is a queue for any number.
    pub fn with_queue(clock: Arc<dyn Clock>) -> Self {
        let kind = Kind {
            name_is_unique: false,
            settlement: Settlement::AWS_BATCH,
            slots: None,
        };
        Self::of_kind(clock, kind)
    }

    fn of_kind(clock: Arc<dyn Clock>, kind: Kind) -> Self {
        Self {
            clock,
            kind,
            state: Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no call panics while it holds the state")
    }
}

impl fmt::Debug for MemoryComputeBackend {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryComputeBackend")
            .field("jobs", &self.state().jobs.keys())
            .finish_non_exhaustive()
    }
}
