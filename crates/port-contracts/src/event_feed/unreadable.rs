//! What can't be read.

use super::fixture::{job, jobs_of, next, publish_jobs, receive, settle};
use super::{EventFeedFixture, Published};

/// What can't be read hides nothing, however much there is of it.
pub async fn what_cant_be_read_hides_nothing(fixture: &dyn EventFeedFixture) {
    for serial in [1, 2] {
        for _ in 0..12 {
            fixture.publish(Published::Unreadable).await;
        }
        publish_jobs(fixture, &[serial]).await;
    }
    let mut events = Vec::new();
    while events.len() < 2 {
        events.extend(next(fixture).await);
    }
    assert_eq!(jobs_of(&events), [job(1), job(2)]);
    settle(fixture, &events).await;
}

/// What can't be read is put aside after some time, and does not come for ever. What can be read
/// and was settled is not found there.
pub async fn what_cant_be_read_is_put_aside(fixture: &dyn EventFeedFixture) {
    fixture.publish(Published::Unreadable).await;
    publish_jobs(fixture, &[1]).await;
    settle(fixture, &next(fixture).await).await;
    while fixture.put_aside().await == 0 {
        assert_eq!(receive(fixture).await, []);
        fixture.until_redelivery().await;
    }
    assert_eq!(fixture.put_aside().await, 1);
}
