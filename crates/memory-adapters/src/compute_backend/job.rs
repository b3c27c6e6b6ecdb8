//! One job and how it moves.

use batchway_domain::Timestamp;
use batchway_domain::job::{BackendId, Failure, FailureClass, WaitingReason};
use batchway_domain::ports::{
    BackendAttempt, BackendState, Description, LogLine, StopEvidence, Submission,
};

/// A job. What would move it after its end does nothing.
pub(super) struct MemoryJob {
    pub(super) submission: Submission,
    pub(super) created_at: Timestamp,
    pub(super) description: Description,
    /// Someone asked for it to be stopped, and it has not ended yet.
    pub(super) is_stopping: bool,
    pub(super) is_forgotten: bool,
    /// What the program wrote, attempt by attempt.
    pub(super) logs: Vec<Vec<LogLine>>,
}

impl MemoryJob {
    pub(super) const fn new(id: BackendId, submission: Submission, now: Timestamp) -> Self {
        let description = Description {
            id,
            state: BackendState::Waiting { reason: None },
            attempts: Vec::new(),
        };
        Self {
            submission,
            created_at: now,
            description,
            is_stopping: false,
            is_forgotten: false,
            logs: Vec::new(),
        }
    }

    pub(super) const fn has_ended(&self) -> bool {
        self.description.state.has_ended()
    }

    /// Waits, or waits again: a running attempt ends for the loss of its host.
    pub(super) fn wait(&mut self, reason: Option<WaitingReason>, now: Timestamp) {
        if self.has_ended() {
            return;
        }
        let lost = Failure::new(FailureClass::HostLost, "The machine went away.");
        self.close_attempt(Some(&lost), now);
        self.description.state = BackendState::Waiting { reason };
    }

    pub(super) fn run(&mut self, now: Timestamp) {
        if matches!(self.description.state, BackendState::Waiting { .. }) {
            self.description.attempts.push(BackendAttempt {
                started_at: Some(now),
                ..BackendAttempt::default()
            });
            self.logs.push(Vec::new());
            self.description.state = BackendState::Running;
        }
    }

    /// Ends well, after running where it had not run yet.
    pub(super) fn succeed(&mut self, now: Timestamp) {
        self.run(now);
        if !self.has_ended() {
            self.close_attempt(None, now);
            self.description.state = BackendState::Succeeded;
        }
    }

    /// Ends otherwise, from wherever it is.
    pub(super) fn fail(
        &mut self,
        failure: Failure,
        stop: StopEvidence,
        lost_gate: bool,
        now: Timestamp,
    ) {
        if self.has_ended() {
            return;
        }
        self.close_attempt(Some(&failure), now);
        self.is_stopping = false;
        self.description.state = BackendState::Failed {
            failure,
            stop,
            lost_gate,
        };
    }

    pub(super) fn stop(&mut self, stop: StopEvidence, now: Timestamp) {
        let failure = Failure::new(FailureClass::Unknown, "The job was stopped.");
        self.fail(failure, stop, false, now);
    }

    fn close_attempt(&mut self, failure: Option<&Failure>, now: Timestamp) {
        let open = self.description.attempts.last_mut();
        if let Some(attempt) = open.filter(|attempt| attempt.stopped_at.is_none()) {
            attempt.stopped_at = Some(now);
            attempt.failure = failure.cloned();
        }
    }
}
