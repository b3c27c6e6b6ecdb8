//! The rows of jobs: finding them, and putting one in place of another.

use std::sync::Arc;

use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{CommitError, JobCommit, StoreError};
use rusqlite::{Connection, OptionalExtension, Params, params};

use crate::mirror_backlog::{self, BehindSince};
use crate::store_error::{store_error, unreadable};
use crate::tenants::Tenant;
use crate::{deliveries, due, events, idempotency, runs};

pub(crate) const LOAD: &str = "SELECT record FROM jobs WHERE id = ?1";

pub(crate) const FIND: &str = "SELECT record FROM jobs WHERE id = ?1 AND tenant = ?2";

pub(crate) const PARAMS: &str = "
    SELECT params.json FROM jobs JOIN params ON params.job = jobs.number WHERE jobs.id = ?1";

pub(crate) const STANDING: &str =
    "SELECT number, tenant, version, operation FROM jobs WHERE id = ?1";

pub(crate) const UPDATE: &str = "
    UPDATE jobs SET status = ?2, version = ?3, operation = ?4, record = ?5 WHERE number = ?1";

pub(crate) const DELETE: &str = "DELETE FROM jobs WHERE number = ?1";

/// Reads a stored record.
pub(crate) fn decode(record: &[u8]) -> Result<Job, StoreError> {
    Job::decode(record).map_err(|error| unreadable("a job", error))
}

/// Any job.
pub(crate) fn load(connection: &Connection, id: &JobId) -> Result<Option<Job>, StoreError> {
    one_record(connection, LOAD, [id.as_str()])
}

/// A job of this user.
pub(crate) fn find(
    connection: &Connection,
    tenant: &Tenant,
    id: &JobId,
) -> Result<Option<Job>, StoreError> {
    one_record(connection, FIND, params![id.as_str(), tenant.number])
}

fn one_record(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Option<Job>, StoreError> {
    let record: Option<Vec<u8>> = connection
        .prepare_cached(sql)
        .and_then(|mut statement| statement.query_one(parameters, |row| row.get(0)).optional())
        .map_err(store_error)?;
    record.as_deref().map(decode).transpose()
}

/// The params of a job.
pub(crate) fn params_of(
    connection: &Connection,
    id: &JobId,
) -> Result<Option<Arc<str>>, StoreError> {
    connection
        .prepare_cached(PARAMS)
        .and_then(|mut statement| {
            statement
                .query_one([id.as_str()], |row| row.get(0))
                .optional()
        })
        .map_err(store_error)
}

/// Records a new job and its params; answers its number.
pub(crate) fn insert(
    connection: &Connection,
    tenant: i64,
    job: &Job,
    json: &str,
    idempotency_key: Option<&str>,
) -> Result<i64, StoreError> {
    let number = connection
        .prepare_cached(
            "INSERT INTO jobs (id, tenant, job_type, status, version, idempotency_key, record)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        )
        .and_then(|mut statement| {
            statement.insert(params![
                job.id.as_str(),
                tenant,
                job.job_type.as_str(),
                job.status().as_str(),
                job.version,
                idempotency_key,
                job.encode(),
            ])
        })
        .map_err(store_error)?;
    connection
        .prepare_cached("INSERT INTO params (job, json) VALUES (?1, ?2)")
        .and_then(|mut statement| statement.execute(params![number, json]))
        .map_err(store_error)?;
    Ok(number)
}

/// What a change is checked against.
struct Standing {
    number: i64,
    tenant: i64,
    version: u64,
    operation: Option<[u8; 16]>,
}

fn standing(connection: &Connection, id: &JobId) -> Result<Standing, CommitError> {
    connection
        .prepare_cached(STANDING)
        .and_then(|mut statement| {
            statement
                .query_one([id.as_str()], |row| {
                    Ok(Standing {
                        number: row.get(0)?,
                        tenant: row.get(1)?,
                        version: row.get(2)?,
                        operation: row.get(3)?,
                    })
                })
                .optional()
        })
        .map_err(store_error)?
        .ok_or(CommitError::NotFound)
}

/// Puts a changed record in place of the one that the change was decided on.
pub(crate) fn commit(
    connection: &Connection,
    commit: &JobCommit,
    behind_since: BehindSince,
) -> Result<(), CommitError> {
    let standing = standing(connection, &commit.job.id)?;
    let operation = commit.operation.to_be_bytes();
    let version = commit.expected_version + 1;
    if standing.version == version && standing.operation == Some(operation) {
        return Ok(());
    }
    if standing.version != commit.expected_version {
        return Err(CommitError::Conflict);
    }
    connection
        .prepare_cached(UPDATE)
        .and_then(|mut statement| {
            statement.execute(params![
                standing.number,
                commit.job.status().as_str(),
                version,
                operation,
                commit.job.encode(),
            ])
        })
        .map_err(store_error)?;
    due::enter(connection, standing.number, standing.tenant, &commit.job)?;
    events::append(connection, standing.number, standing.tenant, &commit.events)?;
    deliveries::write(
        connection,
        standing.number,
        standing.tenant,
        &commit.deliveries(),
    )?;
    runs::remember(connection, standing.number, &commit.job)?;
    mirror_backlog::enter(connection, standing.number, behind_since)?;
    Ok(())
}

/// Forgets a job and all that belongs to it, but for its idempotency key.
pub(crate) fn remove(
    connection: &Connection,
    id: &JobId,
    expected_version: u64,
) -> Result<(), CommitError> {
    let standing = standing(connection, id)?;
    if standing.version != expected_version {
        return Err(CommitError::Conflict);
    }
    idempotency::keep_last_record(connection, standing.number)?;
    connection
        .prepare_cached(DELETE)
        .and_then(|mut statement| statement.execute([standing.number]))
        .map_err(store_error)?;
    Ok(())
}
