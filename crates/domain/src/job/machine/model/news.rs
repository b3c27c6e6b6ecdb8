//! What the resolver and the watcher learn, and when they tell it.

use std::time::Duration;

use proptest::sample::Index;

use super::world::{Copy, Letter, Phase, World};
use crate::job::machine::specimens::unstartable;
use crate::job::machine::{GateReading, Observation};
use crate::job::{BackendId, JobState};
use crate::ports::{BackendState, Description};

/// How far a look-up or a description lags behind, where it does.
const LAG: Duration = Duration::from_secs(30);

impl World {
    /// What a look-up by the name of the present try sees, oldest first.
    pub(super) fn visible(&self) -> Vec<BackendId> {
        self.copies
            .iter()
            .filter(|copy| copy.try_number == self.job.current_try.number)
            .filter(|copy| !copy.forgotten && self.is_seen(copy))
            .map(|copy| copy.id.clone())
            .collect()
    }

    /// What a sweep does: tell of every copy that is alive, whatever try it is of.
    pub(super) fn sweep(&mut self) {
        let alive: Vec<Observation> = self
            .copies
            .iter()
            .filter(|copy| copy.is_alive() && self.is_seen(copy))
            .map(|copy| Observation::CopySeen {
                try_number: copy.try_number,
                backend_id: copy.id.clone(),
            })
            .collect();
        for seen in alive {
            self.tell(seen);
        }
    }

    pub(super) fn is_seen(&self, copy: &Copy) -> bool {
        self.is_authoritative() || self.now.since(copy.born) >= LAG
    }

    pub(super) fn gate(&self) -> GateReading {
        if !self.rules.gated {
            return GateReading::NoGate;
        }
        let gate = self.gates.get(&self.job.current_try.number);
        gate.cloned().unwrap_or(GateReading::Open)
    }

    /// What the resolver does: look, settle the gate where it is open, and tell.
    pub(super) fn look_up(&mut self, told_late: bool) {
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

    /// What the dispatcher does with a job that it will not start: have the gate shut where a
    /// copy may be on its way, and tell.
    pub(super) fn wait_too_long(&mut self) {
        let current = &self.job.current_try;
        let is_accepted = matches!(self.job.state, JobState::Accepted { .. });
        if is_accepted && current.in_doubt && self.gate() == GateReading::Open {
            self.gates.insert(current.number, GateReading::Cancelled);
        }
        self.tell(unstartable(self.gate()));
    }

    pub(super) fn look_up_for_long(&mut self) {
        for seconds in [60, 30, 30] {
            self.now = self.now.plus(Duration::from_secs(seconds));
            self.look_up(false);
        }
    }

    /// What the watcher does: read the gate where it has a say, describe, and tell.
    pub(super) fn watch(&mut self, told_late: bool) {
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

    pub(super) fn is_alive(&self, id: &BackendId) -> bool {
        let mut copies = self.copies.iter();
        copies.any(|copy| copy.id == *id && copy.is_alive())
    }

    pub(super) fn description_of(&self, id: &BackendId) -> Observation {
        let known = self.copies.iter().find(|copy| copy.id == *id);
        let Some(copy) = known.filter(|copy| !copy.forgotten && self.is_seen(copy)) else {
            let manifest = known.and_then(|copy| match copy.phase {
                Phase::Ended { manifest, .. } => manifest,
                _ => None,
            });
            return Observation::Absent {
                by_name: Some(self.visible().contains(id)),
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

    pub(super) fn write(&mut self, observation: Observation) {
        self.late.push(Letter {
            try_number: self.job.current_try.number,
            epoch: self.job.current_try.epoch,
            observation,
        });
    }

    pub(super) fn tell_late(&mut self, which: Index, again: bool) {
        if self.late.is_empty() {
            return;
        }
        let which = which.index(self.late.len());
        let Letter {
            try_number,
            epoch,
            observation,
        } = &self.late[which];
        // Who finds that the job has gone on to another try drops what it learnt of the old one,
        // and what it looked up before the job was sent again.
        let present = &self.job.current_try;
        let is_moot = (*try_number, *epoch) != (present.number, present.epoch)
            && matches!(observation, Observation::LookedUp { .. });
        let observation = observation.clone();
        if !again {
            self.late.swap_remove(which);
        }
        if !is_moot {
            self.tell(observation);
        }
    }
}
