//! From Accepted.

use super::*;

#[test]
fn a_claim_raises_the_epoch() {
    let story = Story::accepted(gated()).then(claimed(at(30)));
    story.is("Submitting", None);
    assert_eq!(story.job.current_try.epoch, 1);
    assert_eq!(story.job.current_try.signed_at, Some(at(0)));
    assert_eq!(story.job.due().at, at(30));
}

#[test]
fn the_target_of_a_try_in_doubt_is_the_one_it_was_first_sent_to() {
    let story = not_found(Story::unresolved(gated()));
    let first = story.job.current_try.target.clone();
    let again = story.then(Observation::Claimed {
        lease_until: at(600),
        target: crate::job::Target("another".to_owned()),
    });
    assert_eq!(again.job.current_try.target, first);
    assert_eq!(again.job.current_try.signed_at, Some(at(0)));
    assert_eq!(again.job.current_try.epoch, 2);
}

#[test]
fn whether_a_try_has_a_gate_is_fixed_at_its_first_claim() {
    let mut story = not_found(Story::unresolved(gated()));
    story.rules = ungated();
    let again = story.then(claimed(at(600)));
    assert_eq!(again.job.current_try.gated, Some(true));
    let sent_anew = again
        .then(Observation::SubmitUnknown { epoch: 2 })
        .then(looked_up(&["a"], GateReading::NoGate))
        .then(described(
            "a",
            failed(FailureClass::SpotReclaim, StopEvidence::None),
        ));
    assert_eq!(sent_anew.job.current_try.gated, None, "the next try");
}

#[test]
fn a_cancel_before_anything_was_sent_is_the_end() {
    let story = Story::accepted(gated()).cancel();
    story.is("Cancelled", Some(EventKind::Cancelled));
    assert_eq!(story.job.state, cancelled(CancelCause::Requested));
    assert!(story.job.cancel_requested_at.is_some());
}

#[test]
fn a_cancel_while_a_sending_is_in_doubt_has_the_gate_shut_first() {
    let story = not_found(Story::unresolved(gated())).cancel();
    story.is("Unresolved", Some(EventKind::CancelRequested));
    let story = story.then(looked_up(&[], GateReading::Cancelled));
    story.is("Cancelled", Some(EventKind::Cancelled));
}

#[test]
fn a_job_that_can_not_start_fails_as_refused() {
    for gate in [
        GateReading::NoGate,
        GateReading::Open,
        GateReading::Cancelled,
    ] {
        let story = Story::accepted(gated()).then(unstartable(gate));
        story.is("Failed", Some(EventKind::Failed));
        story.has_failed(FailureClass::Refused);
    }
}

#[test]
fn a_job_in_doubt_that_can_not_start_fails_once_its_gate_is_shut() {
    let story = not_found(Story::unresolved(gated()));
    story.is("Accepted", None);
    let story = story.unmoved_by(&unstartable(GateReading::Open));
    let story = story.unmoved_by(&unstartable(GateReading::NoGate));
    let shut = story.clone().then(unstartable(GateReading::Cancelled));
    shut.has_failed(FailureClass::Refused);
    let found = story.then(unstartable(names("late")));
    found.is("Unresolved", None);
    assert_eq!(found.job.candidates, ids(&["late"]));
    let without = not_found(Story::unresolved(ungated()));
    let without = without.then(unstartable(GateReading::NoGate));
    without.has_failed(FailureClass::Refused);
}

#[test]
fn an_id_under_the_name_of_the_try_is_looked_into() {
    for seen in [
        Observation::CandidatesSeen(ids(&["x"])),
        accepted_as("x", 1),
        reported("x", 1, 1, 0.1),
        described("x", BackendState::Running),
    ] {
        let story = Story::accepted(gated()).then(seen);
        story.is("Unresolved", None);
        assert_eq!(story.job.candidates, ids(&["x"]));
    }
}

#[test]
fn held_before_it_is_claimed_is_told_once_for_each_reason() {
    let story = Story::accepted(gated()).then(held(0));
    story.is("Accepted", Some(EventKind::Waiting));
    assert_eq!(story.job.snapshot().waiting, Some(reason("credentials")));
    let story = story.then(held(0));
    story.is("Accepted", None);
    story.unmoved_by(&held(7));
}

#[test]
fn what_is_in_doubt_for_six_days_is_not_sent_again() {
    for rules in [gated(), ungated()] {
        let story = not_found(Story::unresolved(rules));
        let too_late = claimed(at(7 * 86_400));
        let story = story.after(6 * DAY).then(too_late);
        story.is("Unresolved", None);
        let found = story.clone().then(looked_up(&["a"], names("a")));
        assert_eq!(found.job.state.backend_id(), Some(&id("a")));
        not_found(story).has_failed(FailureClass::Unknown);
    }
    let story = Story::accepted(gated()).after(7 * DAY);
    let story = story.then(claimed(at(8 * 86_400)));
    story.is("Submitting", None);
}
