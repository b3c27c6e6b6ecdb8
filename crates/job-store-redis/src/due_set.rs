//! What is looked through for what is due.

use std::fmt;

use batchway_domain::job::Lane;

use crate::keyspace::{Key, ShardKeys};

/// The jobs of a lane, the deliveries, or the jobs that are to be mirrored.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum DueSet {
    Jobs(Lane),
    Deliveries,
    Mirror,
}

impl DueSet {
    /// By due time.
    pub(crate) fn due(&self, place: ShardKeys<'_>) -> Key {
        match self {
            Self::Jobs(lane) => place.due(lane),
            Self::Deliveries => place.deliveries_due(),
            Self::Mirror => place.mirror_backlog(),
        }
    }

    /// By whose turn it is, then by due time: tenants take turns in dispatch lanes, receivers
    /// among deliveries.
    pub(crate) fn turns(&self, place: ShardKeys<'_>) -> Option<Key> {
        match self {
            Self::Jobs(Lane::Dispatch(backend)) => Some(place.turns(backend)),
            Self::Jobs(_) | Self::Mirror => None,
            Self::Deliveries => Some(place.deliveries_turns()),
        }
    }

    /// By age: only dispatch lanes are asked for what is oldest.
    pub(crate) fn ages(&self, place: ShardKeys<'_>) -> Option<Key> {
        match self {
            Self::Jobs(Lane::Dispatch(backend)) => Some(place.ages(backend)),
            Self::Jobs(_) | Self::Deliveries | Self::Mirror => None,
        }
    }

    /// The keys by which a script finds it.
    pub(crate) fn keys(&self, place: ShardKeys<'_>) -> Vec<Key> {
        let others = [self.turns(place), self.ages(place)];
        let mut keys = vec![self.due(place)];
        keys.extend(others.into_iter().flatten());
        keys
    }
}

impl fmt::Display for DueSet {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Jobs(lane) => lane.fmt(formatter),
            Self::Deliveries => formatter.write_str("deliveries"),
            Self::Mirror => formatter.write_str("mirror"),
        }
    }
}
