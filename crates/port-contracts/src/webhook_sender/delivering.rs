//! A request goes out once, and its answer comes back as it is.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::WebhookAnswer;
use batchway_domain::webhooks::RetryAfter;

use super::fixture::{request, send};
use super::{Behaviour, WebhookSenderFixture};

/// The receiver gets id, time, signature and every byte of the body.
pub async fn what_is_sent_arrives_as_it_is(fixture: &dyn WebhookSenderFixture) {
    let target = fixture.receiver(Behaviour::answers(204)).await;
    let answer = send(fixture, &target).await.expect("it answers");
    assert_eq!((answer.status, answer.retry_after), (204, None));
    assert_eq!(fixture.received(&target).await, [request(&target)]);
}

/// Whatever status a receiver answers, it has answered.
pub async fn any_status_is_an_answer(fixture: &dyn WebhookSenderFixture) {
    for status in [200, 202, 299, 400, 401, 404, 410, 429, 500, 503, 599] {
        let target = fixture.receiver(Behaviour::answers(status)).await;
        let answer = send(fixture, &target).await.expect("it answers");
        assert_eq!(answer.status, status);
    }
}

/// `Retry-After` comes through as a time or a date, and what is neither as nothing.
pub async fn when_to_ask_again_is_told(fixture: &dyn WebhookSenderFixture) {
    let date = Timestamp::from_millis(784_111_777_000);
    for (text, retry_after) in [
        ("120", Some(RetryAfter::Delay(Duration::from_secs(120)))),
        ("Sun, 06 Nov 1994 08:49:37 GMT", Some(RetryAfter::At(date))),
        ("soon", None),
    ] {
        let busy = Behaviour::Answers {
            status: 503,
            headers: vec![("retry-after", text.to_owned())],
        };
        let target = fixture.receiver(busy).await;
        let answer = send(fixture, &target).await.expect("it answers");
        let expected = WebhookAnswer {
            status: 503,
            retry_after,
        };
        assert_eq!(answer, expected, "{text}");
    }
}

/// A redirect is told as the answer that it is. Nobody else gets the request.
pub async fn a_redirect_is_an_answer_and_not_followed(fixture: &dyn WebhookSenderFixture) {
    let other = fixture.receiver(Behaviour::answers(200)).await;
    for status in [301, 302, 303, 307, 308] {
        let redirect = Behaviour::Answers {
            status,
            headers: vec![("location", other.to_string())],
        };
        let target = fixture.receiver(redirect).await;
        let answer = send(fixture, &target).await.expect("it answers");
        assert_eq!(answer.status, status);
        assert_eq!(fixture.received(&target).await.len(), 1);
    }
    assert_eq!(fixture.received(&other).await, []);
}

/// Where no answer comes, it is not known whether the receiver has got the request. That is said,
/// and not mended by sending it again.
pub async fn what_was_lost_is_not_sent_twice(fixture: &dyn WebhookSenderFixture) {
    for behaviour in [Behaviour::HangsUp, Behaviour::KeepsSilent] {
        let target = fixture.receiver(behaviour.clone()).await;
        let unanswered = send(fixture, &target)
            .await
            .expect_err("nothing comes back");
        assert!(unanswered.reason.ends_with('.'), "{unanswered}");
        assert_eq!(fixture.received(&target).await.len(), 1, "{behaviour:?}");
    }
}
