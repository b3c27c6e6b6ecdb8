//! How a job goes from status to status.
//!
//! ```text
//!                      dependencies              capacity          container
//! SUBMITTED ─────────▶ PENDING ─────▶ RUNNABLE ───────▶ STARTING ─────────▶ RUNNING ─▶ SUCCEEDED
//!     │  without any dependency          ▲  ▲               │                  │
//!     └──────────────────────────────────┘  └───────────────┴── next attempt ──┘
//!
//! Every status but SUCCEEDED leads to FAILED. An array's parent has only SUBMITTED, PENDING,
//! SUCCEEDED and FAILED.
//! ```

use std::cmp::Reverse;
use std::sync::Arc;

use super::Account;
use super::agenda::Alarm;
use super::jobs::{Array, JobKey, OpenAttempt, Reason};
use super::machine_room::{EventKind, StateChange};
use super::queues::Place;
use super::time::Millis;
use crate::wire::JobStatus;

const DEPENDENCY_FAILED: &str = "Dependent Job failed";

impl Account {
    /// The job is in this status from now on. What follows for its queue, its array, those that
    /// wait for it, lists and events follows.
    pub(super) fn move_to(&mut self, key: JobKey, status: JobStatus, reason: Option<Reason>) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        let before = std::mem::replace(&mut job.status, status);
        job.status_reason = reason;
        let array = match job.array {
            Array::Child { parent, .. } => Some(parent),
            Array::None | Array::Parent(_) => None,
        };
        if status.is_terminal() {
            job.stopped_at = Some(now);
            self.agenda.clear(key, &mut job.alarms);
            self.expiries
                .push_back((now.plus(self.settings.retention), key));
        }
        if before == JobStatus::Runnable {
            self.leave_front(key);
        }
        if let Some(parent) = array {
            self.recount(parent, Some(before), status);
        }
        self.note_change(key);
        self.record_event(EventKind::JobStateChange, key);
        if status == JobStatus::Runnable {
            self.enter_front(key);
        }
        if status.is_terminal() {
            self.release_dependents(key, status);
        }
    }

    /// The next status of a job, now that its time in this one is over.
    pub(super) fn step(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let waits = job.waits_for > 0 || job.dependency_failed;
        match job.status {
            JobStatus::Submitted if waits || job.parent().is_some() => {
                self.move_to(key, JobStatus::Pending, None);
                self.leave_pending(key);
            }
            JobStatus::Submitted => self.move_to(key, JobStatus::Runnable, None),
            JobStatus::Pending => self.leave_pending(key),
            JobStatus::Runnable => self.start_attempt(key),
            JobStatus::Starting => self.hand_over(key),
            JobStatus::Running | JobStatus::Succeeded | JobStatus::Failed => {}
        }
    }

    /// Whatever a PENDING job can do now.
    fn leave_pending(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let parent = job.parent();
        if parent.is_some_and(|parent| parent.first_child.is_some()) {
            return self.end_array(key);
        }
        if job.dependency_failed {
            return self.move_to(key, JobStatus::Failed, Some(DEPENDENCY_FAILED.into()));
        }
        if job.waits_for > 0 {
            return;
        }
        if job.is_cancelled {
            let reason = job.stop_reason();
            self.move_to(key, JobStatus::Failed, reason);
        } else if parent.is_some() {
            self.spawn_children(key);
        } else {
            self.move_to(key, JobStatus::Runnable, None);
        }
    }

    fn place(&self, key: JobKey) -> Option<Place> {
        let job = self.jobs.get(key)?;
        let priority = job.spec.scheduling_priority.unwrap_or_default();
        Some((Reverse(priority), job.runnable_since, key))
    }

    fn enter_front(&mut self, key: JobKey) {
        let now = self.now;
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        job.runnable_since = now;
        job.started_at = None;
        let queue = job.queue;
        if let Some(place) = self.place(key) {
            self.queues.get_mut(queue).runnable.insert(place);
        }
        if self.queues.get(queue).starts_jobs() {
            let ready_at = now.plus(self.settings.pace.runnable);
            self.set_alarm(key, Alarm::Step, Some(ready_at));
        }
        self.flag_head(queue);
    }

    /// For a job that is no longer RUNNABLE, or no longer there.
    pub(super) fn leave_front(&mut self, key: JobKey) {
        let (Some(place), Some(job)) = (self.place(key), self.jobs.get(key)) else {
            return;
        };
        let queue = job.queue;
        self.queues.get_mut(queue).runnable.remove(&place);
        self.set_alarm(key, Alarm::Step, None);
        self.set_alarm(key, Alarm::StateTimeLimit, None);
        self.flag_head(queue);
    }

    /// STARTING, or FAILED for what Batch notices only now.
    fn start_attempt(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        if let Some(doom) = &job.spec.doom {
            let reason = doom.clone();
            self.move_to(key, JobStatus::Failed, Some(reason));
            return;
        }
        let task = self.ids.task();
        let is_fargate = job.spec.definition.is_fargate();
        job.attempt = Some(OpenAttempt {
            number: u32::try_from(job.attempts.len()).unwrap_or(u32::MAX) + 1,
            task_arn: self.arns.ecs("task", &task),
            log_stream_name: format!("{}/default/{task}", job.spec.definition.name()).into(),
            host: (!is_fargate).then(|| super::attempts::new_host(&mut self.ids, &self.arns)),
            started_at: None,
            is_taken: false,
            stop: None,
            is_signalled: false,
        });
        self.move_to(key, JobStatus::Starting, None);
        let handed_over_at = self.now.plus(self.settings.pace.starting);
        self.set_alarm(key, Alarm::Step, Some(handed_over_at));
    }

    /// The attempt's start can be taken.
    fn hand_over(&mut self, key: JobKey) {
        let attempt = self.jobs.get(key).and_then(|job| job.attempt.as_ref());
        if let Some(attempt) = attempt {
            self.starts.push((key, attempt.number));
        }
    }

    pub(super) fn set_alarm(&mut self, key: JobKey, alarm: Alarm, at: Option<Millis>) {
        if let Some(job) = self.jobs.get_mut(key) {
            self.agenda.set(key, &mut job.alarms, alarm, at);
        }
    }

    pub(super) fn record_event(&mut self, kind: EventKind, key: JobKey) {
        if !self.settings.records_events {
            return;
        }
        if let Some(job) = self.jobs.get(key) {
            let job = self.detail(job);
            let at = self.now;
            self.events.push(StateChange { kind, at, job });
        }
    }
}

impl super::jobs::Job {
    /// What came with the cancel or terminate, as a `statusReason`.
    pub(super) fn stop_reason(&self) -> Option<Reason> {
        let reason = self.stop_reason.as_ref();
        reason.map(|reason| Reason::Owned(Arc::clone(reason).to_string()))
    }
}
