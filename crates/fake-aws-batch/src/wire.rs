//! What AWS Batch is asked and what it answers, in its own names.
//!
//! Each request and each answer has a struct, with the names and the camelCase of AWS's JSON, as
//! far as this crate has the behaviour behind it. What a request says beyond that is passed over.
//! Moments are milliseconds since 1970, as in AWS's own model.
//!
//! Texts of answers are shared (`Arc<str>`) with the account that they come from: a caller in the
//! same process may read a job a million times.

mod compute_environments;
mod container;
mod job_definitions;
mod job_queues;
mod jobs;
mod listing;
mod stopping;
mod submission;

pub use compute_environments::{
    ComputeEnvironmentDetail, ComputeEnvironmentState, ComputeEnvironmentStatus, ComputeResources,
    ComputeResourcesType, CreateComputeEnvironment, CreatedComputeEnvironment,
    DeleteComputeEnvironment, DescribeComputeEnvironments, DescribedComputeEnvironments,
    UpdateComputeEnvironment,
};
pub use container::{
    EphemeralStorage, FargatePlatformConfiguration, KeyValuePair, LogConfiguration,
    NetworkConfiguration, ResourceRequirement, ResourceType, Secret,
};
pub use job_definitions::{
    ContainerProperties, DefinitionStatus, DeregisterJobDefinition, DescribeJobDefinitions,
    DescribedJobDefinitions, JobDefinition, PlatformCapability, RegisterJobDefinition,
    RegisteredJobDefinition,
};
pub use job_queues::{
    ComputeEnvironmentOrder, CreateJobQueue, CreatedJobQueue, DeleteJobQueue, DescribeJobQueues,
    DescribedJobQueues, FrontOfQueue, FrontOfQueueJob, GetJobQueueSnapshot, JobQueueDetail,
    JobQueueSnapshot, JobQueueState, JobQueueStatus, JobStateTimeLimitAction, LimitedState,
    TimeLimitAction, UpdateJobQueue,
};
pub use jobs::{
    ArrayPropertiesDetail, AttemptContainerDetail, AttemptDetail, ContainerDetail, DescribeJobs,
    DescribedJobs, JobDetail, JobStatus, StatusSummary,
};
pub use listing::{ContainerSummary, JobSummary, KeyValuesPair, ListJobs, ListedJobs};
pub use stopping::{
    CancelJob, CancelJobs, EmptyAnswer, StopError, StoppedJobs, TerminateJob, TerminateJobs,
};
pub use submission::{
    ArrayProperties, ContainerOverrides, DependencyType, EvaluateOnExit, JobDependency, JobTimeout,
    RetryAction, RetryStrategy, SubmitJob, SubmittedJob,
};
