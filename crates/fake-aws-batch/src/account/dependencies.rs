//! Jobs that wait for other jobs.

use super::Account;
use super::agenda::Alarm;
use super::error::ApiError;
use super::jobs::{Job, JobKey};
use crate::wire::{DependencyType, JobStatus, SubmitJob};

impl Account {
    /// The jobs that a new one waits for as a whole, and the arrays whose children its own wait
    /// for.
    pub(super) fn dependencies(
        &self,
        request: &SubmitJob,
    ) -> Result<Vec<(JobKey, Option<DependencyType>)>, ApiError> {
        let named = request
            .depends_on
            .iter()
            .filter_map(|dependency| Some((dependency.job_id.as_deref()?, dependency.kind)));
        named
            .map(|(id, kind)| match self.jobs.key(id) {
                Some(key) => self.check_n_to_n(request, key, kind).map(|()| (key, kind)),
                None => Err(ApiError::client(format!(
                    "Dependent job {id} does not exist."
                ))),
            })
            .collect()
    }

    fn check_n_to_n(
        &self,
        request: &SubmitJob,
        other: JobKey,
        kind: Option<DependencyType>,
    ) -> Result<(), ApiError> {
        let other = self.jobs.get(other).and_then(Job::parent);
        let size = |size: u32| i32::try_from(size).ok();
        let asked = request.array_properties.and_then(|array| array.size);
        if kind.is_some() && other.and_then(|other| size(other.size)) != asked {
            return Err(ApiError::client(
                "An N_TO_N dependency is on an array job of the same size.",
            ));
        }
        Ok(())
    }

    /// Ties a new job to what it depends on.
    pub(super) fn tie_all(
        &mut self,
        key: JobKey,
        dependencies: Vec<(JobKey, Option<DependencyType>)>,
    ) {
        for (on, kind) in dependencies {
            match kind {
                Some(_) => self.tie_to_children(key, on),
                None => self.tie(key, on),
            }
        }
    }

    /// `key` waits until `on` has succeeded.
    pub(super) fn tie(&mut self, key: JobKey, on: JobKey) {
        let Some(dependency) = self.jobs.get_mut(on) else {
            return;
        };
        let status = dependency.status;
        if !status.is_terminal() {
            dependency.dependents.push(key);
        }
        if let Some(job) = self.jobs.get_mut(key) {
            match status {
                JobStatus::Succeeded => {}
                JobStatus::Failed => job.dependency_failed = true,
                _ => job.waits_for += 1,
            }
        }
    }

    /// `key` waits until `on` has children for its own to wait for.
    fn tie_to_children(&mut self, key: JobKey, on: JobKey) {
        let Some(other) = self.jobs.get_mut(on) else {
            return;
        };
        let has_failed = other.status == JobStatus::Failed;
        let Some(array) = other.parent_mut() else {
            return;
        };
        let is_there = array.first_child.is_some();
        if !is_there && !has_failed {
            array.awaited_by.push(key);
        }
        if let Some(job) = self.jobs.get_mut(key).filter(|_| !is_there) {
            if has_failed {
                job.dependency_failed = true;
            } else {
                job.waits_for += 1;
            }
        }
    }

    /// A job has ended: those that wait for it go on, or fail.
    pub(super) fn release_dependents(&mut self, key: JobKey, status: JobStatus) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        let waiting = std::mem::take(&mut job.dependents);
        let array = job.parent_mut();
        let never_spawned =
            array.map_or_else(Vec::new, |array| std::mem::take(&mut array.awaited_by));
        for dependent in waiting {
            if status == JobStatus::Succeeded {
                self.satisfy(dependent);
            } else {
                self.disappoint(dependent);
            }
        }
        for dependent in never_spawned {
            self.disappoint(dependent);
        }
    }

    /// One dependency less.
    pub(super) fn satisfy(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        job.waits_for = job.waits_for.saturating_sub(1);
        if job.waits_for == 0 && job.status == JobStatus::Pending {
            let step_at = self.now.plus(self.settings.pace.pending);
            self.set_alarm(key, Alarm::Step, Some(step_at));
        }
    }

    /// A dependency failed, and so will this job: as a step of its own, as chains can be long.
    fn disappoint(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        job.dependency_failed = true;
        if job.status == JobStatus::Pending {
            self.set_alarm(key, Alarm::Step, Some(self.now));
        }
    }
}
