//! When each job wants to be looked at next, and who gets to do so.

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{DueRequest, StoreError};
use rusqlite::{Connection, params};

use crate::store_error::store_error;
use crate::{records, turns};

pub(crate) const RESCHEDULE: &str = "
    UPDATE due SET at = ?2 WHERE job = (SELECT number FROM jobs WHERE id = ?1)";

pub(crate) const BY_TIME: &str = "
    SELECT job FROM due INDEXED BY due_by_time
    WHERE takes_turns = 0 AND lane = ?1 AND at <= ?2 ORDER BY at, job LIMIT ?3";

pub(crate) const BY_AGE: &str = "
    SELECT job FROM due INDEXED BY due_by_age
    WHERE takes_turns = 0 AND lane = ?1 AND created_at < ?2 ORDER BY created_at, job LIMIT ?3";

pub(crate) const RECORD: &str = "SELECT id, record FROM jobs WHERE number = ?1";

pub(crate) const LEASE: &str = "UPDATE due SET at = max(at, ?2) WHERE job = ?1";

/// A job that was taken, not yet read.
pub(crate) struct Taken {
    id: String,
    record: Vec<u8>,
}

impl Taken {
    /// The job. One that can't be read must not keep a loop from all the others: it is reported,
    /// and left alone until its lease is over.
    pub(crate) fn read(&self) -> Option<Job> {
        records::decode(&self.record)
            .inspect_err(|error| tracing::error!(job = self.id, %error, "a due job is passed over"))
            .ok()
    }
}

/// A job's entry as its record wants it, in place of the one before.
pub(crate) fn enter(
    connection: &Connection,
    number: i64,
    tenant: i64,
    job: &Job,
) -> Result<(), StoreError> {
    let due = job.due();
    connection
        .prepare_cached(
            "INSERT INTO due (job, tenant, lane, takes_turns, at, created_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (job) DO UPDATE
             SET lane = excluded.lane, takes_turns = excluded.takes_turns, at = excluded.at",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                number,
                tenant,
                due.lane.to_string(),
                takes_turns(&due.lane),
                due.at.as_millis(),
                job.created_at.as_millis(),
            ])
        })
        .map_err(store_error)?;
    Ok(())
}

const fn takes_turns(lane: &Lane) -> bool {
    matches!(lane, Lane::Dispatch(_))
}

/// Moves the times of jobs; passes over those that are not there.
pub(crate) fn reschedule(
    connection: &Connection,
    times: &[(JobId, Timestamp)],
) -> Result<(), StoreError> {
    let mut statement = connection.prepare_cached(RESCHEDULE).map_err(store_error)?;
    for (id, at) in times {
        statement
            .execute(params![id.as_str(), at.as_millis()])
            .map_err(store_error)?;
    }
    Ok(())
}

/// Takes jobs of a lane and puts each off by the lease; answers them.
pub(crate) fn take(
    connection: &Connection,
    request: &DueRequest,
    now: Timestamp,
) -> Result<Vec<Taken>, StoreError> {
    let numbers = if takes_turns(&request.lane) {
        turns::next(connection, request, now)
    } else {
        first(connection, request, now)
    }
    .map_err(store_error)?;
    lease(connection, &numbers, now.plus(request.lease)).map_err(store_error)
}

/// The first of a lane, whoever they belong to.
fn first(
    connection: &Connection,
    request: &DueRequest,
    now: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    let (sql, bound) = match request.created_before {
        Some(time) => (BY_AGE, time),
        None => (BY_TIME, now),
    };
    connection
        .prepare_cached(sql)?
        .query_map(
            params![
                request.lane.to_string(),
                bound.as_millis(),
                i64::try_from(request.limit).unwrap_or(i64::MAX),
            ],
            |row| row.get(0),
        )?
        .collect()
}

/// A job that waits longer anyway, as after a failure, is not pulled forward.
fn lease(
    connection: &Connection,
    numbers: &[i64],
    until: Timestamp,
) -> rusqlite::Result<Vec<Taken>> {
    let mut put_off = connection.prepare_cached(LEASE)?;
    numbers
        .iter()
        .map(|number| {
            put_off.execute(params![number, until.as_millis()])?;
            read(connection, *number)
        })
        .collect()
}

/// The job of this number.
pub(crate) fn read(connection: &Connection, number: i64) -> rusqlite::Result<Taken> {
    connection
        .prepare_cached(RECORD)?
        .query_one([number], |row| {
            Ok(Taken {
                id: row.get(0)?,
                record: row.get(1)?,
            })
        })
}
