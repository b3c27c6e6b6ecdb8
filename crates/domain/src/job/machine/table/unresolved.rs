//! From Unresolved.

use super::*;

#[test]
fn the_copy_that_the_gate_names_counts_and_the_others_are_stopped() {
    let story = Story::unresolved(gated()).then(looked_up(&["a", "b", "c"], names("b")));
    story.is("Submitted", Some(EventKind::Submitted));
    assert_eq!(story.job.state.backend_id(), Some(&id("b")));
    story.stops(&["a", "c"]);
}

#[test]
fn the_gate_may_name_a_copy_that_the_look_up_does_not_see_yet() {
    let story = Story::unresolved(gated()).then(looked_up(&[], names("b")));
    assert_eq!(story.job.state.backend_id(), Some(&id("b")));
}

#[test]
fn without_a_gate_the_oldest_counts() {
    let story = Story::unresolved(ungated())
        .then(accepted_as("b", 1))
        .then(looked_up(&["a", "b"], GateReading::NoGate));
    assert_eq!(story.job.state.backend_id(), Some(&id("a")));
    story.stops(&["b"]);
}

#[test]
fn found_under_a_cancel_is_submitted_and_terminated() {
    let story = Story::unresolved(gated()).cancel();
    story.is("Unresolved", Some(EventKind::CancelRequested));
    let story = story.then(looked_up(&["a", "b"], names("a")));
    story.is("Submitted", Some(EventKind::Submitted));
    story.stops(&["a", "b"]);
}

#[test]
fn found_while_the_gate_is_open_waits_for_the_gate() {
    let story = Story::unresolved(gated()).then(looked_up(&["a"], GateReading::Open));
    story.is("Unresolved", None);
    story.stops(&[]);
    let later = story.after(3600).then(looked_up(&[], GateReading::Open));
    later.is("Unresolved", None);
}

#[test]
fn proven_absent_is_accepted_again_in_the_same_try() {
    let story = not_found(Story::unresolved(gated()));
    story.is("Accepted", None);
    assert_eq!(story.job.current_try.number, 1);
    assert!(story.job.current_try.in_doubt);
    let local = Story::unresolved(local()).then(looked_up(&[], GateReading::Open));
    local.is("Accepted", None);
    assert!(!local.job.current_try.in_doubt);
}

#[test]
fn only_looks_after_the_quiet_time_prove_anything() {
    let look = || looked_up(&[], GateReading::Open);
    let mut story = Story::unresolved(gated());
    for _ in 0..50 {
        story = story.after(1).then(look());
    }
    // Sixty seconds are over at the first of these; three looks over sixty more are needed.
    for seconds in [70, 1, 1] {
        story = story.after(seconds).then(look());
        story.is("Unresolved", None);
    }
    story = story.after(57).then(look());
    story.is("Unresolved", None);
    story.after(1).then(look()).is("Accepted", None);
}

#[test]
fn few_looks_prove_nothing_however_long_ago() {
    let look = || looked_up(&[], GateReading::Open);
    let story = Story::unresolved(gated()).after(3600).then(look());
    let story = story.after(3600).then(look());
    story.is("Unresolved", None);
    story.then(look()).is("Accepted", None);
}

#[test]
fn without_a_gate_nothing_is_proven_for_a_quarter_of_an_hour() {
    let look = || looked_up(&[], GateReading::NoGate);
    let mut story = Story::unresolved(ungated());
    for _ in 0..14 {
        story = story.after(60).then(look());
        story.is("Unresolved", None);
    }
    story = story.after(60).then(look()).after(30).then(look());
    story.is("Unresolved", None);
    story.after(30).then(look()).is("Accepted", None);
}

#[test]
fn the_time_is_counted_anew_after_each_sending() {
    let story = not_found(Story::unresolved(ungated()));
    let lease_until = story.now.plus(std::time::Duration::from_secs(30));
    let story = story
        .then(claimed(lease_until))
        .then(Observation::SubmitUnknown { epoch: 2 });
    let mut story = story.after(120);
    for _ in 0..5 {
        story = story.after(60).then(looked_up(&[], GateReading::NoGate));
        story.is("Unresolved", None);
    }
}

#[test]
fn a_cancel_that_won_the_gate_is_cancelled_and_what_appears_is_terminated() {
    let story = Story::unresolved(gated())
        .cancel()
        .then(looked_up(&["a"], GateReading::Cancelled));
    story.is("Cancelled", Some(EventKind::Cancelled));
    story.stops(&["a"]);
    let story = story.then(Observation::SurplusEnded(ids(&["a"])));
    story.stops(&[]);
    let story = story
        .after(7 * DAY)
        .then(described("z", BackendState::Running));
    story.is("Cancelled", None);
    story.stops(&["z"]);
}

#[test]
fn a_cancel_whose_gate_could_not_be_shut_goes_on() {
    let mut story = Story::unresolved(gated()).cancel();
    for _ in 0..100 {
        story = story.after(60).then(looked_up(&[], GateReading::Open));
        story.is("Unresolved", None);
    }
}

#[test]
fn a_cancel_without_a_gate_waits_for_the_proof_of_absence() {
    let story = Story::unresolved(ungated()).cancel();
    let story = story.after(890).then(looked_up(&[], GateReading::NoGate));
    story.is("Unresolved", None);
    let story = not_found(story);
    story.is("Cancelled", Some(EventKind::Cancelled));
    assert_eq!(story.job.current_try.number, 1);
    let story = story.then(accepted_as("late", 1));
    story.stops(&["late"]);
}

#[test]
fn after_six_days_it_fails_and_is_never_sent_again() {
    for rules in [gated(), ungated()] {
        let story = Story::unresolved(rules.clone()).after(6 * DAY - 1000);
        not_found(story).is("Accepted", None);
        let story = not_found(Story::unresolved(rules).after(6 * DAY));
        story.has_failed(FailureClass::Unknown);
    }
}

#[test]
fn an_id_that_turns_up_makes_the_next_look_due_at_once() {
    let story = Story::unresolved(gated()).then(looked_up(&[], GateReading::Open));
    assert!(story.job.due().at > story.now);
    let story = story.after(1).then(accepted_as("a", 1));
    assert_eq!(story.job.due().at, story.now);
}

#[test]
fn a_gate_that_a_forgotten_cancel_shut_costs_the_try() {
    let story = Story::unresolved(gated()).then(looked_up(&["a"], GateReading::Cancelled));
    story.is("Accepted", Some(EventKind::Retrying));
    assert_eq!(story.job.current_try.number, 2);
    story.stops(&["a"]);
}
