//! Events come until they are settled.

use super::fixture::{job, jobs_of, next, next_of, publish_jobs, receive, settle};
use super::{EventFeedFixture, Published};

/// An event tells which job has changed.
pub async fn an_event_tells_which_job_has_changed(fixture: &dyn EventFeedFixture) {
    publish_jobs(fixture, &[1]).await;
    let events = next(fixture).await;
    assert_eq!(jobs_of(&events), [job(1)]);
    settle(fixture, &events).await;
}

/// An event comes again and again until it was settled, and not after.
pub async fn an_event_comes_again_until_it_is_settled(fixture: &dyn EventFeedFixture) {
    publish_jobs(fixture, &[1]).await;
    for _ in 0..2 {
        assert_eq!(jobs_of(&next(fixture).await), [job(1)]);
        fixture.until_redelivery().await;
    }
    settle(fixture, &next(fixture).await).await;
    fixture.until_redelivery().await;
    assert_eq!(receive(fixture).await, []);
}

/// Of several events those that were settled stay away, and the others come again.
pub async fn only_what_is_settled_stays_away(fixture: &dyn EventFeedFixture) {
    publish_jobs(fixture, &[1, 2, 3, 4]).await;
    let events = next_of(fixture, 4).await;
    let settled = [job(1), job(3)].map(Some);
    let settled = events.iter().filter(|event| settled.contains(&event.job));
    settle(fixture, settled).await;
    fixture.until_redelivery().await;
    let rest = next_of(fixture, 2).await;
    assert_eq!(jobs_of(&rest), [job(2), job(4)]);
    settle(fixture, &rest).await;
}

/// What happened twice comes twice, and one settled is only one.
pub async fn an_event_that_comes_twice_is_settled_twice(fixture: &dyn EventFeedFixture) {
    publish_jobs(fixture, &[1, 1]).await;
    let events = next_of(fixture, 2).await;
    settle(fixture, &events[..1]).await;
    fixture.until_redelivery().await;
    let again = next(fixture).await;
    assert_eq!(jobs_of(&again), [job(1)]);
    settle(fixture, &again).await;
    fixture.until_redelivery().await;
    assert_eq!(receive(fixture).await, []);
}

/// What concerns no job of ours is told without one, to be settled like the others.
pub async fn what_is_not_ours_names_no_job(fixture: &dyn EventFeedFixture) {
    fixture.publish(Published::Foreign).await;
    let events = next(fixture).await;
    assert_eq!((events.len(), jobs_of(&events)), (1, Vec::new()));
    settle(fixture, &events).await;
    fixture.until_redelivery().await;
    assert_eq!(receive(fixture).await, []);
}

/// At most ten come at once, and all come in the end; all can be settled together.
pub async fn at_most_ten_come_at_once(fixture: &dyn EventFeedFixture) {
    let serials: Vec<u64> = (1..=25).collect();
    publish_jobs(fixture, &serials).await;
    let mut events = Vec::new();
    while events.len() < serials.len() {
        let portion = next(fixture).await;
        assert!(portion.len() <= 10, "{} at once", portion.len());
        events.extend(portion);
    }
    let expected: Vec<_> = serials.into_iter().map(job).collect();
    assert_eq!(jobs_of(&events), expected);
    settle(fixture, &events).await;
    fixture.until_redelivery().await;
    assert_eq!(receive(fixture).await, []);
}

/// Where nothing happens, there is an answer within a minute all the same.
pub async fn nothing_is_answered_within_a_minute(fixture: &dyn EventFeedFixture) {
    assert_eq!(receive(fixture).await, []);
}

/// There may be nothing to settle.
pub async fn nothing_can_be_settled(fixture: &dyn EventFeedFixture) {
    settle(fixture, []).await;
}
