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
fn a_gate_of_an_earlier_try_does_not_decide_this_one() {
    let story = second(gated())
        .then(claimed(at(90)))
        .then(Observation::SubmitUnknown { epoch: 2 });
    story.unmoved_by(&looked_up(&["a"], names("a")));
}
