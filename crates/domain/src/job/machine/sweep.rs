//! Every pair of a state and an observation that is not in the table: it leaves the state as it
//! was, and an id that comes with it is kept in mind.

use super::specimens::*;
use super::{GateReading, Observation, observe};
use crate::artifacts::ProgramEnd;
use crate::job::{FailureClass, JobState};
use crate::ports::{BackendState, StopEvidence};

/// Jobs in every state, with and without a wish to stop them. Those that have an epoch have 1;
/// those that the backend has, it has as `a`.
fn every_state() -> Vec<Story> {
    let mut stories = Vec::new();
    for rules in [gated(), ungated(), local()] {
        let live = [
            Story::accepted(rules.clone()),
            Story::submitting(rules.clone()),
            Story::unresolved(rules.clone()),
            Story::submitted(rules.clone()),
            Story::running(rules.clone()),
        ];
        let ended = [
            Story::running(rules.clone())
                .then(succeeded("a", Some(ProgramEnd::Exited { code: 0 }))),
            Story::submitting(rules.clone()).then(refused(1)),
            Story::accepted(rules).cancel(),
        ];
        stories.extend(live[1..].iter().cloned().map(Story::cancel));
        stories.extend(live);
        stories.extend(ended);
    }
    stories
}

/// Every kind of observation, in its variations: of the present epoch and others, of the copy
/// that counts and of a stranger, of this try and another.
fn every_observation() -> Vec<Observation> {
    let mut all = vec![
        claimed(at(90)),
        Observation::CancelRequested,
        unstartable(GateReading::NoGate),
        unstartable(GateReading::Open),
        unstartable(GateReading::Cancelled),
        unstartable(names("stranger")),
        Observation::HostGone,
        Observation::CandidatesSeen(ids(&["stranger"])),
        Observation::CandidatesSeen(Vec::new()),
        Observation::LeaseExpired,
        absent(None, None),
        absent(Some(false), Some(ProgramEnd::Exited { code: 0 })),
        Observation::BackendUnreachable,
        Observation::SurplusEnded(ids(&["stranger"])),
        Observation::SurplusAbsent(ids(&["stranger"])),
    ];
    for epoch in [0, 1, 2] {
        all.extend([
            accepted_as("stranger", epoch),
            refused(epoch),
            held(epoch),
            did_not_happen(epoch),
            Observation::SubmitUnknown { epoch },
        ]);
    }
    for gate in [
        GateReading::NoGate,
        GateReading::Open,
        GateReading::Cancelled,
        names("a"),
        names("stranger"),
    ] {
        all.push(Observation::GateRead(gate.clone()));
        all.push(looked_up(&[], gate.clone()));
        all.push(looked_up(&["stranger"], gate));
    }
    for name in ["a", "stranger"] {
        all.extend([
            described(name, waiting(None)),
            described(name, BackendState::Running),
            described(name, failed(FailureClass::HostLost, StopEvidence::None)),
            described(name, failed(FailureClass::Unknown, StopEvidence::Flag)),
            described(name, lost_gate()),
            succeeded(name, Some(ProgramEnd::Exited { code: 0 })),
        ]);
        for try_number in [0, 1, 2] {
            all.push(seen(name, try_number));
            all.push(reported(name, try_number, 1, 0.5));
        }
    }
    all
}

/// Whether the table has a row for it. An id under this try's name that comes to an accepted
/// job is a row of its own.
fn is_listed(story: &Story, observation: &Observation) -> bool {
    use Observation as O;
    let of_present_epoch = |epoch: u64| epoch == story.job.current_try.epoch;
    match (&story.job.state, observation) {
        (
            JobState::Accepted { .. },
            O::Claimed { .. } | O::CancelRequested | O::Unstartable { .. },
        ) => true,
        (JobState::Accepted { .. }, O::SubmitHeld { epoch, .. }) => of_present_epoch(*epoch),
        (JobState::Accepted { .. }, _) => !ids_of(observation).is_empty(),
        (
            JobState::Submitting { .. },
            O::SubmitAccepted { epoch, .. }
            | O::SubmitRefused { epoch, .. }
            | O::SubmitHeld { epoch, .. }
            | O::SubmitDidNotHappen { epoch, .. }
            | O::SubmitUnknown { epoch },
        ) => of_present_epoch(*epoch),
        (JobState::Submitting { lease_until }, O::LeaseExpired) => story.now >= *lease_until,
        (JobState::Unresolved { .. }, O::LookedUp { .. }) => true,
        (JobState::Submitted { .. } | JobState::Running { .. }, O::Described { .. }) => {
            ids_of(observation).iter().all(|id| *id == "a")
        }
        (
            JobState::Submitted { .. } | JobState::Running { .. },
            O::Absent { .. } | O::GateRead(GateReading::Admitted(_)),
        ) => true,
        (
            JobState::Unresolved { .. } | JobState::Submitted { .. } | JobState::Running { .. },
            O::HostGone,
        ) => true,
        _ => false,
    }
}

/// The ids under the name of the first try that the observation tells of.
fn ids_of(observation: &Observation) -> Vec<&str> {
    use Observation as O;
    match observation {
        O::SubmitAccepted { epoch, backend_id } if *epoch > 0 => vec![&backend_id.0],
        O::Described { description, .. } => vec![&description.id.0],
        O::Reported {
            try_number: 1,
            report,
        } => vec![&report.backend_id.0],
        O::CopySeen {
            try_number: 1,
            backend_id,
        } => vec![&backend_id.0],
        O::CandidatesSeen(ids) | O::LookedUp { found: ids, .. } => {
            ids.iter().map(|id| id.0.as_str()).collect()
        }
        _ => Vec::new(),
    }
}

#[test]
fn what_is_not_in_the_table_changes_no_state() {
    let mut pairs = 0;
    for story in every_state() {
        for observation in every_observation() {
            if is_listed(&story, &observation) {
                continue;
            }
            pairs += 1;
            let Some(next) = observe(&story.job, &observation, &story.rules, story.now) else {
                continue;
            };
            let what = format!("{observation:?} in {:?}", story.job.state);
            assert_eq!(next.job.state, story.job.state, "{what}");
            assert_eq!(next.job.current_try, story.job.current_try, "{what}");
            assert_eq!(next.job.attempts, story.job.attempts, "{what}");
            assert_eq!(next.job.completed_at, story.job.completed_at, "{what}");
        }
    }
    assert!(pairs > 1000, "only {pairs} pairs were tried");
}

#[test]
fn an_id_that_comes_with_anything_is_never_lost() {
    for story in every_state() {
        for observation in every_observation() {
            if !ids_of(&observation).contains(&"stranger") {
                continue;
            }
            let next = observe(&story.job, &observation, &story.rules, story.now);
            let stranger = &id("stranger");
            let what = format!("{observation:?} in {:?}", story.job.state);
            let is_known = next.as_ref().is_some_and(|next| {
                next.job.candidates.contains(stranger)
                    || next.job.surplus.contains(stranger)
                    || next.job.state.backend_id() == Some(stranger)
            });
            // After the end only what may be alive matters.
            let has_ended = matches!(
                &observation,
                Observation::Described { description, .. } if description.state.has_ended()
            );
            let after_the_end = story.job.status().is_terminal() && has_ended;
            assert!(is_known || after_the_end, "{what}");
        }
    }
}

#[test]
fn a_copy_of_another_try_is_stopped_in_every_state() {
    for story in every_state() {
        for try_number in [0, 2] {
            let story = story.clone().then(seen("stranger", try_number));
            let is_stopped = story.job.stops().contains(&id("stranger"));
            assert!(is_stopped, "{:?}", story.job.state);
            assert!(!story.job.candidates.contains(&id("stranger")));
            story.unmoved_by(&seen("stranger", try_number));
        }
    }
}

#[test]
fn what_is_in_the_table_changes_something() {
    for story in every_state() {
        let told = every_observation()
            .into_iter()
            .filter(|observation| is_listed(&story, observation))
            .filter(|one| observe(&story.job, one, &story.rules, story.now).is_some())
            .count();
        assert!(
            told > 0 || story.job.status().is_terminal(),
            "{:?}",
            story.job.state
        );
    }
}
