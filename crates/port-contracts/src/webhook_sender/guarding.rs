//! Nobody inside is connected to.

use super::fixture::send;
use super::{Behaviour, Place, WebhookSenderFixture};

/// A name that stands for an address inside is refused, and nobody there is touched.
pub async fn nobody_inside_is_touched(fixture: &dyn WebhookSenderFixture) {
    let target = fixture.receiver(Behaviour::answers(200)).await;
    fixture.move_to(&target, Place::Inside).await;
    let refused = send(fixture, &target).await.expect_err("it is inside");
    assert!(refused.reason.contains("not public"), "{refused}");
    assert_eq!(fixture.touched_inside().await, 0);
    assert_eq!(fixture.received(&target).await, []);
}

/// What a name stood for yesterday gives no right today.
pub async fn a_name_is_judged_at_each_attempt(fixture: &dyn WebhookSenderFixture) {
    let target = fixture.receiver(Behaviour::answers(200)).await;
    send(fixture, &target).await.expect("it is public");
    fixture.move_to(&target, Place::Inside).await;
    send(fixture, &target).await.expect_err("it is inside");
    assert_eq!(fixture.touched_inside().await, 0);
    assert_eq!(fixture.received(&target).await.len(), 1);
}

/// Of a name's addresses those inside are not touched, also where there is a public one.
pub async fn an_inside_address_beside_a_public_one_is_not_touched(
    fixture: &dyn WebhookSenderFixture,
) {
    for behaviour in [Behaviour::answers(200), Behaviour::HangsUp] {
        let target = fixture.receiver(behaviour).await;
        fixture.move_to(&target, Place::InsideAndOutside).await;
        // Whether the public one is called, or the whole refused, is the adapter's choice.
        let _either = send(fixture, &target).await;
        assert_eq!(fixture.touched_inside().await, 0);
    }
}

/// Whether anybody listens inside makes no difference to what the job's owner reads.
pub async fn nothing_is_told_of_the_inside(fixture: &dyn WebhookSenderFixture) {
    let mut reasons = Vec::new();
    for place in [Place::Inside, Place::InsideAndEmpty] {
        let target = fixture.receiver(Behaviour::answers(200)).await;
        fixture.move_to(&target, place).await;
        let refused = send(fixture, &target).await.expect_err("it is inside");
        reasons.push(refused.reason);
    }
    assert_eq!(reasons[0], reasons[1]);
}
