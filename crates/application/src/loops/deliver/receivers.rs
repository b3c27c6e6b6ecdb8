//! How the receivers of webhooks have been lately, as this process knows them: who is being sent
//! to, and who does not answer.

use std::collections::HashMap;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::Receiver;

/// So many attempts may be under way in this process.
pub(super) const MOST_AT_ONCE: usize = 128;

/// So many of them to one receiver, and as many more in the batch that fills it up.
pub(super) const MOST_PER_RECEIVER: usize = 8;

/// After so many attempts in a row without an answer a receiver is left alone for a while.
const FAILURES_TO_REST: u32 = 4;
const FIRST_REST: Duration = Duration::from_secs(2);
const LONGEST_REST: Duration = Duration::from_secs(60);

/// Bounds what is under way, and keeps receivers that don't answer from taking the room of those
/// that do.
#[derive(Debug, Default)]
pub(super) struct Receivers {
    under_way: usize,
    known: HashMap<Receiver, Standing>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Standing {
    under_way: usize,
    /// Attempts in a row without an answer.
    unanswered: u32,
    /// Set by each of those; the first few make no rest, and are remembered all the same.
    rests_until: Option<Timestamp>,
}

impl Receivers {
    /// How many more attempts may begin.
    pub(super) const fn room(&self) -> usize {
        MOST_AT_ONCE.saturating_sub(self.under_way)
    }

    /// Who is not to be sent to now.
    pub(super) fn not_now(&self, now: Timestamp) -> Vec<Receiver> {
        let is_left_alone = |standing: &Standing| {
            standing.under_way >= MOST_PER_RECEIVER
                || standing.rests_until.is_some_and(|until| now < until)
                // One attempt shows whether it is back.
                || (standing.unanswered >= FAILURES_TO_REST && standing.under_way > 0)
        };
        let left_alone = self.known.iter().filter(|(_, one)| is_left_alone(one));
        left_alone.map(|(receiver, _)| receiver.clone()).collect()
    }

    pub(super) fn begin(&mut self, receiver: &Receiver) {
        self.under_way += 1;
        self.known.entry(receiver.clone()).or_default().under_way += 1;
    }

    pub(super) fn end(&mut self, receiver: &Receiver, answered: bool, now: Timestamp) {
        self.under_way = self.under_way.saturating_sub(1);
        let Some(standing) = self.known.get_mut(receiver) else {
            return;
        };
        standing.under_way = standing.under_way.saturating_sub(1);
        if answered {
            standing.unanswered = 0;
            standing.rests_until = None;
        } else {
            standing.unanswered = standing.unanswered.saturating_add(1);
            standing.rests_until = Some(now.plus(rest_after(standing.unanswered)));
        }
        if standing.under_way == 0 && standing.unanswered == 0 {
            self.known.remove(receiver);
        }
    }

    /// Forgets those whose rest has been over for so long that nothing seems to be due for them.
    pub(super) fn forget_the_quiet(&mut self, now: Timestamp) {
        self.known.retain(|_, standing| {
            let quiet_since = standing.rests_until.map(|until| until.plus(LONGEST_REST));
            standing.under_way > 0 || quiet_since.is_some_and(|since| now < since)
        });
    }
}

/// None before the [`FAILURES_TO_REST`]th.
fn rest_after(unanswered: u32) -> Duration {
    match unanswered.checked_sub(FAILURES_TO_REST) {
        None => Duration::ZERO,
        Some(beyond) => FIRST_REST
            .saturating_mul(1 << beyond.min(5))
            .min(LONGEST_REST),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp::EPOCH;

    fn receiver(name: &str) -> Receiver {
        Receiver {
            user: "ada".parse().unwrap(),
            origin: format!("https://{name}.example.org"),
        }
    }

    fn fail(receivers: &mut Receivers, times: u32) {
        for _ in 0..times {
            receivers.begin(&receiver("dead"));
            receivers.end(&receiver("dead"), false, NOW);
        }
    }

    #[test]
    fn a_receiver_has_so_many_attempts_at_once() {
        let mut receivers = Receivers::default();
        for _ in 0..MOST_PER_RECEIVER {
            assert!(receivers.not_now(NOW).is_empty());
            receivers.begin(&receiver("a"));
        }
        assert_eq!(receivers.not_now(NOW), [receiver("a")]);
        receivers.end(&receiver("a"), true, NOW);
        assert!(receivers.not_now(NOW).is_empty());
        assert_eq!(receivers.room(), MOST_AT_ONCE - (MOST_PER_RECEIVER - 1));
    }

    #[test]
    fn who_does_not_answer_is_left_alone_longer_and_longer() {
        let mut receivers = Receivers::default();
        fail(&mut receivers, FAILURES_TO_REST - 1);
        assert!(receivers.not_now(NOW).is_empty());
        fail(&mut receivers, 1);
        let after = |rest: Duration| NOW.plus(rest);
        assert_eq!(receivers.not_now(NOW), [receiver("dead")]);
        assert!(receivers.not_now(after(FIRST_REST)).is_empty());
        fail(&mut receivers, 20);
        assert_eq!(
            receivers
                .not_now(after(LONGEST_REST - Duration::from_secs(1)))
                .len(),
            1
        );
        assert!(receivers.not_now(after(LONGEST_REST)).is_empty());
    }

    #[test]
    fn one_attempt_shows_whether_it_is_back() {
        let mut receivers = Receivers::default();
        fail(&mut receivers, FAILURES_TO_REST);
        let later = NOW.plus(LONGEST_REST);
        receivers.begin(&receiver("dead"));
        assert_eq!(receivers.not_now(later), [receiver("dead")]);
        receivers.end(&receiver("dead"), true, later);
        assert!(receivers.not_now(later).is_empty());
    }

    #[test]
    fn failures_count_over_rounds() {
        let mut receivers = Receivers::default();
        for _ in 0..FAILURES_TO_REST {
            receivers.forget_the_quiet(NOW);
            fail(&mut receivers, 1);
        }
        assert_eq!(receivers.not_now(NOW), [receiver("dead")]);
    }

    #[test]
    fn nobody_is_remembered_for_ever() {
        let mut receivers = Receivers::default();
        fail(&mut receivers, 1);
        receivers.begin(&receiver("busy"));
        receivers.forget_the_quiet(NOW.plus(LONGEST_REST * 3));
        assert_eq!(receivers.known.len(), 1, "but for whoever is sent to");
    }
}
