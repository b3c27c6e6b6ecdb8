//! Time by hand.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;

/// A clock that stands still until it is moved. By default it shows 2026-03-01T12:00:00Z.
#[derive(Debug)]
pub struct ManualClock(AtomicI64);

impl ManualClock {
    /// A clock that shows this time.
    pub fn new(now: Timestamp) -> Self {
        Self(AtomicI64::new(now.as_millis()))
    }

    /// Moves on.
    pub fn advance(&self, by: Duration) {
        let moved = |now| Some(Timestamp::from_millis(now).plus(by).as_millis());
        // The closure never declines, so the answer is always the time before.
        let _before = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, moved);
    }

    /// Shows this time from now on, be it earlier: clocks are set, and step back.
    pub fn set(&self, now: Timestamp) {
        self.0.store(now.as_millis(), Ordering::SeqCst);
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new(Timestamp::from_millis(1_772_366_400_000))
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stands_still_until_it_is_moved() {
        let clock = ManualClock::default();
        assert_eq!(clock.now().to_string(), "2026-03-01T12:00:00.000Z");
        assert_eq!(clock.now(), clock.now());
        clock.advance(Duration::from_millis(1500));
        assert_eq!(clock.now().to_string(), "2026-03-01T12:00:01.500Z");
        clock.set(Timestamp::EPOCH);
        assert_eq!(clock.now(), Timestamp::EPOCH);
    }
}
