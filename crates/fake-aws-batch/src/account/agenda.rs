//! What happens by itself, and when.

use std::collections::BTreeSet;

use super::jobs::JobKey;
use super::time::Millis;

/// What a job can be due for; at most one of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    /// The next status.
    Step,
    /// The attempt's timeout; once it is being stopped, the end of its grace.
    Attempt,
    /// The queue's limit on RUNNABLE.
    StateTimeLimit,
}

/// The alarms of one job.
pub(super) type Alarms = [Option<Millis>; 3];

/// All alarms, the next first; at the same moment, the older job's first.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    due: BTreeSet<(Millis, JobKey, Alarm)>,
}

impl Agenda {
    pub(super) fn next(&self) -> Option<Millis> {
        self.due.first().map(|(at, ..)| *at)
    }

    /// Takes the next alarm off, if it is due by then.
    pub(super) fn pop(&mut self, until: Millis) -> Option<(Millis, JobKey, Alarm)> {
        if self.next()? > until {
            return None;
        }
        self.due.pop_first()
    }

    /// Replaces an alarm of a job.
    pub(super) fn set(
        &mut self,
        key: JobKey,
        alarms: &mut Alarms,
        alarm: Alarm,
        at: Option<Millis>,
    ) {
        let slot = &mut alarms[alarm as usize];
        if let Some(before) = slot.take() {
            self.due.remove(&(before, key, alarm));
        }
        if let Some(at) = at {
            self.due.insert((at, key, alarm));
            *slot = Some(at);
        }
    }

    /// Forgets all alarms of a job.
    pub(super) fn clear(&mut self, key: JobKey, alarms: &mut Alarms) {
        for alarm in [Alarm::Step, Alarm::Attempt, Alarm::StateTimeLimit] {
            self.set(key, alarms, alarm, None);
        }
    }
}
