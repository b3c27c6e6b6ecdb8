//! What the state machine must know of a job's type and backend to decide.

use std::collections::BTreeMap;
use std::time::Duration;

use super::FailureClass;
use crate::Timestamp;

/// The rules under which one job moves, put together from its type and its backend.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Whether the job runs under our runner, so that a gate decides which copy works and a
    /// manifest says how it ended.
    pub gated: bool,
    /// When a look-up that finds nothing proves that there is nothing.
    pub settlement: Settlement,
    /// How many tries each class of failure gets.
    pub tries: RetryPolicy,
    /// How long to wait before a next try.
    pub backoff: Backoff,
    /// How long a job may wait to be taken by the backend; `None` for ever.
    pub max_queue_time: Option<Duration>,
    /// How often the backend is asked.
    pub pace: Pace,
    /// How long a job is kept after its end.
    pub retention: Duration,
}

impl Rules {
    /// How long the same try may be sent again, counted from its first sending. AWS Batch
    /// keeps finished jobs at least seven days; after six, an absence says nothing any more.
    pub const SAME_TRY_LIMIT: Duration = Duration::from_secs(6 * 24 * 3600);

    /// How long a submitted job must be missing before it counts as lost.
    pub const LOST_AFTER: Duration = Duration::from_secs(600);

    /// How many answers must have missed it by then.
    pub const LOST_AFTER_ANSWERS: u32 = 3;

    /// How long a host may stay away before what it ran counts as lost with it.
    pub const HOST_GONE_AFTER: Duration = Duration::from_secs(30 * 60);

    /// How long after a job's end its logs are given up that could not be archived.
    pub const LOGS_GIVEN_UP_AFTER: Duration = Duration::from_secs(24 * 3600);

    /// When to try once more to archive the logs of a job that ended at `ended_at`: the more seldom
    /// the longer that is ago. `None` where they are given up.
    pub fn archive_again(ended_at: Timestamp, now: Timestamp) -> Option<Timestamp> {
        const SHORTEST: Duration = Duration::from_secs(15);
        const LONGEST: Duration = Duration::from_secs(3600);
        let age = now.since(ended_at);
        let rest = (age / 2).clamp(SHORTEST, LONGEST);
        (age < Self::LOGS_GIVEN_UP_AFTER).then(|| now.plus(rest))
    }

    /// How old `last_checked_at` may grow before an answer that says nothing new is recorded.
    pub const CHECK_RECORDED_EVERY: Duration = Duration::from_secs(10);
}

/// How long a missing name proves absence at a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Settlement {
    /// A look-up sees everything that was ever accepted, and nothing can still be on its way.
    Authoritative,
    /// A look-up may lag behind, and a stalled request may still arrive.
    After {
        /// How long after the sending nothing is concluded.
        quiet: Duration,
        /// How many look-ups must have found nothing after that.
        lookups: u32,
        /// Over how long a time.
        spread: Duration,
        /// How long after signing a job without a gate is held back in any case.
        ungated: Duration,
    },
}

impl Settlement {
    /// What AWS Batch needs: there is no promise about ListJobs, and a signature (SigV4) is
    /// accepted for up to 15 minutes.
    pub const AWS_BATCH: Self = Self::After {
        quiet: Duration::from_secs(60),
        lookups: 3,
        spread: Duration::from_secs(60),
        ungated: Duration::from_secs(15 * 60),
    };

    /// How long after a program's end its log is taken to be whole. Where nothing can be on its
    /// way that is at once. Containers' logs come in over a network, usually within seconds.
    pub const fn log_delay(self) -> Duration {
        match self {
            Self::Authoritative => Duration::ZERO,
            Self::After { .. } => Duration::from_secs(15),
        }
    }

    /// How long after a program's end a log that is not there may still come.
    pub const fn log_patience(self) -> Duration {
        match self {
            Self::Authoritative => Duration::ZERO,
            Self::After { .. } => Duration::from_secs(5 * 60),
        }
    }
}

/// How many tries a job gets, by the class of its failure.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryPolicy {
    tries: BTreeMap<FailureClass, u32>,
}

impl RetryPolicy {
    /// One try whatever happens: for images that can't be told to run only once.
    pub fn once() -> Self {
        Self::default()
    }

    /// Three tries where the job is not to blame: spot reclaim, lost host, image pull, start.
    pub fn standard() -> Self {
        Self::once()
            .with(FailureClass::SpotReclaim, 3)
            .with(FailureClass::HostLost, 3)
            .with(FailureClass::ImagePull, 3)
            .with(FailureClass::StartFailure, 3)
    }

    /// Sets the number of tries (at least 1) for a class.
    #[must_use]
    pub fn with(mut self, class: FailureClass, tries: u32) -> Self {
        self.tries.insert(class, tries.max(1));
        self
    }

    /// Whether a job whose `try_number`th try failed in this way gets another.
    pub fn allows_another(&self, class: FailureClass, try_number: u32) -> bool {
        try_number < self.tries.get(&class).copied().unwrap_or(1)
    }
}

/// Waiting that doubles: `first`, twice that, and so on up to `longest`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Backoff {
    /// Before the second try.
    pub first: Duration,
    /// At most.
    pub longest: Duration,
}

impl Backoff {
    /// The wait after the `number`th failure, from 1.
    pub fn after(self, number: u32) -> Duration {
        let doublings = number.saturating_sub(1).min(16);
        self.first.saturating_mul(1 << doublings).min(self.longest)
    }
}

/// How often a backend is asked about a job: more seldom the longer it has been as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pace {
    /// At least this long between two questions.
    pub shortest: Duration,
    /// At most.
    pub longest: Duration,
}

impl Pace {
    /// When to ask next about a job that has been in its state since `since`: after a tenth of
    /// that time.
    pub fn next(self, since: Timestamp, now: Timestamp) -> Timestamp {
        now.plus((now.since(since) / 10).clamp(self.shortest, self.longest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tries_are_counted_by_class() {
        let policy = RetryPolicy::standard();
        assert!(policy.allows_another(FailureClass::SpotReclaim, 2));
        assert!(!policy.allows_another(FailureClass::SpotReclaim, 3));
        assert!(!policy.allows_another(FailureClass::ProgramExit, 1));
        assert!(
            FailureClass::ALL
                .iter()
                .all(|class| !RetryPolicy::once().allows_another(*class, 1))
        );
    }

    #[test]
    fn waiting_doubles_up_to_its_limit() {
        let backoff = Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(60),
        };
        let waits: Vec<u64> = [1, 2, 3, 4, u32::MAX]
            .map(|n| backoff.after(n).as_secs())
            .into();
        assert_eq!(waits, [10, 20, 40, 60, 60]);
    }

    #[test]
    fn the_pace_slows_with_age() {
        let pace = Pace {
            shortest: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        };
        let wait = |age: i64| {
            let now = Timestamp::from_millis(age * 1000);
            pace.next(Timestamp::EPOCH, now).since(now).as_secs()
        };
        assert_eq!([wait(0), wait(60), wait(100_000)], [1, 6, 30]);
    }
}
