//! How many calls a second.

use super::time::Millis;

const MICROS_PER_MILLI: i64 = 1000;
const MICROS_PER_SECOND: i64 = 1_000_000;

/// A bucket of one second's worth of calls that fills as time goes by.
#[derive(Clone, Debug)]
pub(super) struct Throttle {
    /// Microseconds that a call costs; `None` for no limit.
    cost: Option<i64>,
    /// In microseconds since 1970: when the bucket will be full again.
    full_at: i64,
}

impl Throttle {
    pub(super) fn new(per_second: Option<u32>) -> Self {
        Self {
            cost: per_second.map(|calls| MICROS_PER_SECOND / i64::from(calls.max(1))),
            full_at: i64::MIN,
        }
    }

    /// Whether one more call may pass.
    pub(super) fn pass(&mut self, now: Millis) -> bool {
        let Some(cost) = self.cost else { return true };
        let now = now.0.saturating_mul(MICROS_PER_MILLI);
        let full_at = self.full_at.max(now).saturating_add(cost);
        let passes = full_at <= now.saturating_add(MICROS_PER_SECOND);
        if passes {
            self.full_at = full_at;
        }
        passes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passed(throttle: &mut Throttle, calls: usize, now: i64) -> usize {
        (0..calls).filter(|_| throttle.pass(Millis(now))).count()
    }

    #[test]
    fn fifty_at_once_then_fifty_a_second() {
        let mut throttle = Throttle::new(Some(50));
        assert_eq!(passed(&mut throttle, 60, 1_000_000), 50);
        assert_eq!(passed(&mut throttle, 10, 1_000_019), 0);
        assert_eq!(passed(&mut throttle, 10, 1_000_100), 5);
        assert_eq!(passed(&mut throttle, 60, 1_002_000), 50);
    }

    #[test]
    fn without_a_limit_all_pass() {
        assert_eq!(passed(&mut Throttle::new(None), 1000, 0), 1000);
    }
}
