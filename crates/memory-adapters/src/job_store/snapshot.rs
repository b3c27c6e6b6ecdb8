//! The store at one moment, and what comes next in it: for simulated time.

use std::fmt;

use batchway_domain::Timestamp;
use batchway_domain::job::Lane;

use super::MemoryJobStore;
use super::contents::Contents;

/// Everything that a store held at one moment, as it lies on a disk.
pub struct StoreSnapshot(Contents);

impl MemoryJobStore {
    /// What the store holds now.
    pub fn snapshot(&self) -> StoreSnapshot {
        StoreSnapshot(self.contents().clone())
    }

    /// Puts that back: the store was killed, and comes up with what its disk has.
    pub fn restore(&self, snapshot: &StoreSnapshot) {
        *self.contents() = snapshot.0.clone();
    }

    /// When something is due next in this lane; `None` while there is nothing in it.
    pub fn next_due(&self, lane: &Lane) -> Option<Timestamp> {
        let contents = self.contents();
        let in_lane = contents.jobs.values();
        let in_lane = in_lane.filter(|kept| kept.job.due().lane == *lane);
        in_lane.map(|kept| kept.due_at).min()
    }
}

impl fmt::Debug for StoreSnapshot {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("StoreSnapshot")
            .field("jobs", &self.0.jobs.len())
            .finish_non_exhaustive()
    }
}
