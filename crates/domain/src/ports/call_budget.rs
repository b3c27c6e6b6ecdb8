use std::collections::HashMap;
use std::fmt;
use std::time::Duration;

use async_trait::async_trait;

use super::StoreError;
use crate::Timestamp;

/// Shares calls to an outside service out among all replicas, so that together they stay below
/// what the service allows.
///
/// Each bucket is a token bucket (as AWS's own API throttling is): it fills with `per_second`
/// tokens a second up to `burst`, and a call takes one. It begins full.
///
/// It refuses to wait, and to know what the calls are.
///
/// Guarantees:
/// * Over any span, all replicas together MUST be granted no more than the burst and what came
///   in since.
/// * After [`CallBudget::slow_down`] a bucket MUST fill half as fast, down to a sixteenth of
///   its limit; the rate grows back evenly, by half the limit in [`RECOVERY`].
/// * Buckets MUST not share tokens.
/// * Tokens go by the store's own clock, never by a replica's.
#[async_trait]
pub trait CallBudget: Send + Sync + fmt::Debug {
    /// Takes up to `wanted` tokens, as many as there are.
    ///
    /// # Errors
    /// [`StoreError`]. Tokens may have been taken.
    async fn take(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
    ) -> Result<CallGrant, StoreError>;

    /// The service said that there were too many calls: halves the rate at which the bucket
    /// fills, and empties it. Several within a second count once.
    ///
    /// # Errors
    /// [`StoreError`].
    async fn slow_down(&self, bucket: &CallBucket, limit: CallLimit) -> Result<(), StoreError>;
}

/// How long a bucket that was slowed down once takes until it fills at its full rate again.
pub const RECOVERY: Duration = Duration::from_secs(60);

/// The slowest that a bucket fills, as a part of its limit.
pub const SLOWEST: f64 = 1.0 / 16.0;

/// Names a bucket: what is called, and on whose account. At most 200 bytes of visible ASCII.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CallBucket(String);

impl CallBucket {
    /// A bucket of one kind of call on one account, such as `submit` on
    /// `123456789012/eu-central-1`. What is not visible ASCII becomes `?`.
    pub fn new(scope: &str, call: &str) -> Self {
        let visible = |c: char| if c.is_ascii_graphic() { c } else { '?' };
        let name = format!("{call}@{scope}");
        Self(name.chars().map(visible).take(200).collect())
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How fast a bucket fills, and how much it holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CallLimit {
    /// Tokens that come in each second; above 0.
    pub per_second: f64,
    /// The most that it holds; at least 1.
    pub burst: u32,
}

/// What was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallGrant {
    /// So many tokens, perhaps none.
    pub tokens: u32,
    /// When the next token will be there; zero where there is one now.
    pub next_in: Duration,
}

/// The state of one bucket and how it moves, for stores that keep it themselves. Times are
/// those of the store's clock, in milliseconds since any one point.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TokenBucket {
    tokens: f64,
    /// Of the limit's rate: from [`SLOWEST`] to 1.
    pace: f64,
    filled_at: i64,
    slowed_at: Option<i64>,
}

impl TokenBucket {
    /// A full one.
    pub fn full(limit: CallLimit, now: i64) -> Self {
        Self {
            tokens: f64::from(limit.burst),
            pace: 1.0,
            filled_at: now,
            slowed_at: None,
        }
    }

    /// Takes up to `wanted` tokens.
    pub fn take(&mut self, limit: CallLimit, wanted: u32, now: i64) -> CallGrant {
        self.fill(limit, now);
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "from 0 to the burst, which is a u32"
        )]
        let tokens = wanted.min(self.tokens.floor() as u32);
        self.tokens -= f64::from(tokens);
        let missing = (1.0 - self.tokens).max(0.0);
        CallGrant {
            tokens,
            next_in: Duration::from_secs_f64(missing / (limit.per_second * self.pace)),
        }
    }

    /// Halves the pace and empties the bucket, at most once a second.
    pub fn slow_down(&mut self, limit: CallLimit, now: i64) {
        self.fill(limit, now);
        if self.slowed_at.is_some_and(|at| now - at < 1000) {
            return;
        }
        self.pace = (self.pace / 2.0).max(SLOWEST);
        self.tokens = 0.0;
        self.slowed_at = Some(now);
    }

    /// A clock that went back fills nothing.
    fn fill(&mut self, limit: CallLimit, now: i64) {
        let elapsed = now.saturating_sub(self.filled_at).max(0);
        self.filled_at = self.filled_at.max(now);
        #[expect(clippy::cast_precision_loss, reason = "spans far below 2^52 ms")]
        let seconds = elapsed as f64 / 1000.0;
        // From half the rate to the whole within the recovery.
        let grown = (self.pace + 0.5 * seconds / RECOVERY.as_secs_f64()).min(1.0);
        let mean = f64::midpoint(self.pace, grown);
        self.tokens = (self.tokens + seconds * limit.per_second * mean).min(f64::from(limit.burst));
        self.pace = grown;
    }
}

/// The buckets of a store that keeps them in memory, for one process alone. Each is made, full,
/// when it is first asked for; there are as many as backends and kinds of calls.
#[derive(Clone, Debug, Default)]
pub struct TokenBuckets(HashMap<CallBucket, TokenBucket>);

impl TokenBuckets {
    /// Takes up to `wanted` tokens of a bucket.
    pub fn take(
        &mut self,
        bucket: &CallBucket,
        limit: CallLimit,
        wanted: u32,
        now: Timestamp,
    ) -> CallGrant {
        let now = now.as_millis();
        self.bucket(bucket, limit, now).take(limit, wanted, now)
    }

    /// Halves the rate at which a bucket fills.
    pub fn slow_down(&mut self, bucket: &CallBucket, limit: CallLimit, now: Timestamp) {
        let now = now.as_millis();
        self.bucket(bucket, limit, now).slow_down(limit, now);
    }

    fn bucket(&mut self, bucket: &CallBucket, limit: CallLimit, now: i64) -> &mut TokenBucket {
        let kept = self.0.entry(bucket.clone());
        kept.or_insert_with(|| TokenBucket::full(limit, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: CallLimit = CallLimit {
        per_second: 40.0,
        burst: 40,
    };

    #[test]
    fn it_gives_its_burst_and_then_what_comes_in() {
        let mut bucket = TokenBucket::full(LIMIT, 0);
        assert_eq!(bucket.take(LIMIT, 100, 0).tokens, 40);
        let empty = bucket.take(LIMIT, 1, 0);
        assert_eq!(empty.tokens, 0);
        assert_eq!(empty.next_in, Duration::from_millis(25));
        assert_eq!(bucket.take(LIMIT, 100, 500).tokens, 20);
        assert_eq!(
            bucket.take(LIMIT, 100, 60_000).tokens,
            40,
            "no more than it holds"
        );
    }

    #[test]
    fn slowed_down_it_gives_half_and_recovers() {
        let mut bucket = TokenBucket::full(LIMIT, 0);
        bucket.slow_down(LIMIT, 0);
        assert_eq!(bucket.take(LIMIT, 100, 0).tokens, 0, "emptied");
        bucket.slow_down(LIMIT, 500);
        assert_eq!(bucket.take(LIMIT, 100, 1000).tokens, 20, "once in a second");
        for round in 0..10 {
            bucket.slow_down(LIMIT, 1000 + round * 1000);
        }
        assert_eq!(
            bucket.take(LIMIT, 100, 11_000).tokens,
            2,
            "never slower than a sixteenth"
        );
        bucket.take(LIMIT, 100, 200_000);
        assert_eq!(
            bucket.take(LIMIT, 100, 200_500).tokens,
            20,
            "back at its limit"
        );
    }

    #[test]
    fn a_clock_that_goes_back_gives_nothing() {
        let mut bucket = TokenBucket::full(LIMIT, 10_000);
        bucket.take(LIMIT, 40, 10_000);
        assert_eq!(bucket.take(LIMIT, 40, 1).tokens, 0);
        assert_eq!(bucket.take(LIMIT, 40, 10_500).tokens, 20);
    }
}
