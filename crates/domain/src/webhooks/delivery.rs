//! One event on its way to one receiver.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{DeliveryId, RetrySchedule};
use crate::Timestamp;
use crate::identity::{Environment, UserName};
use crate::job::{Event, Job};
use crate::security::WebhookTarget;

/// One event on its way to one receiver, and what came of it so far.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    /// Its id, the same for every attempt and replay.
    pub id: DeliveryId,
    /// Whose job it is of.
    pub user: UserName,
    /// First part of the job's keys, for the link to its result.
    pub environment: Environment,
    /// Where it goes.
    pub target: WebhookTarget,
    /// What is told.
    pub event: Event,
    /// Where it is.
    #[serde(flatten)]
    pub state: DeliveryState,
    /// How many attempts were made since it was made, or was last replayed.
    #[serde(default)]
    pub attempts_made: u32,
    /// The last attempts, oldest first, at most [`Delivery::MAX_ATTEMPTS_KEPT`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<DeliveryAttempt>,
    /// Raised by one with every change.
    pub version: u64,
}

/// Where a delivery is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum DeliveryState {
    /// To be sent.
    Pending {
        /// Not before this time.
        next_attempt_at: Timestamp,
    },
    /// The receiver took it.
    Delivered {
        /// When.
        at: Timestamp,
    },
    /// It is not tried any more, unless it is replayed.
    Failed {
        /// Since when.
        at: Timestamp,
    },
}

/// One attempt to deliver.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeliveryAttempt {
    /// When it began.
    pub at: Timestamp,
    /// How long it took.
    pub took: Duration,
    /// What came of it.
    pub outcome: AttemptOutcome,
}

/// What came of an attempt.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub enum AttemptOutcome {
    /// The receiver answered.
    Answered {
        /// The HTTP status.
        status: u16,
    },
    /// No answer was had.
    Unanswered {
        /// A sentence for the job's owner, who owns the receiver too: nothing of the inside.
        reason: String,
    },
}

impl AttemptOutcome {
    /// Whether the receiver took the event: any status from 200 to 299.
    pub const fn is_success(&self) -> bool {
        matches!(self, Self::Answered { status: 200..=299 })
    }

    /// Whether the receiver wants no more attempts: 410 Gone.
    const fn is_final(&self) -> bool {
        matches!(self, Self::Answered { status: 410 })
    }
}

/// When the receiver wants to be asked again: `Retry-After` of RFC 9110, section 10.2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RetryAfter {
    /// After so long.
    Delay(Duration),
    /// Not before this time.
    At(Timestamp),
}

impl Delivery {
    /// How many attempts are kept to be shown.
    pub const MAX_ATTEMPTS_KEPT: usize = 20;

    /// The longest wait that a receiver may ask for.
    pub const LONGEST_RETRY_AFTER: Duration = Duration::from_secs(24 * 3600);

    /// How an event of a job is delivered; `None` where nobody is to be told of it.
    pub fn of(job: &Job, event: &Event) -> Option<Self> {
        let target = job.webhook.clone().filter(|_| event.kind.is_delivered())?;
        Some(Self {
            id: DeliveryId::new(event.job.clone(), event.number),
            user: job.user.clone(),
            environment: job.environment.clone(),
            target,
            state: DeliveryState::Pending {
                next_attempt_at: event.at,
            },
            event: event.clone(),
            attempts_made: 0,
            attempts: Vec::new(),
            version: 1,
        })
    }

    /// When it is to be sent; `None` where it is not.
    pub const fn due_at(&self) -> Option<Timestamp> {
        match self.state {
            DeliveryState::Pending { next_attempt_at } => Some(next_attempt_at),
            DeliveryState::Delivered { .. } | DeliveryState::Failed { .. } => None,
        }
    }

    /// The delivery after an attempt.
    #[must_use]
    pub fn after(
        &self,
        attempt: DeliveryAttempt,
        retry_after: Option<RetryAfter>,
        schedule: &RetrySchedule,
        chance: u8,
    ) -> Self {
        let mut next = self.clone();
        let now = attempt.at.plus(attempt.took);
        next.version += 1;
        next.attempts_made += 1;
        next.state = if attempt.outcome.is_success() {
            DeliveryState::Delivered { at: now }
        } else {
            let wait = schedule
                .wait_after(next.attempts_made, chance)
                .filter(|_| !attempt.outcome.is_final());
            match wait {
                Some(wait) => DeliveryState::Pending {
                    next_attempt_at: now.plus(wait).max(wished(retry_after, now)),
                },
                None => DeliveryState::Failed { at: now },
            }
        };
        let kept = Self::MAX_ATTEMPTS_KEPT - 1;
        let surplus = next.attempts.len().saturating_sub(kept);
        next.attempts.drain(..surplus);
        next.attempts.push(attempt);
        next
    }

    /// The delivery as it is sent once more, from its first attempt on.
    #[must_use]
    pub fn replayed(&self, now: Timestamp) -> Self {
        Self {
            state: DeliveryState::Pending {
                next_attempt_at: now,
            },
            attempts_made: 0,
            version: self.version + 1,
            ..self.clone()
        }
    }

    /// The delivery as stores keep it.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("a delivery holds only text and numbers")
    }

    /// Reads a stored delivery.
    ///
    /// # Errors
    /// [`UnreadableDelivery`].
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableDelivery> {
        serde_json::from_slice(bytes).map_err(UnreadableDelivery)
    }
}

/// A receiver must not put off an event for ever.
fn wished(retry_after: Option<RetryAfter>, now: Timestamp) -> Timestamp {
    let wished = match retry_after {
        None => now,
        Some(RetryAfter::Delay(delay)) => now.plus(delay),
        Some(RetryAfter::At(at)) => at,
    };
    wished.min(now.plus(Delivery::LONGEST_RETRY_AFTER))
}

/// A stored delivery that this code can't read.
#[derive(Debug, thiserror::Error)]
#[error("the delivery is damaged, or was written by a newer gateway")]
pub struct UnreadableDelivery(#[source] serde_json::Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::job::{EventKind, NewJob, RequestHash};

    const START: Timestamp = Timestamp::EPOCH;

    fn job_with_webhook() -> Job {
        let new = NewJob {
            id: crate::identity::JobId::new(START, "00".parse().unwrap(), [7; 10]),
            environment: "prod".parse().unwrap(),
            job_type: "run_simulation".parse().unwrap(),
            backend: "process".parse().unwrap(),
            work: 1.0,
            estimated_seconds: 1,
            webhook: Some(WebhookTarget::parse("https://example.com/hook").unwrap()),
            request_hash: RequestHash(String::new()),
        };
        new.admit("user123".parse().unwrap()).job
    }

    fn event_of(job: &Job, kind: EventKind) -> Event {
        Event {
            job: job.id.clone(),
            number: 3,
            kind,
            at: START,
            snapshot: job.snapshot(),
        }
    }

    fn delivery() -> Delivery {
        let job = job_with_webhook();
        let event = event_of(&job, EventKind::Completed);
        Delivery::of(&job, &event).expect("a completed job is told of")
    }

    fn attempt(outcome: AttemptOutcome) -> DeliveryAttempt {
        DeliveryAttempt {
            at: START,
            took: Duration::from_secs(1),
            outcome,
        }
    }

    fn answered(status: u16) -> DeliveryAttempt {
        attempt(AttemptOutcome::Answered { status })
    }

    fn silent() -> DeliveryAttempt {
        attempt(AttemptOutcome::Unanswered {
            reason: "it did not answer within 15 seconds".to_owned(),
        })
    }

    fn after(delivery: &Delivery, attempt: DeliveryAttempt) -> Delivery {
        delivery.after(attempt, None, &RetrySchedule::default(), 0)
    }

    #[test]
    fn only_a_job_with_a_webhook_is_told_of_and_only_of_what_counts() {
        let told = |job: &Job| {
            EventKind::ALL
                .into_iter()
                .filter(|kind| Delivery::of(job, &event_of(job, *kind)).is_some())
                .collect::<Vec<_>>()
        };
        let mut job = job_with_webhook();
        assert_eq!(
            told(&job),
            [
                EventKind::Running,
                EventKind::Completed,
                EventKind::Failed,
                EventKind::Cancelled
            ]
        );
        job.webhook = None;
        assert_eq!(told(&job), []);
    }

    #[test]
    fn any_2xx_is_a_success_and_nothing_else() {
        for status in [200, 202, 204, 299] {
            let state = after(&delivery(), answered(status)).state;
            assert!(matches!(state, DeliveryState::Delivered { .. }), "{status}");
        }
        for status in [199, 301, 302, 307, 400, 404, 500, 503] {
            let state = after(&delivery(), answered(status)).state;
            assert!(matches!(state, DeliveryState::Pending { .. }), "{status}");
        }
    }

    #[test]
    fn it_is_tried_ten_times_and_then_not_any_more() {
        let mut present = delivery();
        for made in 1..10 {
            present = after(&present, silent());
            assert_eq!(present.attempts_made, made);
            assert!(present.due_at().is_some(), "after {made} attempts");
        }
        present = after(&present, silent());
        assert_eq!(present.due_at(), None);
        let replayed = present.replayed(START);
        assert_eq!(
            (replayed.due_at(), replayed.attempts_made),
            (Some(START), 0)
        );
        assert_eq!(replayed.id, present.id);
        assert_eq!(replayed.attempts.len(), 10, "the log stays");
    }

    #[test]
    fn gone_is_the_end() {
        let gone = after(&delivery(), answered(410));
        assert!(matches!(gone.state, DeliveryState::Failed { .. }));
    }

    #[test]
    fn the_receiver_says_when_to_come_again_within_a_day() {
        let due = |wish| {
            let next = delivery().after(answered(503), Some(wish), &RetrySchedule::default(), 0);
            next.due_at().unwrap().as_millis() / 1000
        };
        let hours = |hours: u64| Duration::from_secs(hours * 3600);
        assert_eq!(due(RetryAfter::Delay(hours(2))), 7201);
        assert_eq!(due(RetryAfter::At(START.plus(hours(2)))), 7200);
        assert_eq!(due(RetryAfter::Delay(hours(99))), 24 * 3600 + 1);
        assert_eq!(due(RetryAfter::Delay(Duration::ZERO)), 6, "its own wait");
    }

    #[test]
    fn the_log_is_bounded() {
        let mut present = delivery();
        for _ in 0..50 {
            present = after(&present, answered(500)).replayed(START);
        }
        assert_eq!(present.attempts.len(), Delivery::MAX_ATTEMPTS_KEPT);
    }

    #[test]
    fn it_reads_back_as_it_is_written() {
        let tried = after(&after(&delivery(), silent()), answered(200));
        assert_eq!(Delivery::decode(&tried.encode()).unwrap(), tried);
        assert!(Delivery::decode(b"{}").is_err());
    }
}
