//! AWS Batch of one account and region as a state machine.

mod bad_days;
mod error;
mod machine_room;
mod operations;
mod settings;
mod time;

pub use bad_days::BlockingReason;
pub use error::ApiError;
pub use machine_room::{EventKind, Exit, Signal, Start, StateChange, Stop};
pub use settings::{Pace, Settings};
pub use time::Millis;

/// AWS Batch of one account and region.
#[derive(Debug)]
pub struct Account {
    settings: Settings,
}

impl Account {
    /// An account without queues, definitions and jobs.
    pub fn new(settings: Settings) -> Self {
        Self { settings }
    }

    /// As it was made.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything that happens by itself up to `now`: the next statuses, timeouts, the end of a
    /// grace, limits on a state, lists that catch up, and what is kept no longer. Every other call
    /// with a moment does this first. Time never goes back: an earlier `now` counts as the latest.
    pub fn advance(&mut self, _now: Millis) {}

    /// When [`Self::advance`] would change something that starts, stops or events come from.
    /// `None` while everything waits for a call.
    pub fn next_change_at(&self) -> Option<Millis> {
        None
    }
}
