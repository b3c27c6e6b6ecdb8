//! Between one try and the next.

use super::*;

/// In its second try; the first was `a`.
fn second(rules: Rules) -> Story {
    let failure = failed(FailureClass::SpotReclaim, StopEvidence::None);
    Story::running(rules).then(described("a", failure))
}

#[test]
fn late_answers_about_an_earlier_try_are_not_about_this_one() {
    for story in [
        second(gated()),
        second(gated()).then(claimed(at(90))),
        second(gated())
            .then(claimed(at(90)))
            .then(Observation::SubmitUnknown { epoch: 2 }),
        second(gated())
            .then(claimed(at(90)))
            .then(accepted_as("b", 2)),
    ] {
        for late in [
            accepted_as("a", 1),
            described("a", BackendState::Running),
            Observation::CandidatesSeen(ids(&["a"])),
            seen("a", 1),
            reported("a", 1, 1, 0.5),
            reported("x", 1, 1, 0.5),
            Observation::GateRead(names("a")),
            refused(1),
        ] {
            story.clone().unmoved_by(&late);
        }
        let before = story.job.state.clone();
        let story = story.then(accepted_as("y", 1));
        assert_eq!(story.job.state, before);
        assert!(story.job.candidates.is_empty());
        story.stops(&["y"]);
    }
}

#[test]
fn a_copy_of_an_earlier_try_that_turns_up_is_stopped_and_moves_nothing() {
    let accepted = second(gated());
    let submitting = accepted.clone().then(claimed(at(90)));
    let submitted = submitting.clone().then(accepted_as("b", 2));
    let running = submitted
        .clone()
        .then(described("b", BackendState::Running));
    for story in [accepted, submitting, submitted, running] {
        let before = story.job.clone();
        let story = story.then(seen("x", 1));
        assert_eq!(story.told, None);
        assert_eq!(story.job.state, before.state);
        assert_eq!(story.job.candidates, before.candidates);
        story.stops(&["x"]);
        let story = story.then(Observation::SurplusEnded(ids(&["x"])));
        story.stops(&[]);
    }
}

#[test]
fn a_copy_of_a_try_that_the_record_does_not_know_is_stopped() {
    let story = Story::running(gated()).then(seen("x", 2));
    story.is("Running", None);
    story.stops(&["x"]);
    story.unmoved_by(&seen("a", 2));
}

#[test]
fn a_copy_of_the_present_try_that_turns_up_is_a_candidate() {
    let story = second(gated())
        .then(claimed(at(90)))
        .then(accepted_as("b", 2));
    let story = story.then(seen("c", 2));
    assert_eq!(story.job.candidates, ids(&["c"]));
    story.stops(&[]);
    story.unmoved_by(&seen("b", 2));
}

#[test]
fn a_gate_of_an_earlier_try_does_not_decide_this_one() {
    let story = second(gated())
        .then(claimed(at(90)))
        .then(Observation::SubmitUnknown { epoch: 2 });
    story.unmoved_by(&looked_up(&["a"], names("a")));
}
