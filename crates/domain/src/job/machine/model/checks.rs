//! What has to hold, whatever happens.

use super::world::{Copy, Phase, World};
use crate::artifacts::ProgramEnd;
use crate::job::machine::specimens::{WAITED_TOO_LONG, name_of};
use crate::job::machine::{GateReading, Observation, Transition};
use crate::job::{BackendId, Job, JobSnapshot, JobState, JobStatus, Lane};
use crate::ports::BackendState;

/// Of every step that the machine takes.
pub(super) fn transition(world: &World, observation: &Observation, next: &Transition) {
    let (before, after) = (&world.job, &next.job);
    let what = || {
        format!(
            "{observation:?} moved {} to {}",
            name_of(&before.state),
            name_of(&after.state)
        )
    };
    counted(before, next);
    tries_and_epochs(before, after, observation);
    logs_are_archived_once(before, after, observation);
    if before.status().is_terminal() {
        assert_eq!(after.state, before.state, "{}", what());
        assert_eq!(after.completed_at, before.completed_at, "{}", what());
    }
    match after.state {
        _ if before.status().is_terminal() => {}
        JobState::Completed => completed_is_true(world),
        JobState::Cancelled { .. } => nothing_known_goes_on(world, after),
        _ => {}
    }
    record(after);
}

/// Versions and events are numbered without gaps, and an event shows the job right after.
fn counted(before: &Job, next: &Transition) {
    assert_eq!(next.job.version, before.version + 1);
    let numbers: Vec<u64> = next.events.iter().map(|event| event.number).collect();
    let expected: Vec<u64> = (before.events + 1..=next.job.events).collect();
    assert_eq!(numbers, expected);
    for event in &next.events {
        assert_eq!(event.snapshot, next.job.snapshot());
    }
    if before.status() != next.job.status() {
        assert!(!next.events.is_empty(), "a status changed silently");
    }
}

fn tries_and_epochs(before: &Job, after: &Job, observation: &Observation) {
    let (old, new) = (&before.current_try, &after.current_try);
    let is_claimed = matches!(observation, Observation::Claimed { .. })
        && matches!(after.state, JobState::Submitting { .. });
    let claims = u64::from(is_claimed);
    assert_eq!(new.epoch, old.epoch + claims);
    assert!((old.number..=old.number + 1).contains(&new.number));
    if before.cancel_requested_at.is_some() {
        assert_eq!(new.number, old.number, "a next try under a cancel");
        assert_eq!(after.cancel_requested_at, before.cancel_requested_at);
        assert!(!matches!(after.state, JobState::Accepted { .. }));
    }
}

/// The logs of what was started are to be archived from the end on, until that is done.
fn logs_are_archived_once(before: &Job, after: &Job, observation: &Observation) {
    let is_archiving = matches!(
        observation,
        Observation::LogsArchived | Observation::LogsNotArchived
    );
    match (before.status().is_terminal(), after.status().is_terminal()) {
        (_, false) => assert_eq!(after.archive_logs_at, None),
        (false, true) => {
            assert_eq!(after.archive_logs_at.is_some(), !after.attempts.is_empty());
        }
        (true, true) if is_archiving => assert!(before.archive_logs_at.is_some()),
        (true, true) => assert_eq!(after.archive_logs_at, before.archive_logs_at),
    }
}

/// Of every record.
fn record(job: &Job) {
    let snapshot = job.snapshot();
    let json = serde_json::to_vec(&snapshot).unwrap();
    assert!(json.len() <= JobSnapshot::MAX_BYTES, "{} bytes", json.len());
    assert_eq!(
        snapshot.progress == 100,
        job.status() == JobStatus::Completed
    );
    assert_eq!(Job::decode(&job.encode()).unwrap(), *job);
    assert_eq!(job.completed_at.is_some(), job.status().is_terminal());

    let backend = job.backend.clone();
    let lane = match &job.state {
        JobState::Accepted { .. } => Lane::Dispatch(backend),
        JobState::Submitting { .. } | JobState::Unresolved { .. } => Lane::Resolve(backend),
        JobState::Submitted { .. } | JobState::Running { .. } => Lane::Watch(backend),
        _ if job.surplus.is_empty() => Lane::Remove,
        _ => Lane::Watch(backend),
    };
    assert_eq!(job.due().lane, lane);
    if lane == Lane::Remove {
        assert_eq!(Some(job.due().at), job.archive_logs_at.or(job.remove_at));
    }
}

fn completed_is_true(world: &World) {
    let succeeded = |copy: &&Copy| match &copy.phase {
        Phase::Ended { manifest, .. } if world.rules.gated => {
            manifest.is_some_and(ProgramEnd::is_success)
        }
        Phase::Ended { state, .. } => *state == BackendState::Succeeded,
        _ => false,
    };
    let counts = world.job.state.backend_id();
    let copy = world
        .copies
        .iter()
        .filter(succeeded)
        .find(|copy| Some(&copy.id) == counts);
    assert!(copy.is_some(), "completed without a success");
}

/// No copy that the record knows of is alive and left alone.
fn nothing_known_goes_on(world: &World, after: &Job) {
    let before = &world.job;
    let known: Vec<&BackendId> = before
        .state
        .backend_id()
        .into_iter()
        .chain(&before.candidates)
        .chain(&before.surplus)
        .collect();
    let stops = after.stops();
    for copy in world.copies.iter().filter(|copy| copy.is_alive()) {
        assert!(
            !known.contains(&&copy.id) || stops.contains(&copy.id),
            "cancelled, while {} goes on",
            copy.id
        );
    }
}

/// Of the world after every step: one run at a time, none after a cancel, and the run that the
/// gate names is not stopped unless its owner wants that.
pub(super) fn world(world: &World) {
    let working: Vec<&Copy> = world
        .copies
        .iter()
        .filter(|copy| copy.phase == Phase::Working)
        .collect();
    assert!(working.len() <= 1, "several copies work: {working:#?}");
    let job = &world.job;
    if job.status() == JobStatus::Cancelled {
        assert!(
            working.is_empty(),
            "cancelled, and yet it works: {working:#?}"
        );
    }
    if world.rules.gated && !job.status().is_terminal() && job.cancel_requested_at.is_none() {
        let present = world.gates.get(&job.current_try.number);
        for stopped in job.stops() {
            let holds_the_gate = present == Some(&GateReading::Admitted(stopped.clone()));
            assert!(!holds_the_gate, "the copy that may work is stopped");
        }
    }
}

/// Of the end of the story.
pub(super) fn end(end: &mut World) {
    let status = end.job.status();
    assert!(status.is_terminal());
    let completed = status == JobStatus::Completed;
    let given_up = matches!(&end.job.state, JobState::Failed { failure } if failure.message == WAITED_TOO_LONG);
    if completed || given_up || status == JobStatus::Cancelled {
        end.start_all();
        world(end);
        let working = |copy: &Copy| copy.phase == Phase::Working;
        assert!(!end.copies.iter().any(working), "it works after its end");
    }
}
