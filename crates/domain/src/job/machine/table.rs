//! Each row of the transition table, one test each, by the state that the row begins with.

mod accepted;
mod host_gone;
mod placed;
mod submitting;
mod surplus;
mod terminal;
mod tries;
mod unresolved;

use super::specimens::*;
use super::{GateReading, Observation};
use crate::artifacts::ProgramEnd;
use crate::job::{CancelCause, EventKind, FailureClass, JobState, Lane, RetryPolicy, Rules};
use crate::ports::{BackendState, StopEvidence};

const SUCCESS: Option<ProgramEnd> = Some(ProgramEnd::Exited { code: 0 });
const DAY: u64 = 86_400;

#[test]
fn admit_makes_an_accepted_job_and_its_first_event() {
    let admitted = admitted();
    assert_eq!(name_of(&admitted.job.state), "Accepted");
    assert_eq!((admitted.job.version, admitted.job.events), (1, 1));
    assert_eq!(admitted.events[0].kind, EventKind::Queued);
    assert_eq!(admitted.events[0].snapshot, admitted.job.snapshot());
}

#[test]
fn an_unreachable_backend_changes_only_when_it_was_last_checked() {
    for story in [
        Story::unresolved(gated()),
        Story::submitted(gated()),
        Story::running(gated()),
    ] {
        let story = story.after(20);
        let before = story.job.clone();
        let story = story.then(Observation::BackendUnreachable);
        assert_eq!(story.job.state, before.state);
        assert_eq!(story.job.last_checked_at, Some(at(20)));
        assert_eq!(story.job.snapshot().backend_unreachable_since, Some(at(20)));
        assert_eq!(story.told, None);
    }
}

#[test]
fn an_answer_ends_the_silence() {
    let story = Story::running(gated()).then(Observation::BackendUnreachable);
    let story = story.then(described("a", BackendState::Running));
    assert_eq!(story.job.backend_unreachable_since, None);
}

const fn cancelled(cause: CancelCause) -> JobState {
    JobState::Cancelled { cause }
}

/// Looks for an unresolved job in vain until that proves something.
fn not_found(mut story: Story) -> Story {
    let gate = if story.rules.gated {
        GateReading::Open
    } else {
        GateReading::NoGate
    };
    for seconds in [15 * 60, 30, 30] {
        story = story.after(seconds).then(looked_up(&[], gate.clone()));
    }
    story
}

/// Being sent under epoch 2, while nobody knows what became of the sending under epoch 1.
fn sent_again(rules: Rules) -> Story {
    not_found(Story::unresolved(rules)).then(claimed(at(2000)))
}
