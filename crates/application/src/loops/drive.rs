//! When a loop runs.

use std::time::Duration;

use batchway_domain::ports::Entropy;
use tokio_util::sync::CancellationToken;

use super::Loop;

/// The longest rest of a loop that keeps failing.
const LONGEST_REST: Duration = Duration::from_secs(30);

/// Runs a loop until `drain`; the round that is on then, and what it left under way, is finished
/// first.
pub async fn drive(work: &dyn Loop, entropy: &dyn Entropy, drain: CancellationToken) {
    let mut failures: u32 = 0;
    while !drain.is_cancelled() {
        let report = work.run_once().await;
        match &report.failure {
            Some(failure) => {
                failures = failures.saturating_add(1);
                tracing::warn!(work = work.name(), failures, failure, "a round failed");
            }
            None => failures = 0,
        }
        if report.more && report.rest.is_none() && failures == 0 {
            continue;
        }
        let rest = match report.rest {
            Some(rest) if failures == 0 => rest,
            _ => rest_after(work.period(), failures),
        };
        // A nudge says that there is more to do, not that it may be done.
        let heeds_nudges = failures == 0 && report.rest.is_none();
        tokio::select! {
            () = drain.cancelled() => {}
            () = tokio::time::sleep(with_jitter(rest, entropy)) => {}
            () = work.nudged(), if heeds_nudges => {}
        }
    }
    work.finish().await;
}

/// The period; while rounds fail, twice as long after each.
fn rest_after(period: Duration, failures: u32) -> Duration {
    if failures == 0 {
        return period;
    }
    period
        .saturating_mul(1 << failures.min(10))
        .min(LONGEST_REST.max(period))
}

/// Up to a tenth more or less, so that replicas don't march in step.
fn with_jitter(rest: Duration, entropy: &dyn Entropy) -> Duration {
    let [chance] = entropy.bytes::<1>();
    rest.mul_f64(0.9 + f64::from(chance) / 255.0 * 0.2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rests_grow_while_rounds_fail_and_have_a_limit() {
        let period = Duration::from_secs(1);
        let rests: Vec<u64> = [0, 1, 2, 5, 100]
            .map(|n| rest_after(period, n).as_secs())
            .into();
        assert_eq!(rests, [1, 2, 4, 30, 30]);
        assert_eq!(
            rest_after(Duration::from_secs(60), 3),
            Duration::from_secs(60)
        );
    }
}
