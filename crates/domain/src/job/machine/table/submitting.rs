//! From Submitting.

use super::*;

#[test]
fn an_id_under_the_present_epoch_is_submitted() {
    let story = Story::submitting(gated()).then(accepted_as("a", 1));
    story.is("Submitted", Some(EventKind::Submitted));
    assert_eq!(story.job.state.backend_id(), Some(&id("a")));
    story.stops(&[]);
}

#[test]
fn an_id_for_a_cancelled_job_is_terminated() {
    let story = Story::submitting(gated()).cancel();
    story.is("Submitting", Some(EventKind::CancelRequested));
    let story = story.then(accepted_as("a", 1));
    story.is("Submitted", Some(EventKind::Submitted));
    story.stops(&["a"]);
}

#[test]
fn an_id_under_an_older_epoch_is_a_candidate() {
    let story = sent_again(gated()).then(accepted_as("a", 1));
    story.is("Submitting", None);
    assert_eq!(story.job.candidates, ids(&["a"]));
}

#[test]
fn the_copy_that_reports_already_is_not_stopped_for_the_one_just_accepted() {
    let story = sent_again(gated())
        .then(reported("a", 1, 1, 0.1))
        .then(accepted_as("b", 2));
    story.is("Submitted", Some(EventKind::Submitted));
    story.stops(&[]);
    let story = story.then(Observation::GateRead(names("a")));
    assert_eq!(story.job.state.backend_id(), Some(&id("a")));
    story.stops(&["b"]);
}

#[test]
fn refused_is_failed() {
    let story = Story::submitting(gated()).then(refused(1));
    assert_eq!(story.has_failed(FailureClass::Refused).message, "too large");
}

#[test]
fn refused_under_a_cancel_is_cancelled() {
    let story = Story::submitting(gated()).cancel().then(refused(1));
    story.is("Cancelled", Some(EventKind::Cancelled));
}

#[test]
fn refused_says_nothing_of_an_earlier_sending_that_was_taken() {
    let story = sent_again(gated())
        .then(accepted_as("a", 1))
        .then(refused(2));
    story.is("Unresolved", None);
    let cancelled = sent_again(gated()).cancel().then(refused(2));
    cancelled.is("Unresolved", None);
    let story = sent_again(gated()).then(refused(2));
    story.has_failed(FailureClass::Refused);
}

#[test]
fn what_was_not_sent_is_accepted_again() {
    let story = Story::submitting(gated()).then(held(1));
    story.is("Accepted", Some(EventKind::Waiting));
    assert_eq!(story.job.due().at, at(60));
    let story = Story::submitting(gated()).then(did_not_happen(1));
    story.is("Accepted", None);
    assert_eq!(story.job.current_try.signed_at, None);
    assert_eq!(story.job.current_try.number, 1);
}

#[test]
fn what_was_not_sent_under_a_cancel_is_cancelled() {
    for answer in [held(1), did_not_happen(1)] {
        let story = Story::submitting(gated()).cancel().then(answer);
        story.is("Cancelled", Some(EventKind::Cancelled));
    }
}

#[test]
fn what_was_not_sent_this_time_is_unresolved_if_an_earlier_time_is() {
    for answer in [held(2), did_not_happen(2)] {
        sent_again(gated())
            .then(answer.clone())
            .is("Unresolved", None);
        sent_again(gated())
            .cancel()
            .then(answer)
            .is("Unresolved", None);
    }
}

#[test]
fn an_unknown_answer_is_unresolved() {
    let story = Story::submitting(gated()).then(Observation::SubmitUnknown { epoch: 1 });
    story.is("Unresolved", None);
    assert_eq!(
        story.job.due().lane,
        Lane::Resolve("aws-batch".parse().unwrap())
    );
}

#[test]
fn a_lease_that_is_over_is_unresolved_and_not_before() {
    let story = Story::submitting(gated()).after(29);
    let story = story.unmoved_by(&Observation::LeaseExpired);
    story
        .after(1)
        .then(Observation::LeaseExpired)
        .is("Unresolved", None);
}

#[test]
fn answers_under_another_epoch_move_nothing() {
    let story = sent_again(gated());
    for late in [refused(1), held(1), did_not_happen(1), refused(3)] {
        story.clone().unmoved_by(&late);
    }
    story.unmoved_by(&Observation::SubmitUnknown { epoch: 1 });
}
