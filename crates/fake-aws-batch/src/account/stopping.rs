//! CancelJob and TerminateJob.

use std::sync::Arc;

use super::Account;
use super::attempts::QUEUE_DELETED;
use super::error::ApiError;
use super::jobs::{Job, JobKey, StopCause};
use super::queues::QueueKey;
use super::time::Millis;
use crate::wire::{CancelJobs, JobStatus, StopError, StoppedJobs, TerminateJobs};

const MAX_REASON: usize = 1024;
const MAX_IDS: usize = 50;

#[derive(Clone, Copy)]
enum How {
    Cancel,
    Terminate,
}

impl Account {
    /// CancelJob. An unknown, ended, STARTING or RUNNING job is left as it is, and the call
    /// succeeds.
    ///
    /// # Errors
    /// `ClientException` for a missing id, a missing reason or one of more than 1,024 characters.
    pub fn cancel_job(&mut self, id: &str, reason: &str, now: Millis) -> Result<(), ApiError> {
        self.advance(now);
        self.stop_by_id(How::Cancel, id, reason)
    }

    /// TerminateJob. An unknown or ended job is left as it is, and the call succeeds.
    ///
    /// # Errors
    /// `ClientException` for a missing id, a missing reason or one of more than 1,024 characters.
    pub fn terminate_job(&mut self, id: &str, reason: &str, now: Millis) -> Result<(), ApiError> {
        self.advance(now);
        self.stop_by_id(How::Terminate, id, reason)
    }

    /// CancelJobs.
    ///
    /// # Errors
    /// `ClientException` for more than 50 ids or none, and a reason as for [`Self::cancel_job`].
    pub fn cancel_jobs(
        &mut self,
        request: &CancelJobs,
        now: Millis,
    ) -> Result<StoppedJobs, ApiError> {
        self.advance(now);
        self.stop_many(How::Cancel, &request.jobs, &request.reason)
    }

    /// TerminateJobs.
    ///
    /// # Errors
    /// `ClientException` for more than 50 ids or none, and a reason as for
    /// [`Self::terminate_job`].
    pub fn terminate_jobs(
        &mut self,
        request: &TerminateJobs,
        now: Millis,
    ) -> Result<StoppedJobs, ApiError> {
        self.advance(now);
        self.stop_many(How::Terminate, &request.jobs, &request.reason)
    }

    fn stop_many(
        &mut self,
        how: How,
        ids: &[String],
        reason: &str,
    ) -> Result<StoppedJobs, ApiError> {
        if !(1..=MAX_IDS).contains(&ids.len()) {
            return Err(ApiError::client(format!(
                "Between 1 and {MAX_IDS} jobs can be stopped at once, got {}.",
                ids.len()
            )));
        }
        check_reason(reason)?;
        let mut stopped = StoppedJobs::default();
        for id in ids {
            match self.stop_by_id(how, id, reason) {
                Ok(()) => stopped.successful.push(id.clone()),
                Err(error) => stopped.errors.push(StopError {
                    job: id.clone(),
                    code: "ValidationException",
                    message: error.message,
                }),
            }
        }
        Ok(stopped)
    }

    fn stop_by_id(&mut self, how: How, id: &str, reason: &str) -> Result<(), ApiError> {
        check_reason(reason)?;
        if id.is_empty() {
            return Err(ApiError::client("jobId must not be empty."));
        }
        if let Some(key) = self.jobs.key(id) {
            self.stop(how, key, &reason.into());
        }
        Ok(())
    }

    fn stop(&mut self, how: How, key: JobKey, reason: &Arc<str>) {
        let Some(job) = self.jobs.get_mut(key) else {
            return;
        };
        let has_attempt = matches!(job.status, JobStatus::Starting | JobStatus::Running);
        if job.status.is_terminal() || (has_attempt && matches!(how, How::Cancel)) {
            return;
        }
        match how {
            How::Cancel => job.is_cancelled = true,
            How::Terminate => job.is_terminated = true,
        }
        job.stop_reason.get_or_insert_with(|| Arc::clone(reason));
        let children = job.parent().map(|parent| parent.children());
        let waits = job.status == JobStatus::Pending && job.waits_for > 0;
        self.note_change(key);
        if has_attempt {
            self.stop_attempt(key, StopCause::Terminated);
            return;
        }
        let children: Vec<JobKey> = children.into_iter().flatten().collect();
        if !children.is_empty() {
            for child in children {
                self.stop(how, child, reason);
            }
        } else if !(waits && matches!(how, How::Cancel)) {
            let reason = self.jobs.get(key).and_then(Job::stop_reason);
            self.move_to(key, JobStatus::Failed, reason);
        }
    }

    /// Every job of the queue fails: what waits at once, what runs once it has stopped.
    pub(super) fn end_jobs_of_deleted_queue(&mut self, queue: QueueKey) {
        let is_live = |job: &Job| job.queue == queue && !job.status.is_terminal();
        let live = |key: &JobKey| self.jobs.get(*key).is_some_and(is_live);
        let keys: Vec<JobKey> = self.jobs.keys().filter(live).collect();
        for key in keys {
            let job = self.jobs.get(key);
            let parent = job.and_then(Job::parent);
            // A parent ends with its children.
            let has_children = parent.is_some_and(|parent| parent.first_child.is_some());
            if !has_children && !self.stop_attempt(key, StopCause::QueueDeleted) {
                self.move_to(key, JobStatus::Failed, Some(QUEUE_DELETED.into()));
            }
        }
    }
}

fn check_reason(reason: &str) -> Result<(), ApiError> {
    let length = reason.chars().count();
    if !(1..=MAX_REASON).contains(&length) {
        return Err(ApiError::client(format!(
            "reason must have 1 to {MAX_REASON} characters, got {length}."
        )));
    }
    Ok(())
}
