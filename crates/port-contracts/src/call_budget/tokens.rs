//! Taking tokens, alone and at the same time as others.

use std::time::Duration;

use batchway_domain::ports::{CallBucket, CallLimit};

use super::{LIMIT, PLENTY, bucket, take, take_from};
use crate::concurrency::all_at_once;
use crate::job_store::JobStoreFixture;

/// A bucket begins full, gives what is wanted while it lasts, and then nothing.
pub async fn a_bucket_begins_full(fixture: &dyn JobStoreFixture) {
    let first = take(fixture, 15).await;
    assert_eq!((first.tokens, first.next_in), (15, Duration::ZERO));
    assert_eq!(take(fixture, PLENTY).await.tokens, LIMIT.burst - 15);
    assert_eq!(take(fixture, 1).await.tokens, 0);
}

/// Who wants nothing takes nothing, and is told when there will be something.
pub async fn nothing_can_be_taken(fixture: &dyn JobStoreFixture) {
    let full = take(fixture, 0).await;
    assert_eq!((full.tokens, full.next_in), (0, Duration::ZERO));
    assert_eq!(take(fixture, PLENTY).await.tokens, LIMIT.burst);
    assert!(take(fixture, 0).await.next_in > Duration::ZERO);
}

/// Tokens come in at the bucket's rate.
pub async fn tokens_come_in_at_the_rate(fixture: &dyn JobStoreFixture) {
    take(fixture, PLENTY).await;
    for (millis, expected) in [(500, 20), (250, 10), (0, 0), (100, 4)] {
        fixture.advance(Duration::from_millis(millis));
        let granted = take(fixture, PLENTY).await.tokens;
        assert_eq!(granted, expected, "after {millis} ms");
    }
}

/// Parts of a token add up, however often someone looks.
pub async fn parts_of_a_token_add_up(fixture: &dyn JobStoreFixture) {
    let budget = fixture.budget();
    let limit = CallLimit {
        per_second: 3.0,
        burst: 5,
    };
    let slow = CallBucket::new("123456789012/eu-central-1", "slow");
    let take = |wanted| budget.take(&slow, limit, wanted);
    take(PLENTY).await.expect("the store answers");
    let mut granted = 0;
    for _ in 0..11 {
        fixture.advance(Duration::from_millis(100));
        granted += take(PLENTY).await.expect("the store answers").tokens;
    }
    assert_eq!(granted, 3, "in a second and a tenth");
}

/// An idle bucket holds its burst and no more.
pub async fn an_idle_bucket_holds_its_burst(fixture: &dyn JobStoreFixture) {
    take(fixture, PLENTY).await;
    fixture.advance(Duration::from_secs(24 * 3600));
    assert_eq!(take(fixture, PLENTY).await.tokens, LIMIT.burst);
    assert_eq!(take(fixture, 1).await.tokens, 0);
}

/// Who waits as long as was said gets a token.
pub async fn the_next_token_comes_when_it_was_told(fixture: &dyn JobStoreFixture) {
    let empty = take(fixture, PLENTY).await;
    assert!(empty.next_in <= Duration::from_millis(26), "{empty:?}");
    fixture.advance(Duration::from_millis(5));
    let later = take(fixture, 1).await;
    assert_eq!(later.tokens, 0);
    assert!(later.next_in < empty.next_in, "{later:?} after {empty:?}");
    // The clock goes in whole milliseconds.
    let told = later.next_in.as_secs_f64() * 1000.0;
    fixture.advance(Duration::from_secs_f64(told.ceil() / 1000.0));
    assert_eq!(take(fixture, 1).await.tokens, 1);
}

/// Calls and accounts that differ have buckets of their own.
pub async fn buckets_share_no_tokens(fixture: &dyn JobStoreFixture) {
    let budget = fixture.budget();
    take(fixture, PLENTY).await;
    for (scope, call) in [
        ("123456789012/eu-central-1", "other"),
        ("123456789012/eu-west-1", "submit"),
        ("210987654321/eu-central-1", "submit"),
    ] {
        let other = CallBucket::new(scope, call);
        let granted = take_from(&*budget, &other, PLENTY).await;
        assert_eq!(granted.tokens, LIMIT.burst, "{other:?}");
    }
    assert_eq!(take(fixture, 1).await.tokens, 0);
}

/// Over any span no more is granted than the burst and what came in since.
pub async fn no_span_has_more_than_its_share(fixture: &dyn JobStoreFixture) {
    let begun = fixture.now();
    let mut granted: Vec<(Duration, u32)> = Vec::new();
    for step in 0_u32..60 {
        // Long rests and quick looks, large and small appetites, in no rhythm.
        fixture.advance(Duration::from_millis(u64::from(step * 7919 % 613)));
        let wanted = step * 31 % 53;
        let tokens = take(fixture, wanted).await.tokens;
        granted.push((fixture.now().since(begun), tokens));
    }
    for (index, (from, _)) in granted.iter().enumerate() {
        let mut total = 0;
        for (until, tokens) in &granted[index..] {
            total += tokens;
            let came_in = (*until - *from).as_secs_f64() * LIMIT.per_second;
            let most = f64::from(LIMIT.burst) + came_in;
            assert!(f64::from(total) <= most + 1e-6, "{from:?} to {until:?}");
        }
    }
}

/// Those who take at the same time get together what there is.
pub async fn concurrent_takers_share_what_there_is(fixture: &dyn JobStoreFixture) {
    let takers: Vec<_> = (0..20)
        .map(|_| {
            let budget = fixture.budget();
            async move { take_from(&*budget, &bucket(), 7).await.tokens }
        })
        .collect();
    let granted: u32 = all_at_once(takers).await.into_iter().sum();
    assert_eq!(granted, LIMIT.burst);
}
