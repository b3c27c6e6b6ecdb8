//! Waiting for a thing itself, with an end to it.

use std::time::{Duration, Instant};

/// Between two looks: short beside the start of any server.
const PAUSE: Duration = Duration::from_millis(3);

/// Looks until there is an answer; `None` once `limit` has passed.
#[expect(
    clippy::disallowed_methods,
    reason = "processes of others live in real time, and tell nobody when they are ready"
)]
pub(crate) fn within<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let start = Instant::now();
    loop {
        if let Some(answer) = look() {
            return Some(answer);
        }
        if start.elapsed() > limit {
            return None;
        }
        std::thread::sleep(PAUSE);
    }
}
