//! What a proxy has done.

use std::ops::AddAssign;

use crate::rule::{At, Fault};

/// How often each thing was done. A fault counts when it is chosen, a cut or reset of a turn when
/// it is reached.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Connections that were accepted.
    pub connections: u64,
    /// Requests and replies whose beginning was seen.
    pub turns: u64,
    /// Connections closed as soon as they were accepted.
    pub drops: u64,
    /// Connections closed in order within a request or a reply.
    pub cuts: u64,
    /// Connections reset, at any point.
    pub resets: u64,
    /// Connections, requests and replies that had to wait.
    pub delays: u64,
    /// Connections of which one side is no longer heard.
    pub swallows: u64,
    /// Connections on which nothing moves any more.
    pub hangs: u64,
    /// Times that the proxy went away, so that connections were refused.
    pub refusals: u64,
}

impl Counters {
    /// All faults together.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.drops
            + self.cuts
            + self.resets
            + self.delays
            + self.swallows
            + self.hangs
            + self.refusals
    }

    pub(crate) fn count(&mut self, at: At, fault: Fault) {
        let counter = match (fault, at) {
            (Fault::Close { .. }, At::Connect) => &mut self.drops,
            (Fault::Close { .. }, At::Request | At::Reply) => &mut self.cuts,
            (Fault::Reset { .. }, _) => &mut self.resets,
            (Fault::Delay { .. }, _) => &mut self.delays,
            (Fault::Swallow, _) => &mut self.swallows,
            (Fault::Hang, _) => &mut self.hangs,
        };
        *counter += 1;
    }
}

impl AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.turns += other.turns;
        self.drops += other.drops;
        self.cuts += other.cuts;
        self.resets += other.resets;
        self.delays += other.delays;
        self.swallows += other.swallows;
        self.hangs += other.hangs;
        self.refusals += other.refusals;
    }
}
