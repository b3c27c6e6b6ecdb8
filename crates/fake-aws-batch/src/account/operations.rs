//! The operations of the API.

use super::time::Millis;
use super::{Account, ApiError};
use crate::wire::*;

type Answer<T> = Result<T, ApiError>;

fn soon<T>() -> Answer<T> {
    Err(ApiError::server())
}

impl Account {
    /// SubmitJob.
    pub fn submit_job(&mut self, _request: &SubmitJob, _now: Millis) -> Answer<SubmittedJob> {
        soon()
    }
    /// DescribeJobs.
    pub fn describe_jobs(&mut self, _ids: &[String], _now: Millis) -> Answer<Vec<JobDetail>> {
        soon()
    }
    /// ListJobs.
    pub fn list_jobs(&mut self, _request: &ListJobs, _now: Millis) -> Answer<ListedJobs> {
        soon()
    }
    /// CancelJob.
    pub fn cancel_job(&mut self, _id: &str, _reason: &str, _now: Millis) -> Answer<()> {
        soon()
    }
    /// TerminateJob.
    pub fn terminate_job(&mut self, _id: &str, _reason: &str, _now: Millis) -> Answer<()> {
        soon()
    }
    /// CancelJobs.
    pub fn cancel_jobs(&mut self, _request: &CancelJobs, _now: Millis) -> Answer<StoppedJobs> {
        soon()
    }
    /// TerminateJobs.
    pub fn terminate_jobs(
        &mut self,
        _request: &TerminateJobs,
        _now: Millis,
    ) -> Answer<StoppedJobs> {
        soon()
    }
    /// CreateJobQueue.
    pub fn create_job_queue(
        &mut self,
        _request: &CreateJobQueue,
        _now: Millis,
    ) -> Answer<CreatedJobQueue> {
        soon()
    }
    /// UpdateJobQueue.
    pub fn update_job_queue(
        &mut self,
        _request: &UpdateJobQueue,
        _now: Millis,
    ) -> Answer<CreatedJobQueue> {
        soon()
    }
    /// DeleteJobQueue.
    pub fn delete_job_queue(&mut self, _request: &DeleteJobQueue, _now: Millis) -> Answer<()> {
        soon()
    }
    /// DescribeJobQueues.
    pub fn describe_job_queues(
        &mut self,
        _request: &DescribeJobQueues,
        _now: Millis,
    ) -> Answer<DescribedJobQueues> {
        soon()
    }
    /// GetJobQueueSnapshot.
    pub fn get_job_queue_snapshot(
        &mut self,
        _request: &GetJobQueueSnapshot,
        _now: Millis,
    ) -> Answer<JobQueueSnapshot> {
        soon()
    }
    /// RegisterJobDefinition.
    pub fn register_job_definition(
        &mut self,
        _request: &RegisterJobDefinition,
        _now: Millis,
    ) -> Answer<RegisteredJobDefinition> {
        soon()
    }
    /// DeregisterJobDefinition.
    pub fn deregister_job_definition(
        &mut self,
        _request: &DeregisterJobDefinition,
        _now: Millis,
    ) -> Answer<()> {
        soon()
    }
    /// DescribeJobDefinitions.
    pub fn describe_job_definitions(
        &mut self,
        _request: &DescribeJobDefinitions,
        _now: Millis,
    ) -> Answer<DescribedJobDefinitions> {
        soon()
    }
    /// CreateComputeEnvironment.
    pub fn create_compute_environment(
        &mut self,
        _request: &CreateComputeEnvironment,
        _now: Millis,
    ) -> Answer<CreatedComputeEnvironment> {
        soon()
    }
    /// UpdateComputeEnvironment.
    pub fn update_compute_environment(
        &mut self,
        _request: &UpdateComputeEnvironment,
        _now: Millis,
    ) -> Answer<CreatedComputeEnvironment> {
        soon()
    }
    /// DeleteComputeEnvironment.
    pub fn delete_compute_environment(
        &mut self,
        _request: &DeleteComputeEnvironment,
        _now: Millis,
    ) -> Answer<()> {
        soon()
    }
    /// DescribeComputeEnvironments.
    pub fn describe_compute_environments(
        &mut self,
        _request: &DescribeComputeEnvironments,
        _now: Millis,
    ) -> Answer<DescribedComputeEnvironments> {
        soon()
    }
}
