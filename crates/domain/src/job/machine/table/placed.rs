//! From Submitted and Running.

use super::*;

fn both() -> [Story; 2] {
    [Story::submitted(gated()), Story::running(gated())]
}

#[test]
fn waiting_states_say_why() {
    let story = Story::submitted(gated()).then(described("a", waiting(Some("CAPACITY"))));
    story.is("Submitted", Some(EventKind::Waiting));
    assert_eq!(story.job.snapshot().waiting, Some(reason("CAPACITY")));
    let story = story
        .after(1)
        .unmoved_by(&described("a", waiting(Some("CAPACITY"))));
    let story = story.then(described("a", waiting(Some("QUOTA"))));
    story.is("Submitted", Some(EventKind::Waiting));
}

#[test]
fn running_is_running() {
    let story = Story::submitted(gated()).then(described("a", BackendState::Running));
    story.is("Running", Some(EventKind::Running));
    assert_eq!(story.job.attempts.len(), 1);
}

#[test]
fn when_the_gate_names_another_candidate_that_one_counts() {
    for story in both() {
        let story = story.then(accepted_as("b", 1));
        assert_eq!(story.job.candidates, ids(&["b"]));
        story.stops(&[]);
        let story = story.then(Observation::GateRead(names("b")));
        story.is("Submitted", Some(EventKind::Submitted));
        assert_eq!(story.job.state.backend_id(), Some(&id("b")));
        story.stops(&["a"]);
    }
}

#[test]
fn when_the_gate_names_the_one_that_counts_the_others_are_stopped() {
    for story in both() {
        let before = story.job.state.clone();
        let story = story.then(accepted_as("b", 1));
        let story = story.then(Observation::GateRead(names("a")));
        assert_eq!(story.job.state, before);
        story.stops(&["b"]);
        story.unmoved_by(&Observation::GateRead(names("b")));
    }
}

#[test]
fn a_copy_that_lost_the_gate_says_nothing_of_the_job() {
    for story in both() {
        let was_running = name_of(&story.job.state) == "Running";
        let story = story.then(described("a", lost_gate()));
        story.is("Unresolved", was_running.then_some(EventKind::Waiting));
        let story = story.then(looked_up(&["a", "b"], names("b")));
        assert_eq!(story.job.state.backend_id(), Some(&id("b")));
        let story = story.then(succeeded("b", SUCCESS));
        story.is("Completed", Some(EventKind::Completed));
    }
}

#[test]
fn a_program_that_ends_like_a_lost_gate_has_failed_all_the_same() {
    for story in both() {
        let story = story.then(Observation::GateRead(names("a")));
        let story = story.then(described("a", lost_gate()));
        story.is("Accepted", Some(EventKind::Retrying));
    }
    let story = Story::running(gated()).then(described("a", lost_gate()));
    let story = story.then(looked_up(&["a"], names("a")));
    story
        .then(described("a", lost_gate()))
        .is("Accepted", Some(EventKind::Retrying));
}

#[test]
fn success_is_completed_with_a_manifest_or_without_a_gate() {
    for story in both() {
        let story = story.then(succeeded("a", SUCCESS));
        story.is("Completed", Some(EventKind::Completed));
        assert_eq!(story.job.snapshot().progress, 100);
        assert_eq!(story.job.completed_at, Some(story.now));
        assert_eq!(
            story.job.snapshot().main_result.as_deref(),
            Some("results.h5")
        );
    }
    let story = Story::running(ungated()).then(succeeded("a", None));
    story.is("Completed", Some(EventKind::Completed));
}

#[test]
fn success_under_a_cancel_stays_a_success() {
    for story in both() {
        let story = story.cancel().then(succeeded("a", SUCCESS));
        story.is("Completed", Some(EventKind::Completed));
    }
}

#[test]
fn success_without_a_manifest_is_a_failure_by_the_evidence() {
    let story = Story::running(gated()).then(succeeded("a", None));
    story.has_failed(FailureClass::ProgramExit);
    let story = Story::submitted(gated()).then(succeeded("a", None));
    story.is("Accepted", Some(EventKind::Retrying));
    let failure = story.job.attempts[0].failure.clone().unwrap();
    assert_eq!(failure.class, FailureClass::StartFailure);
    let story = Story::running(gated());
    let story = story.then(succeeded("a", Some(ProgramEnd::Exited { code: 3 })));
    assert_eq!(
        story.has_failed(FailureClass::ProgramExit).exit_code,
        Some(3)
    );
}

#[test]
fn the_runners_word_that_it_was_stopped_ends_a_cancelled_job() {
    let stopped = || succeeded("a", Some(ProgramEnd::Stopped));
    Story::running(gated())
        .cancel()
        .then(stopped())
        .is("Cancelled", Some(EventKind::Cancelled));
    Story::running(gated())
        .then(stopped())
        .has_failed(FailureClass::Unknown);
}

#[test]
fn a_stop_under_a_cancel_is_cancelled() {
    for evidence in [StopEvidence::Flag, StopEvidence::OurReason] {
        for story in both() {
            let story = story.cancel();
            story.is(name_of(&story.job.state), Some(EventKind::CancelRequested));
            story.stops(&["a"]);
            let stopped = failed(FailureClass::Unknown, evidence);
            let story = story.then(described("a", stopped));
            story.is("Cancelled", Some(EventKind::Cancelled));
            assert_eq!(story.job.state, cancelled(CancelCause::Requested));
            assert_eq!(story.job.attempts.last().unwrap().failure, None);
            story.stops(&[]);
        }
    }
}

#[test]
fn a_failure_of_its_own_under_a_cancel_is_failed_and_never_retried() {
    for story in both() {
        let failure = failed(FailureClass::SpotReclaim, StopEvidence::None);
        let story = story.cancel().then(described("a", failure));
        story.has_failed(FailureClass::SpotReclaim);
        assert_eq!(story.job.current_try.number, 1);
    }
}

#[test]
fn a_stop_that_nobody_of_ours_asked_for_is_cancelled_and_says_so() {
    for story in both() {
        let stopped = failed(FailureClass::SpotReclaim, StopEvidence::Flag);
        let story = story.then(described("a", stopped));
        assert_eq!(story.job.state, cancelled(CancelCause::StoppedOutside));
        assert!(story.job.snapshot().error.unwrap().contains("not through"));
    }
}

#[test]
fn a_stop_of_ours_that_no_owner_asked_for_is_never_cancelled_and_tried_again() {
    let stopped = || failed(FailureClass::Unknown, StopEvidence::OurReason);
    for story in both() {
        let story = story.then(described("a", stopped()));
        story.is("Accepted", Some(EventKind::Retrying));
        assert_eq!(story.job.current_try.number, 2);
    }
    let story = Story::running(Rules {
        tries: RetryPolicy::once(),
        ..gated()
    });
    let story = story.then(described("a", stopped()));
    story.has_failed(FailureClass::Unknown);
}

#[test]
fn a_copy_that_we_stopped_before_the_gate_was_read_says_nothing_of_the_other() {
    let stopped = || failed(FailureClass::Unknown, StopEvidence::OurReason);
    for story in both() {
        let story = story.then(accepted_as("b", 1));
        let story = story.then(described("a", stopped()));
        let story = story.then(looked_up(&["a", "b"], names("b")));
        assert_eq!(story.job.state.backend_id(), Some(&id("b")));
        story.stops(&["a"]);
        story.unmoved_by(&described("a", stopped()));
    }
}

#[test]
fn a_program_that_had_ended_well_is_completed_whatever_became_of_its_copy() {
    let ended = |class, stop| {
        let Observation::Described { description, .. } = described("a", failed(class, stop)) else {
            unreachable!("that is what it is");
        };
        Observation::Described {
            description,
            manifest: SUCCESS,
            main_result: Some("results.h5".to_owned()),
        }
    };
    let reclaimed = ended(FailureClass::SpotReclaim, StopEvidence::None);
    let stopped = ended(FailureClass::Unknown, StopEvidence::Flag);
    for story in both() {
        for story in [
            story.clone().then(reclaimed.clone()),
            story.clone().then(stopped.clone()),
            story.cancel().then(stopped.clone()),
        ] {
            story.is("Completed", Some(EventKind::Completed));
            assert_eq!(story.job.attempts.last().unwrap().failure, None);
        }
    }
}

#[test]
fn a_copy_that_is_lost_while_another_may_be_there_has_the_gate_decide() {
    let lost = |story: Story| {
        let miss = || absent(Some(false), None);
        story.then(miss()).then(miss()).after(600).then(miss())
    };
    let unseen = sent_again(gated()).then(accepted_as("b", 2));
    let seen = Story::submitting(gated())
        .then(accepted_as("b", 1))
        .then(Observation::CandidatesSeen(ids(&["a"])));
    for story in [unseen, seen] {
        let story = lost(story);
        story.is("Unresolved", None);
        let other = story.clone().then(looked_up(&["a"], names("a")));
        assert_eq!(other.job.state.backend_id(), Some(&id("a")));
        let same = lost(story.then(looked_up(&[], names("b"))));
        same.has_failed(FailureClass::Lost);
    }
}

#[test]
fn a_queue_action_is_failed_with_its_code() {
    for story in both() {
        let action = failed(FailureClass::QueueAction, StopEvidence::Flag);
        let story = story.then(described("a", action));
        assert_eq!(
            story.has_failed(FailureClass::QueueAction).message,
            "It failed."
        );
    }
}

#[test]
fn a_class_with_tries_left_is_tried_again_after_a_pause() {
    for story in both() {
        let story = story.after(10);
        let failure = failed(FailureClass::SpotReclaim, StopEvidence::None);
        let story = story.then(described("a", failure));
        story.is("Accepted", Some(EventKind::Retrying));
        assert_eq!(story.job.current_try.number, 2);
        assert_eq!(story.job.current_try.epoch, 1);
        assert_eq!(story.job.due().at, at(15));
        story.stops(&[]);
    }
}

#[test]
fn the_last_try_of_a_class_is_failed() {
    let mut story = Story::accepted(gated());
    for number in 1..=3 {
        let name = format!("copy-{number}");
        let failure = failed(FailureClass::SpotReclaim, StopEvidence::None);
        story = story
            .then(claimed(at(1000)))
            .then(accepted_as(&name, number))
            .then(described(&name, failure));
    }
    story.has_failed(FailureClass::SpotReclaim);
    assert_eq!(story.job.attempts.len(), 3);
}

#[test]
fn any_other_failure_is_failed() {
    for story in both() {
        let failure = failed(FailureClass::OutOfMemory, StopEvidence::None);
        let story = story.then(described("a", failure));
        story.has_failed(FailureClass::OutOfMemory);
    }
}

#[test]
fn whatever_failed_the_gate_is_asked_first_while_another_copy_may_pass_it() {
    for class in [FailureClass::SpotReclaim, FailureClass::OutOfMemory] {
        let failure = || described("b", failed(class, StopEvidence::Flag));
        let unseen = sent_again(gated()).then(accepted_as("b", 2));
        let seen = Story::submitting(gated())
            .then(accepted_as("b", 1))
            .then(Observation::CandidatesSeen(ids(&["a"])));
        for story in [unseen, seen] {
            let story = story.then(failure());
            story.is("Unresolved", None);
            assert!(story.job.candidates.contains(&id("b")));
            let other = story.clone().then(looked_up(&["a", "b"], names("a")));
            assert_eq!(other.job.state.backend_id(), Some(&id("a")));
            let same = story
                .then(looked_up(&["a", "b"], names("b")))
                .then(failure());
            assert_eq!(same.job.state, cancelled(CancelCause::StoppedOutside));
        }
    }
}

#[test]
fn a_host_lost_on_the_way_is_a_next_attempt() {
    let lost = || described_in("a", waiting(None), &[Some(50)]);
    let story = Story::running(gated()).then(reported("a", 1, 1, 0.4));
    let story = story.then(lost());
    story.is("Submitted", Some(EventKind::Retrying));
    assert_eq!(story.job.snapshot().progress, 0);
    let story = story.unmoved_by(&reported("a", 1, 1, 0.5));
    let story = story.then(described_in("a", BackendState::Running, &[Some(50), None]));
    story.is("Running", Some(EventKind::Running));
    assert!(matches!(
        story.job.state,
        JobState::Running { attempt: 2, .. }
    ));
    assert_eq!(story.job.current_try.number, 1);
}

#[test]
fn an_attempt_that_began_and_ended_unseen_is_told_while_the_next_one_waits() {
    let lost = || described_in("a", waiting(Some("CAPACITY")), &[Some(50)]);
    let story = Story::submitted(gated()).then(lost());
    story.is("Submitted", Some(EventKind::Retrying));
    let [attempt] = &story.job.attempts[..] else {
        panic!("{:?}", story.job.attempts);
    };
    assert_eq!(attempt.stopped_at, Some(at(50)));
    assert_eq!(story.job.snapshot().waiting, Some(reason("CAPACITY")));
    let story = story.unmoved_by(&reported("a", 1, 1, 0.5));
    let story = story.after(1).unmoved_by(&lost());
    let story = story.then(described_in("a", BackendState::Running, &[Some(50), None]));
    story.is("Running", Some(EventKind::Running));
}

#[test]
fn an_attempt_that_began_unseen_is_seen_by_its_number() {
    let next = described_in("a", BackendState::Running, &[Some(50), None]);
    let story = Story::running(gated()).then(next);
    story.is("Running", Some(EventKind::Running));
}

#[test]
fn answers_from_before_the_last_one_are_stale() {
    let story = Story::running(gated());
    let story = story.unmoved_by(&described_in("a", waiting(None), &[]));
    let story = story.unmoved_by(&described_in("a", waiting(None), &[None]));
    let story = story.then(described_in("a", waiting(None), &[Some(50)]));
    story.unmoved_by(&described_in("a", BackendState::Running, &[None]));
}

#[test]
fn absent_is_lost_after_three_answers_and_a_look_by_name_over_ten_minutes() {
    let miss = |by_name| absent(by_name, None);
    for story in both() {
        let name = name_of(&story.job.state);
        let story = story.then(miss(None)).after(1).then(miss(Some(false)));
        story.is(name, None);
        let story = story.after(598).then(miss(Some(false)));
        story.is(name, None);
        let story = story.after(1).then(miss(None)).then(miss(Some(true)));
        story.is(name, None);
        story
            .clone()
            .then(miss(Some(false)))
            .has_failed(FailureClass::Lost);
        let seen = story.then(described("a", BackendState::Running));
        seen.then(miss(Some(false))).is("Running", None);
    }
    let two = Story::running(gated()).then(miss(None)).after(3600);
    two.then(miss(Some(false))).is("Running", None);
}

#[test]
fn lost_with_a_manifest_is_what_the_manifest_says_and_never_cancelled() {
    let lost = |manifest| {
        Story::running(gated())
            .cancel()
            .then(absent(None, None))
            .then(absent(None, None))
            .after(600)
            .then(absent(Some(false), manifest))
    };
    lost(SUCCESS).is("Completed", Some(EventKind::Completed));
    lost(Some(ProgramEnd::OutOfMemory)).has_failed(FailureClass::OutOfMemory);
    lost(Some(ProgramEnd::Stopped)).has_failed(FailureClass::Unknown);
    lost(None).has_failed(FailureClass::Lost);
}

#[test]
fn a_copy_that_is_forgotten_before_it_was_seen_to_start_is_still_told_of() {
    let miss = || absent(Some(false), SUCCESS);
    let story = Story::submitted(gated()).then(miss()).then(miss());
    let story = story.after(600).then(miss());
    story.is("Completed", Some(EventKind::Completed));
    assert_eq!(story.job.backend_id(), Some(&id("a")));
}

#[test]
fn a_cancel_is_recorded_once_and_stops_until_an_end_is_seen() {
    let story = Story::running(gated()).after(5).cancel();
    story.is("Running", Some(EventKind::CancelRequested));
    assert_eq!(story.job.cancel_requested_at, Some(at(5)));
    let story = story.after(5).unmoved_by(&Observation::CancelRequested);
    assert_eq!(story.job.due().at, at(5));
    let story = story.after(20).then(described("a", BackendState::Running));
    story.stops(&["a"]);
    assert_eq!(story.job.due().at.since(story.now).as_millis(), 2500);
}

#[test]
fn a_stop_is_asked_for_soon_again_and_then_more_and_more_seldom() {
    // As it has run for long already, it would be looked at once a minute.
    let mut story = Story::running(gated()).after(DAY).cancel();
    for (later, next) in [(2, 2), (18, 2), (180, 20), (1000, 60)] {
        story = story.after(later);
        story = story.then(described("a", BackendState::Running));
        story.stops(&["a"]);
        let rest = story.job.due().at.since(story.now);
        assert_eq!(rest.as_secs(), next, "{later}");
    }
}
