//! How much later than usual jobs are looked at while calls are short.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;

/// The most. A job that is looked at every minute is then looked at every quarter of an hour.
const MOST: u32 = 16;

/// How long a stretch must have been too little before it is doubled.
const GROWS_AFTER: Duration = Duration::from_secs(2);

/// How long a stretch must have been enough before it is halved.
const SHRINKS_AFTER: Duration = Duration::from_secs(60);

/// A factor that doubles while there are fewer calls than looks that are due, and shrinks once
/// there are enough. Each replica finds its own.
#[derive(Debug, Default)]
pub(crate) struct Stretch(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    doublings: u32,
    moved_at: Option<Timestamp>,
}

impl Stretch {
    /// At least 1.
    pub(crate) fn factor(&self) -> u32 {
        1 << self.state().doublings
    }

    /// There were fewer calls than looks.
    pub(crate) fn too_little(&self, now: Timestamp) {
        let mut state = self.state();
        if has_rested(&state, now, GROWS_AFTER) {
            state.doublings = (state.doublings + 1).min(MOST.ilog2());
            state.moved_at = Some(now);
        }
    }

    /// There were as many calls as looks.
    pub(crate) fn enough(&self, now: Timestamp) {
        let mut state = self.state();
        if state.doublings > 0 && has_rested(&state, now, SHRINKS_AFTER) {
            state.doublings -= 1;
            state.moved_at = Some(now);
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back counts as a rest.
fn has_rested(state: &State, now: Timestamp, rest: Duration) -> bool {
    state
        .moved_at
        .is_none_or(|moved_at| now < moved_at || now.since(moved_at) >= rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn it_grows_while_calls_are_short_and_shrinks_slowly() {
        let stretch = Stretch::default();
        assert_eq!(stretch.factor(), 1);
        stretch.too_little(at(0));
        stretch.too_little(at(1));
        assert_eq!(stretch.factor(), 2, "once in a while");
        for second in 2..60 {
            stretch.too_little(at(second));
        }
        assert_eq!(stretch.factor(), MOST);
        stretch.enough(at(70));
        assert_eq!(stretch.factor(), MOST, "it was too little a moment ago");
        for minute in 2..10 {
            stretch.enough(at(minute * 60));
        }
        assert_eq!(stretch.factor(), 1);
    }
}
