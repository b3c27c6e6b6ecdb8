//! A job as it stands in its shard's hash: what the scripts need to know of it, then the record,
//! which is opaque to them.

use batchway_domain::job::{Job, JobStatus, Lane};
use batchway_domain::ports::StoreError;
use bytes::Bytes;

use crate::packing;
use crate::reply::unexpected;

/// Bytes before the idempotency key: version, operation, status, lane.
const HEAD: usize = 8 + 16 + 2;

/// What the scripts read and compare.
pub(crate) fn head(job: &Job, operation: u128) -> Vec<u8> {
    let mut head = Vec::with_capacity(HEAD);
    head.extend(job.version.to_be_bytes());
    head.extend(operation.to_be_bytes());
    head.push(status_letter(job.status()));
    head.push(lane_letter(&job.due().lane));
    head
}

/// Reads the record out of a stored value.
pub(crate) fn open(value: &Bytes) -> Result<Job, StoreError> {
    let record = value
        .get(HEAD)
        .and_then(|length| value.get(HEAD + 1 + usize::from(*length)..))
        .ok_or_else(|| unexpected("a job"))?;
    let json = packing::unpack(record)?;
    Job::decode(&json).map_err(|error| StoreError::Unreadable {
        reason: format!("a job: {error}"),
        source: Some(Box::new(error)),
    })
}

/// Stands for a status in index entries and stored values.
pub(crate) const fn status_letter(status: JobStatus) -> u8 {
    match status {
        JobStatus::Queued => b'q',
        JobStatus::Running => b'r',
        JobStatus::Completed => b'c',
        JobStatus::Failed => b'f',
        JobStatus::Cancelled => b'x',
    }
}

const fn lane_letter(lane: &Lane) -> u8 {
    match lane {
        Lane::Dispatch(_) => b'd',
        Lane::Resolve(_) => b'r',
        Lane::Watch(_) => b'w',
        Lane::Remove => b'm',
    }
}

/// A job's entry in its user's index, without the status letter before it.
pub(crate) fn index_rest(job: &Job) -> String {
    let id = &job.id.as_str()[ID_PREFIX.len()..];
    format!("{}:{id}", job.job_type)
}

/// What every job id begins with; left out of index entries.
pub(crate) const ID_PREFIX: &str = "job_";
