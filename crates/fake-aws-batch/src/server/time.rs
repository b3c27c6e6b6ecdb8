//! What time it is in the fake.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::Millis;

/// What moves the fake's time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Time {
    /// The clock of this machine, and what is added by hand.
    #[default]
    Real,
    /// Nothing but hands. It starts at this moment.
    ByHand(Millis),
}

/// The fake's clock. Never goes back further than the machine's does.
#[derive(Debug)]
pub(super) struct Clock {
    time: Time,
    added: AtomicI64,
}

impl Clock {
    pub(super) const fn new(time: Time) -> Self {
        Self {
            time,
            added: AtomicI64::new(0),
        }
    }

    pub(super) fn now(&self) -> Millis {
        let beginning = match self.time {
            Time::Real => wall_clock(),
            Time::ByHand(start) => start,
        };
        beginning.plus(Millis(self.added.load(Ordering::Acquire)))
    }

    pub(super) fn add(&self, span: Duration) {
        self.added.fetch_add(in_millis(span).0, Ordering::AcqRel);
    }

    /// How long until then, in the machine's time. `None` where time stands still.
    pub(super) fn until(&self, then: Millis) -> Option<Duration> {
        match self.time {
            Time::Real => {
                let span = then.minus(self.now()).0.max(0);
                Some(Duration::from_millis(span.unsigned_abs()))
            }
            Time::ByHand(_) => None,
        }
    }
}

pub(super) fn in_millis(span: Duration) -> Millis {
    Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX))
}

fn wall_clock() -> Millis {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock of the server; the account takes time as a parameter"
    )]
    let now = SystemTime::now();
    in_millis(now.duration_since(UNIX_EPOCH).unwrap_or_default())
}
