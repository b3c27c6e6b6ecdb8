//! How long completed jobs worked.

use std::time::Duration;

use batchway_domain::identity::JobTypeName;
use batchway_domain::job::{Job, JobStatus};
use batchway_domain::ports::{FinishedRun, StoreError};
use rusqlite::{Connection, params};

use crate::store_error::store_error;

pub(crate) const RECENT: &str = "
    SELECT work, ran_for FROM runs WHERE job_type = ?1 ORDER BY ended_at DESC, job DESC LIMIT ?2";

/// Notes the run of a completed job whose last attempt has a start and an end.
pub(crate) fn remember(connection: &Connection, number: i64, job: &Job) -> Result<(), StoreError> {
    let Some((ended_at, ran_for)) = last_run(job) else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "REPLACE INTO runs (job, job_type, ended_at, work, ran_for)
             VALUES (?1, ?2, ?3, ?4, ?5)",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                number,
                job.job_type.as_str(),
                ended_at,
                job.work,
                ran_for,
            ])
        })
        .map_err(store_error)?;
    Ok(())
}

/// End and length of the last attempt, in milliseconds.
fn last_run(job: &Job) -> Option<(i64, i64)> {
    if job.status() != JobStatus::Completed {
        return None;
    }
    let attempt = job.attempts.last()?;
    let (started_at, stopped_at) = (attempt.started_at?, attempt.stopped_at?);
    let ran_for = i64::try_from(stopped_at.since(started_at).as_millis()).ok()?;
    let ended_at = job.completed_at.unwrap_or(stopped_at);
    Some((ended_at.as_millis(), ran_for))
}

/// The last runs of a type, newest first.
pub(crate) fn recent(
    connection: &Connection,
    job_type: &JobTypeName,
    limit: usize,
) -> Result<Vec<FinishedRun>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    connection
        .prepare_cached(RECENT)
        .and_then(|mut statement| {
            statement
                .query_map(params![job_type.as_str(), limit], |row| {
                    Ok(FinishedRun {
                        job_type: job_type.clone(),
                        work: row.get(0)?,
                        ran_for: Duration::from_millis(row.get(1)?),
                    })
                })?
                .collect()
        })
        .map_err(store_error)
}
