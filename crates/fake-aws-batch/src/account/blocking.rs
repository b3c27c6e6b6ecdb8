//! Why jobs wait: queues that start nothing, the head that says so, and the limit on that.

use super::Account;
use super::agenda::Alarm;
use super::error::ApiError;
use super::jobs::JobKey;
use super::machine_room::EventKind;
use super::queues::QueueKey;
use super::time::Millis;
use crate::wire::JobStatus;

/// Why the head of a queue can't start, as Batch says it in the job's `statusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockingReason {
    /// No capacity for the instance types.
    InsufficientInstanceCapacity,
    /// The environment's maxvCpus is too small for the request.
    ComputeEnvironmentMaxResource,
    /// The job asks for more than any instance type has.
    JobResourceRequirement,
    /// The instance configuration is not supported.
    InstanceConfigurationUnsupported,
    /// The service role lacks rights.
    ServiceRolePermissions,
    /// The compute environment is invalid.
    ActionRequired,
    /// Nobody knows.
    Undetermined,
}

impl BlockingReason {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::InsufficientInstanceCapacity,
        Self::ComputeEnvironmentMaxResource,
        Self::JobResourceRequirement,
        Self::InstanceConfigurationUnsupported,
        Self::ServiceRolePermissions,
        Self::ActionRequired,
        Self::Undetermined,
    ];

    /// Those for which a queue can have a `jobStateTimeLimitAction`.
    pub(super) const LIMITABLE: [Self; 3] = [
        Self::InsufficientInstanceCapacity,
        Self::ComputeEnvironmentMaxResource,
        Self::JobResourceRequirement,
    ];

    /// The token before the first space of the text.
    pub const fn code(self) -> &'static str {
        match self {
            Self::InsufficientInstanceCapacity => "CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY",
            Self::ComputeEnvironmentMaxResource => {
                "MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE"
            }
            Self::JobResourceRequirement => "MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT",
            Self::InstanceConfigurationUnsupported => {
                "MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED"
            }
            Self::ServiceRolePermissions => "MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS",
            Self::ActionRequired => "ACTION_REQUIRED",
            Self::Undetermined => "UNDETERMINED",
        }
    }

    const fn text(self) -> &'static str {
        match self {
            Self::InsufficientInstanceCapacity => {
                "Service cannot fulfill the capacity requested for instance type"
            }
            Self::ComputeEnvironmentMaxResource => {
                "CE(s) associated with the job queue cannot meet the CPU requirement of the job"
            }
            Self::JobResourceRequirement => {
                "The job resource requirement is higher than that can be met by the CE(s)"
            }
            Self::InstanceConfigurationUnsupported => {
                "The instance configuration of the CE(s) is not supported"
            }
            Self::ServiceRolePermissions => "Batch service role has a permission issue",
            Self::ActionRequired => "CE(s) associated with the job queue are invalid",
            Self::Undetermined => "The reason could not be determined",
        }
    }
}

impl Account {
    /// Nothing in the queue starts any more, and its head says why.
    ///
    /// # Errors
    /// `ClientException` for an unknown queue.
    pub fn block_queue_head(
        &mut self,
        queue: &str,
        reason: BlockingReason,
        now: Millis,
    ) -> Result<(), ApiError> {
        self.advance(now);
        let key = self.queue_key(queue)?;
        self.unflag(key);
        self.queues.get_mut(key).blocked = Some(reason);
        self.reschedule_runnable(key);
        self.flag_head(key);
        Ok(())
    }

    /// Ends [`Self::block_queue_head`].
    ///
    /// # Errors
    /// `ClientException` for an unknown queue.
    pub fn unblock_queue(&mut self, queue: &str, now: Millis) -> Result<(), ApiError> {
        self.advance(now);
        let key = self.queue_key(queue)?;
        self.unflag(key);
        self.queues.get_mut(key).blocked = None;
        self.reschedule_runnable(key);
        Ok(())
    }

    /// Sets when the queue's RUNNABLE jobs go on, or that they don't.
    pub(super) fn reschedule_runnable(&mut self, queue: QueueKey) {
        let queue = self.queues.get(queue);
        let starts = queue.starts_jobs();
        let places: Vec<(Millis, JobKey)> = queue
            .runnable
            .iter()
            .map(|(_, since, key)| (*since, *key))
            .collect();
        for (since, job) in places {
            let ready_at = since.plus(self.settings.pace.runnable).max(self.now);
            self.set_alarm(job, Alarm::Step, starts.then_some(ready_at));
        }
    }

    /// Lets the head of a blocked queue say why it can't start, if it is a new one.
    pub(super) fn flag_head(&mut self, key: QueueKey) {
        let queue = self.queues.get_mut(key);
        let Some(reason) = queue.blocked else { return };
        let head = queue.runnable.first().map(|(.., job)| *job);
        if head == queue.flagged {
            return;
        }
        self.unflag(key);
        let Some(head) = head else { return };
        let queue = self.queues.get_mut(key);
        queue.flagged = Some(head);
        let limits = queue.detail.job_state_time_limit_actions.iter();
        let limit = limits
            .filter(|limit| limit.reason == reason.code())
            .map(|limit| Millis::from_secs(i64::from(limit.max_time_seconds)))
            .min();
        if let Some(job) = self.jobs.get_mut(head) {
            job.status_reason = Some(format!("{} - {}", reason.code(), reason.text()).into());
        }
        let limited_at = limit.map(|limit| self.now.plus(limit));
        self.set_alarm(head, Alarm::StateTimeLimit, limited_at);
        self.note_change(head);
        self.record_event(EventKind::JobQueueBlocked, head);
    }

    fn unflag(&mut self, key: QueueKey) {
        let Some(flagged) = self.queues.get_mut(key).flagged.take() else {
            return;
        };
        self.set_alarm(flagged, Alarm::StateTimeLimit, None);
        if let Some(job) = self.jobs.get_mut(flagged)
            && job.status == JobStatus::Runnable
        {
            job.status_reason = None;
            self.note_change(flagged);
        }
    }

    /// The flagged head has been RUNNABLE for too long.
    pub(super) fn limit_state_time(&mut self, key: JobKey) {
        let Some(job) = self.jobs.get(key) else {
            return;
        };
        let Some(reason) = self.queues.get(job.queue).blocked else {
            return;
        };
        let reason = format!(
            "Canceled by JobStateTimeLimit action due to reason: {}",
            reason.code()
        );
        self.move_to(key, JobStatus::Failed, Some(reason.into()));
    }
}
