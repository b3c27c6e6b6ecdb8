//! What the gateway and the runner say to each other: environment variables, exit codes, and
//! the bodies of the runner's one route.

use serde::{Deserialize, Serialize};

use crate::job::BackendId;

pub mod program_log;
pub mod run_folder;

/// Environment variables that the gateway sets for a job.
pub mod variables {
    /// The job's id.
    pub const JOB_ID: &str = "JOB_ID";
    /// The owner's name.
    pub const USER_ID: &str = "USER_ID";
    /// First part of every key.
    pub const ENV: &str = "ENV";
    /// The whole params as JSON.
    pub const JOB_PARAMS: &str = "JOB_PARAMS";
    /// The bucket of the artifacts, where they lie in S3.
    pub const S3_BUCKET: &str = "S3_BUCKET";
    /// Which try of the job, from 1.
    pub const TRY: &str = "BATCHWAY_TRY";
    /// The type of the job.
    pub const JOB_TYPE: &str = "BATCHWAY_JOB_TYPE";
    /// The backend's id of this try. AWS Batch sets its own `AWS_BATCH_JOB_ID` instead.
    pub const BACKEND_ID: &str = "BATCHWAY_BACKEND_ID";
    /// Where the gateway listens for progress.
    pub const GATEWAY_URL: &str = "BATCHWAY_GATEWAY_URL";
    /// The runner's token for that.
    pub const JOB_TOKEN: &str = "BATCHWAY_JOB_TOKEN";
    /// Ids of the jobs whose artifacts are the input, joined by commas.
    pub const INPUT_RUNS: &str = "BATCHWAY_INPUT_RUNS";
    /// Folder of the artifact store, where it is one.
    pub const ARTIFACTS_DIR: &str = "BATCHWAY_ARTIFACTS_DIR";
    /// `1` where the runner has to pass the gate before it starts the program.
    pub const GATED: &str = "BATCHWAY_GATED";
    /// Set by AWS Batch: which attempt of the try, from 1. Elsewhere a try has only one.
    pub const ATTEMPT: &str = "AWS_BATCH_JOB_ATTEMPT";
    /// Set by AWS Batch: its id of the try.
    pub const AWS_BATCH_JOB_ID: &str = "AWS_BATCH_JOB_ID";
    /// Seconds, with or without a fraction, after which the runner ends the program; unset for
    /// no limit.
    pub const TIMEOUT_SECONDS: &str = "BATCHWAY_TIMEOUT_SECONDS";
    /// Seconds from `SIGTERM` to `SIGKILL` (10).
    pub const STOP_GRACE_SECONDS: &str = "BATCHWAY_STOP_GRACE_SECONDS";
    /// The least number of seconds from one upload of a checkpoint to the next (30).
    pub const CHECKPOINT_SECONDS: &str = "BATCHWAY_CHECKPOINT_SECONDS";
    /// Cores that the program may use, such as 0.5; unset where the backend limits it, or
    /// nobody does.
    pub const CPUS: &str = "BATCHWAY_CPUS";
    /// Memory in bytes that the program may take; unset as with the cores.
    pub const MEMORY_BYTES: &str = "BATCHWAY_MEMORY_BYTES";
    /// `0` to do without control groups, which hold the limits wherever they can be made.
    pub const CONTROL_GROUPS: &str = "BATCHWAY_CONTROL_GROUPS";
    /// The most that is kept of the program's output, in bytes (16 MiB).
    pub const LOG_BYTES: &str = "BATCHWAY_LOG_BYTES";
    /// Folder in which the runner makes the program's folders (a new one below the system's
    /// folder for temporary files).
    pub const WORK_DIR: &str = "BATCHWAY_WORK_DIR";

    /// Set by the runner for the program: file with the same as `JOB_PARAMS`.
    pub const PARAMS_FILE: &str = "BATCHWAY_PARAMS_FILE";
    /// Set by the runner for the program: folder for results.
    pub const OUTPUT_DIR: &str = "BATCHWAY_OUTPUT_DIR";
    /// Set by the runner for the program: takes progress as JSON lines.
    pub const PROGRESS: &str = "BATCHWAY_PROGRESS";
    /// Set by the runner for the program: folder for checkpoints.
    pub const CHECKPOINT_DIR: &str = "BATCHWAY_CHECKPOINT_DIR";
    /// Set by the runner for the program: folder with `{job_id}/` for each input.
    pub const INPUT_DIR: &str = "BATCHWAY_INPUT_DIR";
}

/// Exit codes of the runner that mean something of their own. Others are the program's, which is
/// said to have ended with another where it ends with one of these.
pub mod exit_codes {
    /// The program was told to stop by a signal to the runner: by who stops the job, or by its
    /// machine, as at a shutdown.
    pub const STOPPED: i32 = 118;
    /// The program was told to stop on the gateway's order, in an answer to a report.
    pub const STOPPED_BY_GATEWAY: i32 = 119;
    /// Another copy of the try has the gate, or the try was cancelled: nothing was done.
    pub const GATE_CLOSED: i32 = 120;
    /// The gate could not be read, so nothing was done.
    pub const GATE_UNREACHABLE: i32 = 121;
    /// The program could not be started, or its params or inputs could not be had.
    pub const NOT_STARTED: i32 = 122;
    /// The program ended, and its results could not be stored.
    pub const RESULTS_NOT_STORED: i32 = 123;
    /// The program was ended for running too long.
    pub const TIMED_OUT: i32 = 124;
    /// The program was ended for the memory it took.
    pub const OUT_OF_MEMORY: i32 = 125;
}

/// A line that the program writes to `$BATCHWAY_PROGRESS`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct ProgressLine {
    /// From 0 to 1.
    #[serde(default)]
    pub progress: Option<f64>,
    /// The program's own words.
    #[serde(default)]
    pub message: Option<String>,
}

/// `POST {gateway}/api/v1/runner/reports` with the job token: progress, or only a sign of life.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunnerReport {
    /// Who reports.
    pub backend_id: BackendId,
    /// Which attempt of the try, from 1.
    pub attempt: u32,
    /// From 0 to 1; absent while nothing is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress: Option<f64>,
    /// The program's own words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
}

/// The answer to a [`RunnerReport`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunnerOrder {
    /// Whether the runner is to end its program: the job is cancelled, has ended, or has gone
    /// on to another try or copy.
    pub stop: bool,
}
