//! Arrays: a parent that counts, and children that run.

use std::borrow::Cow;
use std::sync::Arc;

use super::Account;
use super::agenda::Alarm;
use super::jobs::{Array, Job, JobKey};
use crate::wire::{DependencyType, JobStatus};

const CHILD_FAILED: &str = "Array Child Job failed";

impl Account {
    /// Makes the children of a parent whose own dependencies are done.
    pub(super) fn spawn_children(&mut self, key: JobKey) {
        let first = self.jobs.next_key();
        let Some(parent) = self.jobs.get_mut(key) else {
            return;
        };
        let (id, spec, queue) = (
            Arc::clone(&parent.id),
            Arc::clone(&parent.spec),
            parent.queue,
        );
        let hidden_until = parent.hidden_until;
        let Some(array) = parent.parent_mut() else {
            return;
        };
        array.first_child = Some(first);
        let size = array.size;
        let awaited_by = std::mem::take(&mut array.awaited_by);
        for index in 0..size {
            let child_id: Arc<str> = format!("{id}:{index}").into();
            let array = Array::Child { parent: key, index };
            let mut child = self.new_job(child_id, Arc::clone(&spec), queue, array);
            child.hidden_until = hidden_until;
            let child = self.jobs.insert(child);
            self.recount(key, None, JobStatus::Submitted);
            self.note_change(child);
            let step_at = self.now.plus(self.settings.pace.submitted);
            self.set_alarm(child, Alarm::Step, Some(step_at));
        }
        self.tie_children(key);
        for waiting in awaited_by {
            self.satisfy(waiting);
        }
    }

    /// Dependencies of each child by itself.
    fn tie_children(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let children: Vec<JobKey> = job
            .parent()
            .map_or_else(Vec::new, |p| p.children().collect());
        let depends_on = Arc::clone(&job.spec.depends_on);
        for dependency in depends_on.iter() {
            match dependency.kind {
                Some(DependencyType::Sequential) => {
                    for pair in children.windows(2) {
                        self.tie(pair[1], pair[0]);
                    }
                }
                Some(DependencyType::NToN) => {
                    let other = dependency
                        .job_id
                        .as_deref()
                        .and_then(|id| self.jobs.key(id));
                    let other = other.and_then(|key| self.jobs.get(key)?.parent());
                    let others: Vec<JobKey> =
                        other.map_or_else(Vec::new, |parent| parent.children().collect());
                    for (child, other) in children.iter().zip(others) {
                        self.tie(*child, other);
                    }
                }
                None => {}
            }
        }
    }

    /// Counts a child in its new status.
    pub(super) fn recount(&mut self, parent: JobKey, from: Option<JobStatus>, to: JobStatus) {
        let array = self.jobs.get_mut(parent).and_then(Job::parent_mut);
        let Some(array) = array else { return };
        if let Some(from) = from {
            array.counts[from as usize] -= 1;
        }
        array.counts[to as usize] += 1;
        if array.has_ended() {
            self.set_alarm(parent, Alarm::Step, Some(self.now));
        }
    }

    /// Ends the parent, now that all its children have ended.
    pub(super) fn end_array(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let Some(array) = job.parent() else {
            return;
        };
        if array.count(JobStatus::Failed) == 0 {
            self.move_to(key, JobStatus::Succeeded, None);
        } else {
            let reason = job.stop_reason().unwrap_or(Cow::Borrowed(CHILD_FAILED));
            self.move_to(key, JobStatus::Failed, Some(reason));
        }
    }
}
