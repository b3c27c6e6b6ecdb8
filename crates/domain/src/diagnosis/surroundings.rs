//! What was seen around a job when someone asked.

use super::Mend;
use crate::ports::{Capacity, LogLine};

/// What was seen around a job. Where something could not be looked at, it says why.
#[derive(Clone, Debug, PartialEq)]
pub struct Surroundings {
    /// Whether this gateway can ask the job's backend about it.
    pub reach: Reach,
    /// How many more jobs its backend can start here; `None` where there is no such backend.
    pub room: Option<Capacity>,
    /// What stands in the way at its backend. It is looked for only where the job waits there, or
    /// is known to be sent there.
    pub obstacles: Obstacles,
    /// What its program wrote last.
    pub last_lines: LastLines,
}

/// Whether a gateway can ask a job's backend about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reach {
    /// It can.
    Here,
    /// Another can: the job was sent from another machine, account or region.
    Elsewhere,
    /// It has no backend of that name.
    NoBackend,
}

/// Something at a backend that keeps jobs from being started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Obstacle {
    /// A short word that programs can compare, such as `environment_disabled`.
    pub code: String,
    /// What was seen: one sentence, fit for the job's owner.
    pub message: String,
    /// Whether no job can be started because of it. Otherwise others may take the jobs.
    pub blocks_all: bool,
    /// What mends it.
    pub mend: Mend,
}

/// What keeps a backend from starting jobs.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obstacles {
    /// All that was seen.
    pub found: Vec<Obstacle>,
    /// Where not all could be looked at.
    pub unseen: Option<Unseen>,
}

/// Something that could not be looked at, which says nothing for or against it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unseen {
    /// What, and why: one sentence, fit for the job's owner.
    pub reason: String,
    /// What would allow it.
    pub mend: Mend,
}

impl Obstacles {
    /// The most calls that looking for them may make.
    pub const CALLS: usize = 3;

    /// What keeps all jobs from being started.
    pub(super) fn blocking(&self) -> Option<&Obstacle> {
        self.found.iter().find(|obstacle| obstacle.blocks_all)
    }

    /// What helps against each, and to see the rest.
    pub(super) fn mends(&self) -> impl Iterator<Item = Mend> {
        let unseen = self.unseen.iter().map(|unseen| unseen.mend.clone());
        let found = self.found.iter().map(|obstacle| obstacle.mend.clone());
        found.chain(unseen)
    }
}

/// The last lines of a job's last attempt.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastLines {
    /// Which attempt, counted from 1; `None` where none has begun.
    pub attempt: Option<u32>,
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// Why there are none, where there are none.
    pub reason: Option<String>,
}

impl LastLines {
    /// How many there are at most.
    pub const MOST: usize = 20;

    /// The most that is shown of each, in bytes.
    pub const MOST_BYTES: usize = 1000;
}
