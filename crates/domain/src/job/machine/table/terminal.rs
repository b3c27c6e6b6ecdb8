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

#[test]
fn the_logs_of_what_was_started_are_to_be_archived_before_the_job_is_forgotten() {
    let story = Story::running(gated()).then(succeeded("a", SUCCESS));
    let ended_at = story.now;
    assert_eq!(story.job.due().lane, Lane::Remove);
    assert_eq!(
        story.job.due().at.since(ended_at).as_secs(),
        15,
        "late lines"
    );
    let story = story.after(15).then(Observation::LogsArchived);
    assert_eq!(Some(story.job.due().at), story.job.remove_at);
    assert_eq!(story.told, None);
    story.unmoved_by(&Observation::LogsArchived);

    let on_this_machine = Story::running(local()).then(succeeded("a", SUCCESS));
    assert_eq!(on_this_machine.job.due().at, on_this_machine.now);
}

#[test]
fn what_was_never_started_has_no_logs() {
    let story = Story::accepted(gated()).cancel();
    assert_eq!(Some(story.job.due().at), story.job.remove_at);
    let story = story.unmoved_by(&Observation::LogsArchived);
    story.unmoved_by(&Observation::LogsNotArchived);
    let live = Story::running(gated()).unmoved_by(&Observation::LogsNotArchived);
    live.unmoved_by(&Observation::LogsArchived);
}

#[test]
fn logs_that_can_not_be_archived_are_tried_again_for_a_day() {
    let mut story = Story::running(gated()).then(succeeded("a", SUCCESS));
    let ended_at = story.now;
    let mut tries = 0;
    while story.job.archive_logs_at.is_some() {
        let rest = story.job.due().at.since(story.now).as_secs();
        assert!((15..=3600).contains(&rest), "{rest} seconds");
        story = story.after(rest).then(Observation::LogsNotArchived);
        tries += 1;
    }
    let hours = story.now.since(ended_at).as_secs() / 3600;
    assert!((24..=25).contains(&hours), "{hours} hours");
    assert!((20..=50).contains(&tries), "{tries} tries");
    assert_eq!(Some(story.job.due().at), story.job.remove_at);
}

#[test]
fn logs_wait_until_every_copy_has_been_stopped() {
    let story = Story::running(gated()).then(succeeded("a", SUCCESS));
    let story = story.then(seen("z", 1));
    assert_ne!(story.job.due().lane, Lane::Remove);
    let story = story.then(Observation::SurplusEnded(ids(&["z"])));
    assert_eq!(Some(story.job.due().at), story.job.archive_logs_at);
}
