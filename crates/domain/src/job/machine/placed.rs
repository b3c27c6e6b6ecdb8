//! | from | observation | to |
//! |---|---|---|
//! | Submitted | waiting states | same, waiting reason |
//! | Submitted | RUNNING | Running |
//! | Submitted, Running | the gate names another of our candidates | Submitted with that id, the other stopped |
//! | Submitted, Running | SUCCEEDED, and manifest or no gate | Completed, also under C |
//! | Submitted, Running | FAILED in any way, and its manifest says that the program had ended well | Completed, also under C |
//! | Submitted, Running | SUCCEEDED, gate but no manifest | as FAILED, class `start_failure` or `program_exit` by the evidence |
//! | Submitted, Running | FAILED under C, stop flag or our reason | Cancelled |
//! | Submitted, Running | FAILED under C, by itself | Failed, never retried |
//! | Submitted, Running | FAILED, stop flag, nobody of ours asked | Cancelled, saying that it was stopped outside |
//! | Submitted, Running | FAILED, our reason and no flag, no C | as FAILED, with the tries of a lost host |
//! | Submitted, Running | FAILED by a queue action | Failed (`queue_action`, its code) |
//! | Submitted, Running | FAILED, class has tries left, no C | Accepted, try + 1, backoff |
//! | Submitted, Running | FAILED otherwise | Failed (class) |
//! | Submitted, Running | FAILED in any way, while the gate has not named this copy and another may be there | Unresolved |
//! | Submitted, Running | FAILED, and by a row above Cancelled or Accepted, while a copy that must not go on may still work | same, until that is seen to end |
//! | Submitted, Running | FAILED, as another copy has the gate | Unresolved |
//! | Running | RUNNABLE or STARTING, attempt count grown | Submitted, next attempt |
//! | Running | RUNNABLE or STARTING, not grown | same: a stale answer |
//! | Submitted, Running | absent | same; lost after three answers and a look-up by name over 10 minutes; Unresolved while the gate has not named this copy and another may be there |
//! | any live | backend unreachable | same, last checked |

use super::reports::reported;
use super::{Change, GateReading, Next, Observation};
use crate::artifacts::ProgramEnd;
use crate::job::{
    Absence, Attempt, CancelCause, EventKind, Failure, FailureClass, JobState, Rules, WaitingReason,
};
use crate::ports::{BackendState, Description, StopEvidence};

pub(super) fn observe(next: &mut Next<'_>, observation: &Observation) -> Option<Change> {
    match observation {
        Observation::Described {
            description,
            manifest,
            main_result,
        } => {
            if next.job.state.backend_id() == Some(&description.id) {
                next.job.main_result.clone_from(main_result);
                described(next, description, *manifest)
            } else {
                next.take_in_ids_of(observation, Next::look_at_once)
            }
        }
        Observation::GateRead(gate) => gate_read(next, gate),
        Observation::Absent {
            by_name,
            manifest,
            main_result,
        } => {
            next.job.main_result.clone_from(main_result);
            Some(absent(next, *by_name, *manifest))
        }
        Observation::BackendUnreachable => unreachable(next),
        Observation::CancelRequested => next.record_cancel().then(|| {
            next.job.next_check_at = next.now;
            Change::Event(EventKind::CancelRequested)
        }),
        Observation::Reported { try_number, report }
            if *try_number == next.job.current_try.number
                && next.job.state.backend_id() == Some(&report.backend_id) =>
        {
            reported(next, report)
        }
        Observation::SurplusEnded(ids) => next.forget_surplus(ids),
        _ => next.take_in_ids_of(observation, Next::look_at_once),
    }
}

fn gate_read(next: &mut Next<'_>, gate: &GateReading) -> Option<Change> {
    match gate {
        GateReading::Admitted(id) if next.job.state.backend_id() == Some(id) => {
            let news = !std::mem::replace(&mut next.job.current_try.admitted, true);
            let others = next.give_up_candidates(None);
            (news || others).then(|| next.look_at_once())
        }
        // A gate is never written twice, so this was read for a try that is over.
        GateReading::Admitted(_) if next.job.current_try.admitted => None,
        GateReading::Admitted(id) if next.is_of_earlier_try(id) => None,
        GateReading::Admitted(id) => Some(next.adopt(id.clone())),
        // Without a gate the copy that was adopted first stays.
        GateReading::NoGate => next.give_up_candidates(None).then(|| next.look_at_once()),
        GateReading::Open | GateReading::Cancelled => None,
    }
}

fn described(
    next: &mut Next<'_>,
    description: &Description,
    manifest: Option<ProgramEnd>,
) -> Option<Change> {
    let was_silent = next.note_answer();
    next.job.next_check_at = next.job.next_look(next.rules.pace, next.now);
    match &description.state {
        BackendState::Waiting { reason } => {
            let reason = reason.as_ref().map(WaitingReason::fitted);
            waiting(next, description, reason, was_silent)
        }
        BackendState::Running => running(next, description, was_silent),
        BackendState::Succeeded => {
            record_attempts(next, description);
            Some(succeeded(next, manifest))
        }
        BackendState::Failed {
            failure,
            stop,
            lost_gate,
        } => {
            record_attempts(next, description);
            let lost_gate = *lost_gate && next.rules.gated && !next.job.current_try.admitted;
            Some(if lost_gate {
                // By its own words another copy has the gate: this end says nothing of the job.
                have_the_gate_decide(next)
            } else if next.rules.gated && manifest.is_some_and(ProgramEnd::is_success) {
                // It was stopped, or its machine went away, when everything had been done.
                next.forgive_last_attempt();
                next.complete()
            } else {
                failed(next, failure.clone(), *stop)
            })
        }
    }
}

fn waiting(
    next: &mut Next<'_>,
    description: &Description,
    reason: Option<WaitingReason>,
    was_silent: bool,
) -> Option<Change> {
    let ended = description
        .attempts
        .iter()
        .filter(|attempt| attempt.stopped_at.is_some())
        .count();
    // An attempt began and ended between two looks.
    let began_unseen = ended > attempts_ended(next) as usize;
    match &mut next.job.state {
        JobState::Running {
            attempt,
            backend_id,
            ..
        } => {
            if ended < *attempt as usize {
                return was_silent.then_some(Change::Silent);
            }
            let backend_id = backend_id.clone();
            record_attempts(next, description);
            next.job.state = JobState::Submitted {
                backend_id,
                waiting: reason,
                absence: None,
            };
            next.job.state_since = next.now;
            next.job.progress.percent = 0;
            Some(Change::Event(EventKind::Retrying))
        }
        JobState::Submitted { waiting, .. } if began_unseen => {
            *waiting = reason;
            record_attempts(next, description);
            Some(Change::Event(EventKind::Retrying))
        }
        JobState::Submitted { waiting, .. } => {
            let code = |reason: &Option<WaitingReason>| reason.as_ref().map(|r| r.code.clone());
            let other_reason = code(&reason) != code(waiting);
            *waiting = reason;
            if other_reason {
                Some(Change::Event(EventKind::Waiting))
            } else {
                was_silent.then_some(Change::Silent)
            }
        }
        _ => None,
    }
}

fn running(next: &mut Next<'_>, description: &Description, was_silent: bool) -> Option<Change> {
    let now_in = u32::try_from(description.attempts.len())
        .unwrap_or(u32::MAX)
        .max(1);
    if now_in <= attempts_ended(next) {
        // A stale answer, from before the end of that attempt.
        return was_silent.then_some(Change::Silent);
    }
    record_attempts(next, description);
    match &mut next.job.state {
        JobState::Submitted { backend_id, .. } => {
            let backend_id = backend_id.clone();
            next.job.state = JobState::Running {
                backend_id,
                attempt: now_in,
                absence: None,
            };
            next.job.state_since = next.now;
            next.job.next_check_at = next.job.next_look(next.rules.pace, next.now);
            Some(Change::Event(EventKind::Running))
        }
        JobState::Running { attempt, .. } if now_in > *attempt => {
            *attempt = now_in;
            next.job.state_since = next.now;
            next.job.progress.percent = 0;
            Some(Change::Event(EventKind::Running))
        }
        _ => was_silent.then_some(Change::Silent),
    }
}

fn succeeded(next: &mut Next<'_>, manifest: Option<ProgramEnd>) -> Change {
    if !next.rules.gated || manifest.is_some_and(ProgramEnd::is_success) {
        return next.complete();
    }
    let failure = match manifest {
        Some(end) => Failure::of_program(end),
        None if matches!(next.job.state, JobState::Running { .. }) => Failure::new(
            FailureClass::ProgramExit,
            "The backend reports success, but the runner left no manifest of its results.",
        ),
        None => Failure::new(
            FailureClass::StartFailure,
            "The backend reports success, but the runner never started the program.",
        ),
    };
    // The runner's own word that it was stopped is as good as the backend's.
    let stop = if manifest == Some(ProgramEnd::Stopped) && next.cancel_requested() {
        StopEvidence::Flag
    } else {
        StopEvidence::None
    };
    failed(next, failure, stop)
}

fn failed(next: &mut Next<'_>, failure: Failure, stop: StopEvidence) -> Change {
    if let Some(attempt) = next.job.attempts.last_mut() {
        attempt.failure.get_or_insert_with(|| failure.clone());
    }
    if another_copy_may_work(next) {
        return have_the_gate_decide(next);
    }
    if next.cancel_requested() {
        return if stop == StopEvidence::None {
            next.fail(failure)
        } else {
            once_nothing_else_works(next, |next| {
                next.forgive_last_attempt();
                next.cancel(CancelCause::Requested)
            })
        };
    }
    if failure.class == FailureClass::QueueAction {
        return next.fail(failure);
    }
    if stop == StopEvidence::Flag {
        return once_nothing_else_works(next, |next| next.cancel(CancelCause::StoppedOutside));
    }
    let tries_of = match stop {
        // We took it for a copy that does not count. To the job, its machine went away.
        StopEvidence::OurReason => FailureClass::HostLost,
        _ => failure.class,
    };
    if next
        .rules
        .tries
        .allows_another(tries_of, next.job.current_try.number)
    {
        return once_nothing_else_works(next, Next::next_try);
    }
    next.fail(failure)
}

/// Nothing is said to have stopped, and nothing is started anew, beside a copy that may work.
fn once_nothing_else_works<'a>(
    next: &mut Next<'a>,
    then: impl FnOnce(&mut Next<'a>) -> Change,
) -> Change {
    if next.surplus_may_work() {
        Change::Silent
    } else {
        then(next)
    }
}

/// Whether the gate has not said yet that the copy that counts is the one: then another copy of
/// this try may still pass it, whatever became of this one.
fn another_copy_may_work(next: &Next<'_>) -> bool {
    let current = &next.job.current_try;
    next.rules.gated && !current.admitted && (current.in_doubt || !next.job.candidates.is_empty())
}

/// The copy that counts has ended, and which one is to count is open again.
fn have_the_gate_decide(next: &mut Next<'_>) -> Change {
    let before = next.job.status();
    let change = next.doubt();
    if next.job.status() == before {
        change
    } else {
        Change::Event(EventKind::Waiting)
    }
}

fn absent(next: &mut Next<'_>, by_name: Option<bool>, manifest: Option<ProgramEnd>) -> Change {
    next.note_checked();
    next.job.next_check_at = next.job.next_look(next.rules.pace, next.now);
    let now = next.now;
    let (JobState::Submitted { absence, .. } | JobState::Running { absence, .. }) =
        &mut next.job.state
    else {
        return Change::Silent;
    };
    let seen = absence.get_or_insert(Absence {
        since: now,
        answers: 0,
    });
    seen.answers = seen.answers.saturating_add(1);
    let lost = seen.answers >= Rules::LOST_AFTER_ANSWERS
        && now.since(seen.since) >= Rules::LOST_AFTER
        && by_name == Some(false);
    if !lost {
        return Change::Silent;
    }
    if manifest.is_none() && another_copy_may_work(next) {
        return have_the_gate_decide(next);
    }
    record_unseen_attempt(next);
    match manifest {
        Some(end) if end.is_success() => next.complete(),
        Some(end) => next.fail(Failure::of_program(end)),
        None => next.fail(Failure::new(
            FailureClass::Lost,
            "The backend no longer knows the job, and it left no manifest of results.",
        )),
    }
}

fn unreachable(next: &mut Next<'_>) -> Option<Change> {
    let news = next.note_unreachable();
    next.job.next_check_at = next.job.next_look(next.rules.pace, next.now);
    news.then_some(Change::Silent)
}

/// A copy that the backend forgot before it was seen to start is still the one that counted.
fn record_unseen_attempt(next: &mut Next<'_>) {
    let Some(backend_id) = next.job.state.backend_id().cloned() else {
        return;
    };
    let mut attempts = next.job.attempts.iter();
    if !attempts.any(|attempt| attempt.backend_id == backend_id) {
        next.job.attempts.push(Attempt {
            try_number: next.job.current_try.number,
            backend_id,
            started_at: None,
            stopped_at: None,
            failure: None,
        });
    }
}

/// Puts what the backend tells of the present copy's attempts in place of what was known. An
/// end without any attempt is one that never started.
fn record_attempts(next: &mut Next<'_>, description: &Description) {
    let try_number = next.job.current_try.number;
    let failed = match &description.state {
        BackendState::Failed { failure, .. } => Some(failure),
        _ => None,
    };
    next.job
        .attempts
        .retain(|a| a.try_number != try_number || a.backend_id != description.id);
    let first = next.job.attempts.len();
    next.job
        .attempts
        .extend(description.attempts.iter().map(|attempt| Attempt {
            try_number,
            backend_id: description.id.clone(),
            started_at: attempt.started_at,
            stopped_at: attempt.stopped_at,
            failure: attempt.failure.clone(),
        }));
    if !description.state.has_ended() {
        return;
    }
    if next.job.attempts.len() == first {
        next.job.attempts.push(Attempt {
            try_number,
            backend_id: description.id.clone(),
            started_at: None,
            stopped_at: None,
            failure: failed.cloned(),
        });
    }
    if let Some(last) = next.job.attempts.last_mut() {
        last.stopped_at.get_or_insert(next.now);
    }
}

/// How many attempts of the copy that counts are known to have ended.
pub(super) fn attempts_ended(next: &Next<'_>) -> u32 {
    let counts = next.job.state.backend_id();
    let ended = next
        .job
        .attempts
        .iter()
        .filter(|attempt| Some(&attempt.backend_id) == counts && attempt.stopped_at.is_some());
    u32::try_from(ended.count()).unwrap_or(u32::MAX)
}

impl Next<'_> {
    /// A program that was stopped because its owner asked for it has not failed.
    fn forgive_last_attempt(&mut self) {
        if let Some(attempt) = self.job.attempts.last_mut() {
            attempt.failure = None;
        }
    }

    /// The backend answered. Says whether that alone is worth recording.
    pub(super) fn note_answer(&mut self) -> bool {
        let was_unreachable = self.job.backend_unreachable_since.take().is_some();
        let was_absent = match &mut self.job.state {
            JobState::Submitted { absence, .. } | JobState::Running { absence, .. } => {
                absence.take().is_some()
            }
            _ => false,
        };
        self.note_checked() || was_unreachable || was_absent
    }

    /// The backend did not answer. Says whether that alone is worth recording.
    pub(super) fn note_unreachable(&mut self) -> bool {
        let first = self.job.backend_unreachable_since.is_none();
        self.job.backend_unreachable_since.get_or_insert(self.now);
        self.note_checked() || first
    }

    fn note_checked(&mut self) -> bool {
        let due = self
            .job
            .last_checked_at
            .is_none_or(|last| self.now.since(last) >= Rules::CHECK_RECORDED_EVERY);
        if due {
            self.job.last_checked_at = Some(self.now);
        }
        due
    }
}
