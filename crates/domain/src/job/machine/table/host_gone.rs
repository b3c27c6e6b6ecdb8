//! Of jobs whose host has stayed away.

use super::*;

/// In every state in which the host may have a copy.
fn at_the_host() -> [Story; 3] {
    [
        Story::unresolved(local()),
        Story::submitted(local()),
        Story::running(local()),
    ]
}

#[test]
fn a_job_whose_host_is_gone_is_tried_again() {
    for story in at_the_host() {
        let story = story.after(10).then(Observation::HostGone);
        story.is("Accepted", Some(EventKind::Retrying));
        assert_eq!(story.job.current_try.number, 2);
        assert_eq!(story.job.current_try.target, None, "anywhere");
        assert_eq!(story.job.due().at, at(15), "after a pause");
    }
}

#[test]
fn the_attempt_that_was_lost_says_so_and_is_stopped_if_it_comes_back() {
    for story in &at_the_host()[1..] {
        let story = story.clone().after(10).then(Observation::HostGone);
        let [attempt] = &*story.job.attempts else {
            panic!("{:?}", story.job.attempts);
        };
        assert_eq!(attempt.stopped_at, Some(at(10)));
        let failure = attempt.failure.as_ref().unwrap();
        assert_eq!(failure.class, FailureClass::HostLost);
        story.stops(&["a"]);
    }
}

#[test]
fn without_tries_left_it_has_failed() {
    for mut story in at_the_host() {
        story.rules.tries = RetryPolicy::once();
        let story = story.then(Observation::HostGone);
        story.has_failed(FailureClass::HostLost);
    }
}

#[test]
fn under_a_cancel_it_has_failed_and_is_never_said_to_be_stopped() {
    for story in at_the_host() {
        let story = story.cancel().then(Observation::HostGone);
        story.has_failed(FailureClass::HostLost);
        assert_eq!(story.job.current_try.number, 1);
    }
}

#[test]
fn copies_that_outlive_their_job_go_with_their_host() {
    let story = Story::running(local()).cancel().then(Observation::HostGone);
    story.stops(&["a"]);
    let story = story.then(Observation::HostGone);
    story.stops(&[]);
    assert_eq!(story.job.due().lane, Lane::Remove);
    story.unmoved_by(&Observation::HostGone);
}

#[test]
fn what_no_host_has_is_left_alone() {
    Story::accepted(local()).unmoved_by(&Observation::HostGone);
    Story::submitting(local()).unmoved_by(&Observation::HostGone);
}
