//! A backend and a gate, as they really are, and the loops that carry news of them to the job.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::sample::Index;

use super::checks;
use crate::Timestamp;
use crate::artifacts::ProgramEnd;
use crate::job::machine::specimens::{admitted, at, claimed, id};
use crate::job::machine::{GateReading, Observation, observe};
use crate::job::{BackendId, Failure, FailureClass, Job, JobState, Lane, Rules, Settlement};
use crate::ports::{BackendAttempt, BackendState, Description, StopEvidence};
use crate::runner::RunnerReport;

const LEASE: Duration = Duration::from_secs(30);

/// How long a signed request is accepted: SigV4's quarter of an hour.
const SIGNATURE: Duration = Duration::from_secs(15 * 60);

/// How far a look-up or a description lags behind, where it does.
const LAG: Duration = Duration::from_secs(30);

/// What happens next.
#[derive(Clone, Debug)]
pub(super) enum Step {
    Claim,
    Send(SendFate),
    /// Seconds go by.
    Wait(u64),
    ExpireLease,
    StalledRequestArrives,
    LookUp,
    /// As often and over such a time as proves absence where there is a gate.
    LookUpForLong,
    LookUpToBeToldLate,
    ReadGate,
    Watch,
    WatchToBeToldLate,
    TellLate {
        which: Index,
        again: bool,
    },
    CopyStarts(Index),
    CopyEnds(Index, CopyEnd),
    /// Its host is lost, and the backend starts it again by itself.
    CopyIsRepeated(Index),
    CopyIsForgotten(Index),
    Terminate,
    StopsTakeEffect,
    Cancel,
    Sweep,
    BackendUnreachable,
    Report(Index, f64),
}

/// What becomes of a request to run a try.
#[derive(Clone, Copy, Debug)]
pub(super) enum SendFate {
    Taken,
    TakenReplyLost,
    TakenReplyLate,
    Stalled,
    Lost,
    Refused,
    Held,
    DidNotHappen,
}

/// How a copy that works, or waits, ends.
#[derive(Clone, Copy, Debug)]
pub(super) enum CopyEnd {
    Success,
    HostLost,
    ProgramExit,
    WithoutManifest,
    /// The program's own exit status is the one that the runner uses for a lost gate.
    ExitLikeALostGate,
    StoppedOutside,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) enum Phase {
    Waiting,
    Working,
    Ended {
        state: BackendState,
        manifest: Option<ProgramEnd>,
    },
}

/// One job at the backend.
#[derive(Clone, Debug)]
pub(super) struct Copy {
    pub(super) id: BackendId,
    pub(super) try_number: u32,
    pub(super) phase: Phase,
    born: Timestamp,
    attempts: Vec<BackendAttempt>,
    told_to_stop: bool,
    forgotten: bool,
}

impl Copy {
    pub(super) const fn is_alive(&self) -> bool {
        !matches!(self.phase, Phase::Ended { .. })
    }
}

struct Request {
    epoch: u64,
    try_number: u32,
    signed_at: Timestamp,
}

struct Letter {
    /// The try that it was written about.
    try_number: u32,
    observation: Observation,
}

pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    pub(super) job: Job,
    pub(super) copies: Vec<Copy>,
    pub(super) gates: BTreeMap<u32, GateReading>,
    to_send: Vec<Request>,
    stalled: Vec<Request>,
    late: Vec<Letter>,
}

impl World {
    pub(super) fn new(rules: Rules) -> Self {
        Self {
            rules,
            now: at(0),
            job: admitted().job,
            copies: Vec::new(),
            gates: BTreeMap::new(),
            to_send: Vec::new(),
            stalled: Vec::new(),
            late: Vec::new(),
        }
    }

    pub(super) fn take(&mut self, step: Step) {
        match step {
            Step::Claim => self.claim(),
            Step::Send(fate) => self.send(fate),
            Step::Wait(seconds) => self.now = self.now.plus(Duration::from_secs(seconds)),
            Step::ExpireLease => self.expire_lease(),
            Step::StalledRequestArrives => self.stalled_request_arrives(),
            Step::LookUp => self.look_up(false),
            Step::LookUpForLong => self.look_up_for_long(),
            Step::LookUpToBeToldLate => self.look_up(true),
            Step::ReadGate => self.tell(Observation::GateRead(self.gate())),
            Step::Watch => self.watch(false),
            Step::WatchToBeToldLate => self.watch(true),
            Step::TellLate { which, again } => self.tell_late(which, again),
            Step::CopyStarts(which) => self.with_copy(which, Self::start),
            Step::CopyEnds(which, how) => self.with_copy(which, |world, n| world.end(n, how)),
            Step::CopyIsRepeated(which) => self.with_copy(which, Self::repeat),
            Step::CopyIsForgotten(which) => self.with_copy(which, Self::forget),
            Step::Terminate => self.terminate(),
            Step::StopsTakeEffect => self.stops_take_effect(),
            Step::Cancel => self.tell(Observation::CancelRequested),
            Step::Sweep => self.tell(Observation::CandidatesSeen(self.visible())),
            Step::BackendUnreachable => self.tell(Observation::BackendUnreachable),
            Step::Report(which, done) => self.with_copy(which, |world, n| world.report(n, done)),
        }
        checks::world(self);
    }

    pub(super) fn tell(&mut self, observation: Observation) {
        if let Some(next) = observe(&self.job, &observation, &self.rules, self.now) {
            checks::transition(self, &observation, &next);
            self.job = next.job;
        }
    }

    fn is_authoritative(&self) -> bool {
        self.rules.settlement == Settlement::Authoritative
    }

    fn claim(&mut self) {
        let epoch = self.job.current_try.epoch;
        self.tell(claimed(self.now.plus(LEASE)));
        if self.job.current_try.epoch > epoch {
            self.to_send.push(Request {
                epoch: self.job.current_try.epoch,
                try_number: self.job.current_try.number,
                signed_at: self.now,
            });
        }
    }

    fn send(&mut self, fate: SendFate) {
        let Some(request) = self.to_send.pop() else {
            return;
        };
        let late = self.now.since(request.signed_at) >= LEASE;
        let epoch = request.epoch;
        let retry_at = self.now.plus(Duration::from_secs(10));
        match fate {
            // Nobody sends once the lease is over; what was on its way by then is stalled.
            _ if late => self.stall(request),
            SendFate::Taken => {
                let backend_id = self.take_in(&request);
                self.tell(Observation::SubmitAccepted { epoch, backend_id });
            }
            SendFate::TakenReplyLost => {
                self.take_in(&request);
                self.tell(Observation::SubmitUnknown { epoch });
            }
            SendFate::TakenReplyLate => {
                let backend_id = self.take_in(&request);
                self.write(Observation::SubmitAccepted { epoch, backend_id });
            }
            SendFate::Stalled => {
                self.stall(request);
                self.tell(Observation::SubmitUnknown { epoch });
            }
            SendFate::Lost => self.tell(Observation::SubmitUnknown { epoch }),
            SendFate::Refused => self.tell(Observation::SubmitRefused {
                epoch,
                reason: "too \"large\"\u{1}\n".repeat(60),
            }),
            SendFate::Held => self.tell(Observation::SubmitHeld {
                epoch,
                waiting: crate::job::WaitingReason {
                    code: "credentials".repeat(30),
                    message: "\\\"\u{7}".repeat(300),
                },
                retry_at,
            }),
            SendFate::DidNotHappen => {
                self.tell(Observation::SubmitDidNotHappen { epoch, retry_at });
            }
        }
    }

    fn stall(&mut self, request: Request) {
        // Where a look-up is authoritative, nothing can be on its way.
        if !self.is_authoritative() {
            self.stalled.push(request);
        }
    }

    fn stalled_request_arrives(&mut self) {
        let Some(request) = self.stalled.pop() else {
            return;
        };
        if self.now.since(request.signed_at) < SIGNATURE {
            let epoch = request.epoch;
            let backend_id = self.take_in(&request);
            self.write(Observation::SubmitAccepted { epoch, backend_id });
        }
    }

    fn take_in(&mut self, request: &Request) -> BackendId {
        let name = format!("copy-{}-of-try-{}", self.copies.len(), request.try_number);
        self.copies.push(Copy {
            id: id(&name),
            try_number: request.try_number,
            phase: Phase::Waiting,
            born: self.now,
            attempts: Vec::new(),
            told_to_stop: false,
            forgotten: false,
        });
        id(&name)
    }

    fn expire_lease(&mut self) {
        if let JobState::Submitting { lease_until } = self.job.state {
            self.now = self.now.max(lease_until);
            if self.is_authoritative() {
                self.to_send.clear();
            }
        }
        self.tell(Observation::LeaseExpired);
    }

    /// What a look-up by the name of the present try sees, oldest first.
    fn visible(&self) -> Vec<BackendId> {
        self.copies
            .iter()
            .filter(|copy| copy.try_number == self.job.current_try.number)
            .filter(|copy| !copy.forgotten && self.is_seen(copy))
            .map(|copy| copy.id.clone())
            .collect()
    }

    fn is_seen(&self, copy: &Copy) -> bool {
        self.is_authoritative() || self.now.since(copy.born) >= LAG
    }

    fn gate(&self) -> GateReading {
        if !self.rules.gated {
            return GateReading::NoGate;
        }
        let gate = self.gates.get(&self.job.current_try.number);
        gate.cloned().unwrap_or(GateReading::Open)
    }

    /// What the resolver does: look, settle the gate where it is open, and tell.
    fn look_up(&mut self, told_late: bool) {
        if !matches!(self.job.state, JobState::Unresolved { .. }) {
            return;
        }
        let found = self.visible();
        if self.gate() == GateReading::Open {
            let oldest = found.first().or(self.job.candidates.first()).cloned();
            let entry = match oldest {
                _ if self.job.cancel_requested_at.is_some() => Some(GateReading::Cancelled),
                oldest => oldest.map(GateReading::Admitted),
            };
            let number = self.job.current_try.number;
            self.gates.extend(entry.map(|entry| (number, entry)));
        }
        let gate = self.gate();
        let observation = Observation::LookedUp { found, gate };
        // Without a gate all rests on look-ups, and a resolver that is too late drops its own.
        if told_late && self.rules.gated {
            self.write(observation);
        } else {
            self.tell(observation);
        }
    }

    fn look_up_for_long(&mut self) {
        for seconds in [60, 30, 30] {
            self.now = self.now.plus(Duration::from_secs(seconds));
            self.look_up(false);
        }
    }

    /// What the watcher does: read the gate where it has a say, describe, and tell.
    fn watch(&mut self, told_late: bool) {
        let ended = self.job.surplus.iter().filter(|id| !self.is_alive(id));
        let ended: Vec<BackendId> = ended.cloned().collect();
        self.tell(Observation::SurplusEnded(ended));
        let Some(counts) = self.job.state.backend_id().cloned() else {
            return;
        };
        let observation = self.description_of(&counts);
        let lost_gate = matches!(
            &observation,
            Observation::Described { description, .. }
                if matches!(description.state, BackendState::Failed { lost_gate: true, .. })
        );
        if told_late {
            self.write(observation);
            return;
        }
        if lost_gate || !self.job.candidates.is_empty() {
            self.tell(Observation::GateRead(self.gate()));
        }
        self.tell(observation);
    }

    fn is_alive(&self, id: &BackendId) -> bool {
        let mut copies = self.copies.iter();
        copies.any(|copy| copy.id == *id && copy.is_alive())
    }

    fn description_of(&self, id: &BackendId) -> Observation {
        let known = self.copies.iter().find(|copy| copy.id == *id);
        let Some(copy) = known.filter(|copy| !copy.forgotten && self.is_seen(copy)) else {
            let manifest = known.and_then(|copy| match copy.phase {
                Phase::Ended { manifest, .. } => manifest,
                _ => None,
            });
            return Observation::Absent {
                by_name: Some(!self.visible().is_empty()),
                manifest,
                main_result: None,
            };
        };
        let (state, manifest) = match &copy.phase {
            Phase::Waiting => (BackendState::Waiting { reason: None }, None),
            Phase::Working => (BackendState::Running, None),
            Phase::Ended { state, manifest } => (state.clone(), *manifest),
        };
        Observation::Described {
            description: Description {
                id: id.clone(),
                state,
                attempts: copy.attempts.clone(),
            },
            manifest,
            main_result: None,
        }
    }

    fn write(&mut self, observation: Observation) {
        self.late.push(Letter {
            try_number: self.job.current_try.number,
            observation,
        });
    }

    fn tell_late(&mut self, which: Index, again: bool) {
        if self.late.is_empty() {
            return;
        }
        let which = which.index(self.late.len());
        let Letter {
            try_number,
            observation,
        } = &self.late[which];
        // Who finds that the job has gone on to another try drops what it learnt of the old one.
        let is_moot = *try_number != self.job.current_try.number
            && matches!(observation, Observation::LookedUp { .. });
        let observation = observation.clone();
        if !again {
            self.late.swap_remove(which);
        }
        if !is_moot {
            self.tell(observation);
        }
    }

    fn with_copy(&mut self, which: Index, act: impl FnOnce(&mut Self, usize)) {
        if !self.copies.is_empty() {
            let which = which.index(self.copies.len());
            act(self, which);
        }
    }

    /// The runner starts, and works only if the gate names it.
    fn start(&mut self, which: usize) {
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

    fn end(&mut self, which: usize, how: CopyEnd) {
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
            CopyEnd::WithoutManifest => self.finish(which, BackendState::Succeeded, None),
            CopyEnd::ProgramExit | CopyEnd::ExitLikeALostGate => {
                let like_a_lost_gate = matches!(how, CopyEnd::ExitLikeALostGate);
                let state = failing(failure(FailureClass::ProgramExit), none, like_a_lost_gate);
                self.finish(which, state, Some(ProgramEnd::Exited { code: 120 }));
            }
        }
    }

    fn finish(&mut self, which: usize, state: BackendState, manifest: Option<ProgramEnd>) {
        let copy = &mut self.copies[which];
        if let Some(last) = copy.attempts.last_mut() {
            last.stopped_at = Some(self.now);
        }
        copy.phase = Phase::Ended { state, manifest };
    }

    fn repeat(&mut self, which: usize) {
        let copy = &mut self.copies[which];
        if copy.phase == Phase::Working {
            copy.phase = Phase::Waiting;
            if let Some(last) = copy.attempts.last_mut() {
                last.stopped_at = Some(self.now);
            }
        }
    }

    fn forget(&mut self, which: usize) {
        // Only what has ended is ever forgotten.
        let copy = &mut self.copies[which];
        copy.forgotten |= !copy.is_alive();
    }

    fn report(&mut self, which: usize, progress: f64) {
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

    fn terminate(&mut self) {
        let stops = self.job.stops();
        for copy in &mut self.copies {
            copy.told_to_stop |= stops.contains(&copy.id);
        }
    }

    fn stops_take_effect(&mut self) {
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

    pub(super) fn start_all(&mut self) {
        for which in 0..self.copies.len() {
            self.start(which);
        }
    }

    /// From here on nothing goes wrong any more: the job has to end, and so have all its copies
    /// that could work.
    pub(super) fn behave_until_the_end(&mut self) {
        self.to_send.clear();
        for _ in 0..300 {
            let due = self.job.due();
            if due.lane == Lane::Remove {
                break;
            }
            self.now = self.now.plus(Duration::from_secs(60)).max(due.at);
            match due.lane {
                Lane::Dispatch(_) => {
                    self.claim();
                    self.send(SendFate::Taken);
                }
                Lane::Resolve(_) => {
                    self.expire_lease();
                    self.look_up(false);
                }
                _ => self.watch(false),
            }
            self.terminate();
            self.stops_take_effect();
            self.start_all();
            for which in 0..self.copies.len() {
                self.end(which, CopyEnd::Success);
            }
            checks::world(self);
        }
        assert_eq!(self.job.due().lane, Lane::Remove, "{:#?}", self.job);
        while !self.stalled.is_empty() {
            self.stalled_request_arrives();
        }
        checks::end(self);
    }
}

const fn failing(failure: Failure, stop: StopEvidence, lost_gate: bool) -> BackendState {
    BackendState::Failed {
        failure,
        stop,
        lost_gate,
    }
}
