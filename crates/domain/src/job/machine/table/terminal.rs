//! From the terminal states.

use super::*;

fn lost() -> Story {
    Story::running(gated())
        .then(absent(None, None))
        .then(absent(None, None))
        .after(600)
        .then(absent(Some(false), None))
}

#[test]
fn what_is_alive_after_the_end_is_terminated() {
    for ended in [
        Story::running(gated()).then(succeeded("a", SUCCESS)),
        Story::submitting(gated()).then(refused(1)),
        Story::accepted(gated()).cancel(),
    ] {
        for alive in [
            described("z", BackendState::Running),
            described("z", waiting(None)),
            accepted_as("z", 1),
            reported("z", 1, 1, 0.5),
            Observation::CandidatesSeen(ids(&["z"])),
            seen("z", 1),
            seen("z", 7),
            looked_up(&["z"], GateReading::Open),
        ] {
            let before = ended.job.state.clone();
            let story = ended.clone().then(alive);
            assert_eq!(story.job.state, before);
            story.stops(&["z"]);
            assert_eq!(
                story.job.due().lane,
                Lane::Watch("aws-batch".parse().unwrap())
            );
            let story = story.then(Observation::SurplusEnded(ids(&["z"])));
            assert_eq!(story.job.due().lane, Lane::Remove);
        }
    }
}

#[test]
fn the_copy_that_was_seen_to_end_is_left_alone() {
    let story = Story::running(gated()).then(succeeded("a", SUCCESS));
    for late in [
        described("a", BackendState::Running),
        accepted_as("a", 1),
        reported("a", 1, 1, 0.9),
        Observation::CandidatesSeen(ids(&["a"])),
        seen("a", 1),
    ] {
        story.clone().unmoved_by(&late);
    }
}

#[test]
fn a_lost_copy_that_comes_back_is_terminated() {
    let story = lost().then(described("a", BackendState::Running));
    story.has_failed(FailureClass::Lost);
    story.stops(&["a"]);
}

#[test]
fn candidates_at_the_end_are_stopped() {
    let story = Story::running(ungated())
        .then(accepted_as("b", 1))
        .then(succeeded("a", None));
    story.stops(&["b"]);
}
