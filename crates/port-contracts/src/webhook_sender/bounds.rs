//! No receiver is waited for, or listened to, without end.

use super::fixture::send;
use super::{Behaviour, WebhookSenderFixture};

/// A receiver that never answers takes a bounded time, and then counts as one that did not.
pub async fn who_keeps_silent_is_not_waited_for_for_ever(fixture: &dyn WebhookSenderFixture) {
    let target = fixture.receiver(Behaviour::KeepsSilent).await;
    let unanswered = send(fixture, &target).await.expect_err("nothing comes");
    assert!(unanswered.reason.contains("did not answer"), "{unanswered}");
}

/// An answer that never ends is not read to its end: what it began with is the answer.
pub async fn an_answer_without_end_comes_to_one(fixture: &dyn WebhookSenderFixture) {
    let target = fixture.receiver(Behaviour::NeverEnds).await;
    let answer = send(fixture, &target).await.expect("it has answered");
    assert_eq!(answer.status, 200);
}
