//! AWS Batch of one account and region as a state machine.
//!
//! # What people stumble over
//! * A status is not monotonic: a repeated job goes from RUNNING back to RUNNABLE. There is no
//!   CANCELLED; what was stopped is FAILED, and says so by `isCancelled` or `isTerminated`.
//! * CancelJob does nothing to a job that is STARTING or RUNNING, and succeeds. A PENDING one is
//!   cancelled once its dependencies are done. Unknown ids succeed too.
//! * What is cancelled, terminated, timed out or cancelled by its queue is never repeated. Of the
//!   rest, what no rule of `evaluateOnExit` matches is repeated.
//! * SubmitJob has no idempotency token, and refuses with 429 beyond 50 a second. Overrides of
//!   more than 8,192 characters are accepted, and the job fails.
//! * ListJobs shows RUNNING jobs unless told otherwise, looks at any status when it is asked for a
//!   name, and lags. DescribeJobs may lag behind a submission, and forgets what has ended after a
//!   week.
//! * Only the head of a queue says why it waits, and only if Batch knows.
//!
//! # Where it is simpler
//! * There is as much capacity as jobs, until [`Account::block_queue_head`].
//! * Fair-share queues look at priority, then at time; not at what a share has used.
//! * An array's parent is PENDING as soon as it is looked at, not once a child is RUNNABLE.
//! * Multi-node jobs, EKS, scheduling policies as objects, consumable resources are not there.
//!
//! # Driving it
//! Whoever holds an account calls [`Account::advance`] when [`Account::next_change_at`] says, then
//! empties [`Account::take_starts`], [`Account::take_stops`] and [`Account::take_events`], and
//! tells what containers do by [`Account::started`] and [`Account::exited`]. A call may make more
//! due at once: the next `advance` at the same moment does it.

mod agenda;
mod arns;
mod arrays;
mod attempts;
mod bad_days;
mod blocking;
mod definitions;
mod dependencies;
mod describing;
mod environments;
mod error;
mod fargate;
mod ids;
mod jobs;
mod list_index;
mod listing;
mod machine_room;
mod override_size;
mod paging;
mod queues;
mod retry;
mod settings;
mod spec;
mod stopping;
mod submission;
mod throttle;
mod time;
mod transitions;
mod validation;

use std::collections::VecDeque;

pub use blocking::BlockingReason;
pub use error::ApiError;
pub use machine_room::{EventKind, Exit, Signal, Start, StateChange, Stop};
pub use settings::{Pace, Settings};
pub use time::Millis;

use agenda::{Agenda, Alarm};
use arns::Arns;
use definitions::Definitions;
use environments::Environments;
use ids::Ids;
use jobs::{JobKey, Jobs};
use list_index::Changes;
use queues::Queues;
use throttle::Throttle;

/// AWS Batch of one account and region.
#[derive(Debug)]
pub struct Account {
    settings: Settings,
    /// The latest moment that it was told.
    now: Millis,
    arns: Arns,
    ids: Ids,
    submit_throttle: Throttle,
    environments: Environments,
    queues: Queues,
    definitions: Definitions,
    jobs: Jobs,
    agenda: Agenda,
    /// When jobs that have ended are forgotten, in order.
    expiries: VecDeque<(Millis, JobKey)>,
    changes: Changes,
    /// Attempts whose starts nobody has taken.
    starts: Vec<(JobKey, u32)>,
    stops: Vec<Stop>,
    events: Vec<StateChange>,
}

impl Account {
    /// An account without environments, queues, definitions and jobs.
    pub fn new(settings: Settings) -> Self {
        Self {
            now: Millis(i64::MIN),
            arns: Arns::new(&settings),
            ids: Ids::new(settings.seed),
            submit_throttle: Throttle::new(settings.submits_per_second),
            settings,
            environments: Environments::new(),
            queues: Queues::default(),
            definitions: Definitions::new(),
            jobs: Jobs::default(),
            agenda: Agenda::default(),
            expiries: VecDeque::new(),
            changes: Changes::default(),
            starts: Vec::new(),
            stops: Vec::new(),
            events: Vec::new(),
        }
    }

    /// As it was made, with the lags of today.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    /// Everything that happens by itself up to `now`: the next statuses, timeouts, the end of a
    /// grace, limits on a state, lists that catch up, and what is kept no longer. Every other call
    /// with a moment does this first. Time never goes back: an earlier `now` counts as the latest.
    pub fn advance(&mut self, now: Millis) {
        let until = now.max(self.now);
        while let Some((at, key, alarm)) = self.agenda.pop(until) {
            self.now = at.max(self.now);
            if let Some(job) = self.jobs.get_mut(key) {
                job.alarms[alarm as usize] = None;
            }
            match alarm {
                Alarm::Step => self.step(key),
                Alarm::Attempt => self.limit_attempt(key),
                Alarm::StateTimeLimit => self.limit_state_time(key),
            }
        }
        self.now = until;
        self.catch_up_lists();
        while let Some((_, key)) = self.expiries.pop_front_if(|(at, _)| *at <= until) {
            self.forget(key);
        }
    }

    /// When [`Self::advance`] would change something that starts, stops or events come from: at
    /// once where it lies in the past. `None` while everything waits for a call. Lists that catch
    /// up and jobs that are forgotten are not counted: only calls see them, and see them right.
    pub fn next_change_at(&self) -> Option<Millis> {
        self.agenda.next()
    }
}

#[cfg(test)]
mod tests;
