//! What comes out of an observation, and the steps that rows of the table share.

use super::{Next, Observation};
use crate::Timestamp;
use crate::job::{
    BackendId, CancelCause, CurrentTry, Event, EventKind, Failure, Job, JobState, WaitingReason,
};

/// A job as it becomes, and the events that tell of it.
#[derive(Clone, Debug, PartialEq)]
pub struct Transition {
    /// The new record, its version raised by one.
    pub job: Job,
    /// At most one event; none where nothing changed that a client is told of by itself.
    pub events: Vec<Event>,
}

/// Whether a change makes an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// Only the record changed.
    Silent,
    /// The change is one that clients are told of.
    Event(EventKind),
}

impl Transition {
    /// Raises the version and numbers the event.
    pub(in crate::job) fn finish(mut job: Job, change: Change, now: Timestamp) -> Self {
        job.version += 1;
        let events = match change {
            Change::Silent => Vec::new(),
            Change::Event(kind) => {
                job.events += 1;
                let snapshot = job.snapshot();
                vec![Event {
                    job: job.id.clone(),
                    number: job.events,
                    kind,
                    at: now,
                    snapshot,
                }]
            }
        };
        Self { job, events }
    }
}

impl Next<'_> {
    pub(super) const fn cancel_requested(&self) -> bool {
        self.job.cancel_requested_at.is_some()
    }

    fn enter(&mut self, state: JobState) {
        self.job.state = state;
        self.job.state_since = self.now;
        self.job.next_check_at = self.now;
    }

    /// Records the wish to stop, once.
    pub(super) fn record_cancel(&mut self) -> bool {
        let first = self.job.cancel_requested_at.is_none();
        if first {
            self.job.cancel_requested_at = Some(self.now);
        }
        first
    }

    /// Back to be sent, same try. Nothing of this sending exists.
    pub(super) fn accept_again(&mut self, not_before: Timestamp, waiting: Option<WaitingReason>) {
        if !self.job.current_try.in_doubt {
            self.job.current_try.signed_at = None;
            self.job.current_try.target = None;
            self.job.current_try.gated = None;
        }
        self.enter(JobState::Accepted {
            not_before,
            waiting,
        });
    }

    /// To be sent anew, after a failure of the present try.
    pub(super) fn next_try(&mut self) -> Change {
        let ended = &self.job.current_try;
        let not_before = self.now.plus(self.rules.backoff.after(ended.number));
        self.job.current_try = CurrentTry {
            number: ended.number + 1,
            epoch: ended.epoch,
            signed_at: None,
            target: None,
            gated: None,
            in_doubt: false,
            admitted: false,
            earlier_epochs: ended.epoch,
        };
        self.give_up_candidates(None);
        self.job.progress.percent = 0;
        self.enter(JobState::Accepted {
            not_before,
            waiting: None,
        });
        Change::Event(EventKind::Retrying)
    }

    /// Whether it was sent, and which copy of it may work, is to be found out.
    pub(super) fn doubt(&mut self) -> Change {
        self.job.current_try.in_doubt = true;
        self.job
            .candidates
            .extend(self.job.state.backend_id().cloned());
        self.enter(JobState::Unresolved {
            since: self.now,
            empty_lookups: 0,
            first_empty_at: None,
        });
        Change::Silent
    }

    /// The backend took it under this id. Where others bear the name as well, it is for the
    /// gate to say which may go on; without a gate, this one may.
    pub(super) fn place(&mut self, backend_id: BackendId) -> Change {
        if !self.rules.gated {
            return self.adopt(backend_id);
        }
        self.job.candidates.retain(|id| *id != backend_id);
        self.enter(JobState::Submitted {
            backend_id,
            waiting: None,
            absence: None,
        });
        Change::Event(EventKind::Submitted)
    }

    /// This copy counts from now on, by the gate where there is one; every other one must not
    /// go on.
    pub(super) fn adopt(&mut self, backend_id: BackendId) -> Change {
        self.job.current_try.admitted = self.rules.gated;
        let former = self.job.state.backend_id().filter(|id| **id != backend_id);
        if let Some(former) = former.cloned() {
            self.give_up_copy(former);
        }
        self.give_up_candidates(Some(&backend_id));
        self.enter(JobState::Submitted {
            backend_id,
            waiting: None,
            absence: None,
        });
        Change::Event(EventKind::Submitted)
    }

    /// What isn't in the table changes no state, but an id that comes with it becomes a
    /// candidate, if it is of this try; `then` says what follows from a new one. A copy of
    /// another try must not go on.
    pub(super) fn take_in_ids_of(
        &mut self,
        observation: &Observation,
        then: impl FnOnce(&mut Self) -> Change,
    ) -> Option<Change> {
        let ids = match observation {
            Observation::SubmitAccepted { epoch, backend_id } => {
                if *epoch <= self.job.current_try.earlier_epochs {
                    return self.stop_copy(backend_id);
                }
                std::slice::from_ref(backend_id)
            }
            Observation::Reported { try_number, report }
                if *try_number == self.job.current_try.number =>
            {
                std::slice::from_ref(&report.backend_id)
            }
            Observation::CopySeen {
                try_number,
                backend_id,
            } => {
                if *try_number != self.job.current_try.number {
                    return self.stop_copy(backend_id);
                }
                std::slice::from_ref(backend_id)
            }
            Observation::Described { description, .. } => std::slice::from_ref(&description.id),
            Observation::CandidatesSeen(ids) | Observation::LookedUp { found: ids, .. } => ids,
            _ => return None,
        };
        self.add_candidates(ids).then(|| then(self))
    }

    /// Has the job looked at as soon as can be.
    pub(super) fn look_at_once(&mut self) -> Change {
        self.job.next_check_at = self.now;
        Change::Silent
    }

    /// Ids under this try's name, to be judged by the gate. Says whether one was new.
    pub(super) fn add_candidates(&mut self, ids: &[BackendId]) -> bool {
        let known = self.job.candidates.len();
        for id in ids {
            let counts = self.job.state.backend_id() == Some(id);
            if !counts
                && !self.job.candidates.contains(id)
                && !self.job.surplus.contains(id)
                && !self.is_of_earlier_try(id)
            {
                self.job.candidates.push(id.clone());
            }
        }
        self.job.candidates.len() > known
    }

    /// Whether this copy is known from a try that is over.
    pub(super) fn is_of_earlier_try(&self, id: &BackendId) -> bool {
        let present = self.job.current_try.number;
        let mut attempts = self.job.attempts.iter();
        attempts.any(|attempt| attempt.backend_id == *id && attempt.try_number < present)
    }

    /// A copy that turns up too late must not go on. One that has been seen to end is left
    /// alone.
    pub(super) fn stop_copy(&mut self, id: &BackendId) -> Option<Change> {
        let mut attempts = self.job.attempts.iter().rev();
        let has_ended = attempts
            .find(|attempt| attempt.backend_id == *id)
            .is_some_and(|last| last.stopped_at.is_some());
        let counts = self.job.state.backend_id() == Some(id);
        if counts || has_ended || self.job.surplus.contains(id) {
            return None;
        }
        self.give_up_copy(id.clone());
        Some(self.look_at_once())
    }

    /// Every candidate but this one must not go on.
    pub(super) fn give_up_candidates(&mut self, except: Option<&BackendId>) -> bool {
        let candidates = std::mem::take(&mut self.job.candidates);
        self.job.surplus.retain(|id| Some(id) != except);
        let before = self.job.surplus.len();
        for id in candidates.into_iter().filter(|id| Some(id) != except) {
            self.give_up_copy(id);
        }
        self.job.surplus.len() > before
    }

    pub(super) fn forget_surplus(&mut self, ended: &[BackendId]) -> Option<Change> {
        let before = self.job.surplus.len();
        self.job.surplus.retain(|id| !ended.contains(id));
        (self.job.surplus.len() < before).then_some(Change::Silent)
    }

    pub(super) fn complete(&mut self) -> Change {
        self.end(JobState::Completed);
        Change::Event(EventKind::Completed)
    }

    pub(super) fn fail(&mut self, failure: Failure) -> Change {
        self.end(JobState::Failed { failure });
        Change::Event(EventKind::Failed)
    }

    pub(super) fn cancel(&mut self, cause: CancelCause) -> Change {
        self.end(JobState::Cancelled { cause });
        Change::Event(EventKind::Cancelled)
    }

    fn end(&mut self, state: JobState) {
        self.give_up_candidates(None);
        // The end that counts is the program's, where it is known; our own clock may lag behind.
        let stopped_at = self
            .job
            .attempts
            .last()
            .filter(|attempt| attempt.try_number == self.job.current_try.number)
            .and_then(|attempt| attempt.stopped_at)
            .filter(|stopped_at| (self.job.created_at..=self.now).contains(stopped_at));
        self.job.completed_at = Some(stopped_at.unwrap_or(self.now));
        // What never started wrote nothing.
        let log_delay = self.rules.settlement.log_delay();
        self.job.archive_logs_at =
            (!self.job.attempts.is_empty()).then(|| self.now.plus(log_delay));
        self.job.remove_at = Some(self.now.plus(self.rules.retention));
        self.job.backend_unreachable_since = None;
        self.enter(state);
    }
}
