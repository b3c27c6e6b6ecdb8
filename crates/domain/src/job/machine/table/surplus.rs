//! Copies that must not go on.

use super::*;

fn missing(names: &[&str]) -> Observation {
    Observation::SurplusAbsent(ids(names))
}

/// Ended, with a copy `z` that turned up after that.
fn late_copy() -> Story {
    Story::running(gated())
        .then(succeeded("a", SUCCESS))
        .after(DAY)
        .then(accepted_as("z", 1))
}

/// Without a gate, with a second copy `b` that must not go on.
fn two_without_a_gate() -> Story {
    Story::running(ungated())
        .then(accepted_as("b", 1))
        .then(Observation::GateRead(GateReading::NoGate))
}

#[test]
fn a_copy_that_the_backend_does_not_show_counts_as_ended_only_after_a_while() {
    let story = late_copy().then(missing(&["z"])).after(1);
    let story = story.then(missing(&["z"])).after(598).then(missing(&["z"]));
    story.stops(&["z"]);
    let story = story.after(1).then(missing(&["z"]));
    story.stops(&[]);
    assert_eq!(story.job.due().lane, Lane::Remove);
    let few = late_copy().then(missing(&["z"])).after(DAY);
    few.then(missing(&["z"])).stops(&["z"]);
}

#[test]
fn a_copy_that_is_seen_again_or_has_just_turned_up_is_waited_for_anew() {
    let half_gone = late_copy().then(missing(&["z"])).then(missing(&["z"]));
    let seen = half_gone.clone().then(missing(&[])).after(600);
    seen.then(missing(&["z"])).stops(&["z"]);
    let another = half_gone.then(accepted_as("y", 1)).after(600);
    another.then(missing(&["z", "y"])).stops(&["z", "y"]);
    late_copy().unmoved_by(&missing(&[]));
}

#[test]
fn a_copy_that_stays_away_is_asked_for_more_and_more_seldom() {
    let story = late_copy().then(missing(&["z"]));
    let rest = story.job.due().at.since(story.now);
    assert_eq!(rest.as_secs(), 60);
}

#[test]
fn nothing_is_cancelled_while_a_copy_without_a_gate_may_work() {
    let flag = || described("a", failed(FailureClass::Unknown, StopEvidence::Flag));
    for story in [two_without_a_gate(), two_without_a_gate().cancel()] {
        let story = story.then(flag());
        story.is("Running", None);
        assert!(story.job.stops().contains(&id("b")));
        let story = story.then(Observation::SurplusEnded(ids(&["b"])));
        let story = story.then(flag());
        story.is("Cancelled", Some(EventKind::Cancelled));
    }
}

#[test]
fn nothing_is_tried_again_while_a_copy_without_a_gate_may_work() {
    let lost = || described("a", failed(FailureClass::SpotReclaim, StopEvidence::None));
    let story = two_without_a_gate().then(lost());
    story.is("Running", None);
    let story = story.then(Observation::SurplusEnded(ids(&["b"])));
    let story = story.then(lost());
    story.is("Accepted", Some(EventKind::Retrying));
}

#[test]
fn a_copy_that_the_gate_keeps_out_delays_nothing() {
    let story = Story::running(gated())
        .then(accepted_as("b", 1))
        .then(Observation::GateRead(names("a")))
        .cancel();
    let stopped = failed(FailureClass::Unknown, StopEvidence::Flag);
    let story = story.then(described("a", stopped));
    story.is("Cancelled", Some(EventKind::Cancelled));
    story.stops(&["b"]);
}

#[test]
fn a_copy_that_the_gate_of_an_earlier_try_had_let_in_is_waited_for() {
    let stopped = || described("b", failed(FailureClass::Unknown, StopEvidence::Flag));
    let story = Story::running(local()).then(Observation::HostGone);
    let story = story.then(claimed(at(90))).then(accepted_as("b", 2));
    let story = story.cancel().then(stopped());
    story.is("Submitted", None);
    story.stops(&["b", "a"]);
    let story = story.then(Observation::SurplusEnded(ids(&["a"])));
    let story = story.then(stopped());
    story.is("Cancelled", Some(EventKind::Cancelled));
}
