//! What happens on a bad day, on demand.

use super::time::Millis;
use super::{Account, ApiError};

/// Why the head of a queue can't start, as Batch says it in the job's `statusReason`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockingReason {
    /// `CAPACITY:INSUFFICIENT_INSTANCE_CAPACITY`
    InsufficientInstanceCapacity,
    /// `MISCONFIGURATION:COMPUTE_ENVIRONMENT_MAX_RESOURCE`
    ComputeEnvironmentMaxResource,
    /// `MISCONFIGURATION:JOB_RESOURCE_REQUIREMENT`
    JobResourceRequirement,
    /// `MISCONFIGURATION:EC2_INSTANCE_CONFIGURATION_UNSUPPORTED`
    InstanceConfigurationUnsupported,
    /// `MISCONFIGURATION:SERVICE_ROLE_PERMISSIONS`
    ServiceRolePermissions,
    /// `ACTION_REQUIRED`
    ActionRequired,
    /// `UNDETERMINED`
    Undetermined,
}

impl Account {
    /// Spot takes the job's host or task back: the attempt ends, and the retry strategy decides.
    /// Whether there was an attempt to end.
    pub fn reclaim_spot(&mut self, _id: &str, _now: Millis) -> bool {
        false
    }

    /// The job's host dies: the attempt ends, and the retry strategy decides. Whether there was
    /// an attempt to end.
    pub fn lose_host(&mut self, _id: &str, _now: Millis) -> bool {
        false
    }

    /// Batch forgets the job, whatever state it is in. Its container is not touched. Whether
    /// there was one.
    pub fn vanish(&mut self, _id: &str) -> bool {
        false
    }

    /// Neither DescribeJobs nor ListJobs shows the job before `until`. Whether there is one.
    pub fn hide(&mut self, _id: &str, _until: Millis) -> bool {
        false
    }

    /// How long ListJobs lags behind from now on.
    pub fn set_list_lag(&mut self, _lag: Millis) {}

    /// How long from now on a new job is absent from DescribeJobs.
    pub fn set_describe_lag(&mut self, _lag: Millis) {}

    /// Nothing in the queue starts any more, and its head says why.
    ///
    /// # Errors
    /// There is no such queue.
    pub fn block_queue_head(
        &mut self,
        _queue: &str,
        _reason: BlockingReason,
        _now: Millis,
    ) -> Result<(), ApiError> {
        Ok(())
    }

    /// Ends [`Self::block_queue_head`].
    ///
    /// # Errors
    /// There is no such queue.
    pub fn unblock_queue(&mut self, _queue: &str, _now: Millis) -> Result<(), ApiError> {
        Ok(())
    }
}
