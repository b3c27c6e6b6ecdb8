//! What a proxy has done.

use std::fmt;
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

/// The faults, without those that there were none of.
impl fmt::Display for Counters {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = [
            (self.drops, "dropped"),
            (self.cuts, "cut"),
            (self.resets, "reset"),
            (self.delays, "delayed"),
            (self.swallows, "swallowed"),
            (self.hangs, "left hanging"),
            (self.refusals, "times gone"),
        ];
        let mut there_are = all.iter().filter(|(number, _)| *number > 0);
        match there_are.next() {
            None => formatter.write_str("no fault")?,
            Some((number, word)) => write!(formatter, "{number} {word}")?,
        }
        there_are.try_for_each(|(number, word)| write!(formatter, ", {number} {word}"))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn faults_are_added_up_and_named() {
        let mut counters = Counters::default();
        assert_eq!(counters.to_string(), "no fault");
        counters.count(At::Connect, Fault::Close { after: 0 });
        counters.count(At::Reply, Fault::Close { after: 0 });
        counters += counters;
        assert_eq!(counters.faults(), 4);
        assert_eq!(counters.to_string(), "2 dropped, 2 cut");
    }
}
