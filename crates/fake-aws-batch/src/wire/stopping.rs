//! CancelJob and TerminateJob, for one job and for many.

use serde::{Deserialize, Serialize};

/// The request of CancelJob. It does nothing to a job that is STARTING or RUNNING, and succeeds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CancelJob {
    /// Which.
    pub job_id: String,
    /// At most 1,024 characters.
    pub reason: String,
}

/// The request of TerminateJob.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TerminateJob {
    /// Which.
    pub job_id: String,
    /// At most 1,024 characters; comes back from DescribeJobs.
    pub reason: String,
}

/// The answer of CancelJob, TerminateJob and what else answers `{}`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EmptyAnswer {}

/// The request of CancelJobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct CancelJobs {
    /// At most 50 ids.
    pub jobs: Vec<String>,
    /// At most 1,024 characters.
    pub reason: String,
}

/// The request of TerminateJobs.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase")]
pub struct TerminateJobs {
    /// At most 50 ids.
    pub jobs: Vec<String>,
    /// At most 1,024 characters.
    pub reason: String,
}

/// The answer of CancelJobs and TerminateJobs. An id that Batch does not know is among the
/// successful ones.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StoppedJobs {
    /// The ids for which the request was accepted.
    pub successful: Vec<String>,
    /// The others.
    pub errors: Vec<StopError>,
}

/// Why one id of many was not accepted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct StopError {
    /// The id.
    pub job: String,
    /// As of an error for the whole request.
    pub code: &'static str,
    /// For people.
    pub message: String,
}
