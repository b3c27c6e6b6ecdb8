//! What copies do, whoever looks.

use super::world::{CopyEnd, Phase, World};
use crate::artifacts::ProgramEnd;
use crate::job::machine::{GateReading, Observation};
use crate::job::{Failure, FailureClass};
use crate::ports::{BackendAttempt, BackendState, StopEvidence};
use crate::runner::RunnerReport;

impl World {
    pub(super) fn start_all(&mut self) {
        for which in 0..self.copies.len() {
            self.start(which);
        }
    }

    /// The runner starts, and works only if the gate names it.
    pub(super) fn start(&mut self, which: usize) {
        let copy = &mut self.copies[which];
        if copy.phase != Phase::Waiting {
            return;
        }
        let mine = GateReading::Admitted(copy.id.clone());
        if self.rules.gated && *self.gates.entry(copy.try_number).or_insert(mine.clone()) != mine {
            let failure = Failure::new(FailureClass::StartFailure, "It did nothing.");
            copy.attempts.push(BackendAttempt::default());
            self.finish(which, failing(failure, StopEvidence::None, true), None);
            return;
        }
        copy.phase = Phase::Working;
        copy.attempts.push(BackendAttempt {
            started_at: Some(self.now),
            ..BackendAttempt::default()
        });
    }

    pub(super) fn end(&mut self, which: usize, how: CopyEnd) {
        let copy = &self.copies[which];
        let works = copy.phase == Phase::Working;
        let failure = |class| Failure::new(class, "\"It failed.\"".repeat(40));
        let none = StopEvidence::None;
        match how {
            _ if !copy.is_alive() => {}
            CopyEnd::HostLost => {
                self.finish(
                    which,
                    failing(failure(FailureClass::HostLost), none, false),
                    None,
                );
            }
            CopyEnd::StoppedOutside => {
                let state = failing(failure(FailureClass::Unknown), StopEvidence::Flag, false);
                self.finish(which, state, None);
            }
            _ if !works => {}
            CopyEnd::Success => {
                let manifest = Some(ProgramEnd::Exited { code: 0 });
                self.finish(which, BackendState::Succeeded, manifest);
            }
            CopyEnd::HostLostWhenDone => {
                let is_done = self.rules.gated;
                let manifest = is_done.then_some(ProgramEnd::Exited { code: 0 });
                let state = failing(failure(FailureClass::HostLost), none, false);
                self.finish(which, state, manifest);
            }
            CopyEnd::WithoutManifest => self.finish(which, BackendState::Succeeded, None),
            CopyEnd::ProgramExit | CopyEnd::ExitLikeALostGate => {
                let like_a_lost_gate = matches!(how, CopyEnd::ExitLikeALostGate);
                let state = failing(failure(FailureClass::ProgramExit), none, like_a_lost_gate);
                self.finish(which, state, Some(ProgramEnd::Exited { code: 120 }));
            }
        }
    }

    pub(super) fn finish(
        &mut self,
        which: usize,
        state: BackendState,
        manifest: Option<ProgramEnd>,
    ) {
        let copy = &mut self.copies[which];
        if let Some(last) = copy.attempts.last_mut() {
            last.stopped_at = Some(self.now);
        }
        copy.phase = Phase::Ended { state, manifest };
    }

    pub(super) fn repeat(&mut self, which: usize) {
        let copy = &mut self.copies[which];
        if copy.phase == Phase::Working {
            copy.phase = Phase::Waiting;
            if let Some(last) = copy.attempts.last_mut() {
                last.stopped_at = Some(self.now);
            }
        }
    }

    pub(super) fn forget(&mut self, which: usize) {
        // Only what has ended is ever forgotten.
        let copy = &mut self.copies[which];
        copy.forgotten |= !copy.is_alive();
    }

    pub(super) fn report(&mut self, which: usize, progress: f64) {
        let copy = &self.copies[which];
        if copy.phase != Phase::Working {
            return;
        }
        let observation = Observation::Reported {
            try_number: copy.try_number,
            report: RunnerReport {
                backend_id: copy.id.clone(),
                attempt: u32::try_from(copy.attempts.len()).unwrap(),
                progress: Some(progress),
                message: Some("\"\\".repeat(200)),
            },
        };
        self.write(observation.clone());
        self.tell(observation);
    }

    pub(super) fn terminate(&mut self) {
        let stops = self.job.stops();
        for copy in &mut self.copies {
            copy.told_to_stop |= stops.contains(&copy.id);
        }
    }

    pub(super) fn stops_take_effect(&mut self) {
        for which in 0..self.copies.len() {
            if self.copies[which].told_to_stop && self.copies[which].is_alive() {
                let failure = Failure::new(FailureClass::Unknown, "It was stopped.");
                self.finish(
                    which,
                    failing(failure, StopEvidence::OurReason, false),
                    None,
                );
            }
        }
    }
}

const fn failing(failure: Failure, stop: StopEvidence, lost_gate: bool) -> BackendState {
    BackendState::Failed {
        failure,
        stop,
        lost_gate,
    }
}
