//! A backend and a gate, as they really are, and the loops that carry news of them to the job.

use std::collections::BTreeMap;
use std::time::Duration;

use proptest::sample::Index;

use super::checks;
use crate::Timestamp;
use crate::artifacts::ProgramEnd;
use crate::job::machine::specimens::{admitted, at};
use crate::job::machine::{GateReading, Observation, observe};
use crate::job::{BackendId, Job, Lane, Rules, Settlement};
use crate::ports::{BackendAttempt, BackendState};

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
    WaitTooLong,
    Sweep,
    BackendUnreachable,
    Report(Index, f64),
    /// What its programs wrote is archived, or can't be.
    ArchiveLogs {
        works: bool,
    },
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
    /// Its host is lost after the runner's last act.
    HostLostWhenDone,
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
    pub(super) born: Timestamp,
    pub(super) attempts: Vec<BackendAttempt>,
    pub(super) told_to_stop: bool,
    pub(super) forgotten: bool,
}

impl Copy {
    pub(super) const fn is_alive(&self) -> bool {
        !matches!(self.phase, Phase::Ended { .. })
    }
}

pub(super) struct Request {
    pub(super) epoch: u64,
    pub(super) try_number: u32,
    pub(super) signed_at: Timestamp,
}

pub(super) struct Letter {
    /// The try that it was written about, and the last epoch by then.
    pub(super) try_number: u32,
    pub(super) epoch: u64,
    pub(super) observation: Observation,
}

pub(super) struct World {
    pub(super) rules: Rules,
    pub(super) now: Timestamp,
    pub(super) job: Job,
    pub(super) copies: Vec<Copy>,
    pub(super) gates: BTreeMap<u32, GateReading>,
    pub(super) to_send: Vec<Request>,
    pub(super) stalled: Vec<Request>,
    pub(super) late: Vec<Letter>,
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
            Step::WaitTooLong => self.wait_too_long(),
            Step::Cancel => self.tell(Observation::CancelRequested),
            Step::Sweep => self.sweep(),
            Step::BackendUnreachable => self.tell(Observation::BackendUnreachable),
            Step::Report(which, done) => self.with_copy(which, |world, n| world.report(n, done)),
            Step::ArchiveLogs { works: true } => self.tell(Observation::LogsArchived),
            Step::ArchiveLogs { works: false } => self.tell(Observation::LogsNotArchived),
        }
        checks::world(self);
    }

    pub(super) fn tell(&mut self, observation: Observation) {
        if let Some(next) = observe(&self.job, &observation, &self.rules, self.now) {
            checks::transition(self, &observation, &next);
            self.job = next.job;
        }
    }

    pub(super) fn is_authoritative(&self) -> bool {
        self.rules.settlement == Settlement::Authoritative
    }

    pub(super) fn with_copy(&mut self, which: Index, act: impl FnOnce(&mut Self, usize)) {
        if !self.copies.is_empty() {
            let which = which.index(self.copies.len());
            act(self, which);
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
        self.archive_logs_in_vain();
        while !self.stalled.is_empty() {
            self.stalled_request_arrives();
        }
        checks::end(self);
    }

    /// Logs that can't be had keep nothing for ever: the job is to be forgotten in the end.
    fn archive_logs_in_vain(&mut self) {
        for _ in 0..100 {
            if self.job.archive_logs_at.is_none() {
                break;
            }
            self.now = self.now.max(self.job.due().at);
            self.tell(Observation::LogsNotArchived);
        }
        assert_eq!(Some(self.job.due().at), self.job.remove_at);
    }
}
