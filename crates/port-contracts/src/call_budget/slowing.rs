//! A service that says that there were too many calls.

use std::time::Duration;

use batchway_domain::ports::{CallBucket, RECOVERY};

use super::{LIMIT, PLENTY, bucket, slow_down, take, take_from};
use crate::concurrency::all_at_once;
use crate::job_store::JobStoreFixture;

const SECOND: Duration = Duration::from_secs(1);

/// A bucket that is slowed down is empty, and fills half as fast.
pub async fn a_slowed_bucket_fills_half_as_fast(fixture: &dyn JobStoreFixture) {
    slow_down(fixture).await;
    let empty = take(fixture, PLENTY).await;
    assert_eq!(empty.tokens, 0);
    let twice_as_long = Duration::from_millis(45)..=Duration::from_millis(51);
    assert!(twice_as_long.contains(&empty.next_in), "{empty:?}");
    fixture.advance(SECOND);
    assert_eq!(take(fixture, PLENTY).await.tokens, 20);
}

/// Several complaints within a second count once: they answer calls of the same moment.
pub async fn complaints_of_one_second_count_once(fixture: &dyn JobStoreFixture) {
    slow_down(fixture).await;
    fixture.advance(SECOND / 2);
    for _ in 0..3 {
        slow_down(fixture).await;
    }
    fixture.advance(SECOND / 2);
    assert_eq!(take(fixture, PLENTY).await.tokens, 20, "not emptied again");
}

/// Complaints at the same time count once.
pub async fn concurrent_complaints_count_once(fixture: &dyn JobStoreFixture) {
    let complaints: Vec<_> = (0..10)
        .map(|_| {
            let budget = fixture.budget();
            async move { budget.slow_down(&bucket(), LIMIT).await }
        })
        .collect();
    for slowed in all_at_once(complaints).await {
        slowed.expect("the store answers");
    }
    fixture.advance(SECOND);
    assert_eq!(take(fixture, PLENTY).await.tokens, 20);
}

/// Complaints that go on slow it further, down to a sixteenth of its limit and no further.
pub async fn it_never_fills_slower_than_a_sixteenth(fixture: &dyn JobStoreFixture) {
    let mut came_in = Vec::new();
    for _ in 0..8 {
        slow_down(fixture).await;
        fixture.advance(SECOND);
        came_in.push(take(fixture, PLENTY).await.tokens);
    }
    assert_eq!(came_in, [20, 10, 5, 2, 2, 2, 2, 2]);
}

/// The rate grows back evenly, and is whole again after [`RECOVERY`].
pub async fn the_rate_grows_back(fixture: &dyn JobStoreFixture) {
    slow_down(fixture).await;
    for (expected, what) in [(30, "half-way"), (40, "recovered")] {
        fixture.advance(RECOVERY / 2);
        // What it has filled with meanwhile is not what it fills with now.
        take(fixture, PLENTY).await;
        fixture.advance(SECOND / 2);
        let in_half_a_second = take(fixture, PLENTY).await.tokens;
        assert_eq!(in_half_a_second * 2, expected, "{what}");
    }
}

/// Other buckets go on as before.
pub async fn other_buckets_are_not_slowed(fixture: &dyn JobStoreFixture) {
    let other = CallBucket::new("123456789012/eu-central-1", "other");
    let budget = fixture.budget();
    slow_down(fixture).await;
    let untouched = take_from(&*budget, &other, PLENTY).await;
    assert_eq!(untouched.tokens, LIMIT.burst);
    fixture.advance(SECOND);
    assert_eq!(take_from(&*budget, &other, PLENTY).await.tokens, 40);
}
