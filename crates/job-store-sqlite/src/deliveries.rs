//! What jobs tell their receivers, and what came of it.

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{CommitError, Receiver, StoreError};
use batchway_domain::webhooks::{Delivery, DeliveryId};
use rusqlite::{Connection, OptionalExtension, params};

use crate::store_error::{store_error, unreadable};

pub(crate) const OF_JOB: &str = "
    SELECT deliveries.record FROM jobs JOIN deliveries ON deliveries.job = jobs.number
    WHERE jobs.id = ?1 ORDER BY deliveries.event DESC LIMIT ?2";

pub(crate) const STANDING: &str = "
    SELECT deliveries.number, jobs.tenant, deliveries.version, deliveries.record
    FROM jobs JOIN deliveries ON deliveries.job = jobs.number
    WHERE jobs.id = ?1 AND deliveries.event = ?2";

pub(crate) const RECORD: &str = "SELECT record FROM deliveries WHERE number = ?1";

pub(crate) const UPDATE: &str = "UPDATE deliveries SET version = ?2, record = ?3 WHERE number = ?1";

pub(crate) const LEASE: &str = "UPDATE outbox SET due_at = max(due_at, ?2) WHERE delivery = ?1";

pub(crate) const DONE: &str = "DELETE FROM outbox WHERE delivery = ?1";

/// Reads a stored delivery.
pub(crate) fn decode(record: &[u8]) -> Result<Delivery, StoreError> {
    Delivery::decode(record).map_err(|error| unreadable("a delivery", error))
}

/// Writes down what a commit of this job has to tell.
pub(crate) fn write(
    connection: &Connection,
    job: i64,
    tenant: i64,
    deliveries: &[Delivery],
) -> Result<(), StoreError> {
    for delivery in deliveries {
        let number = insert(connection, job, delivery).map_err(store_error)?;
        enter(connection, number, tenant, delivery).map_err(store_error)?;
    }
    Ok(())
}

fn insert(connection: &Connection, job: i64, delivery: &Delivery) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO deliveries (job, event, version, record) VALUES (?1, ?2, ?3, ?4)",
        )?
        .insert(params![
            job,
            delivery.id.event(),
            delivery.version,
            delivery.encode()
        ])
}

/// A delivery's entry as it wants it, in place of the one before.
fn enter(
    connection: &Connection,
    number: i64,
    tenant: i64,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    let Some(due_at) = delivery.due_at() else {
        connection.prepare_cached(DONE)?.execute([number])?;
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO outbox (delivery, tenant, origin, due_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (delivery) DO UPDATE SET due_at = excluded.due_at",
        )?
        .execute(params![
            number,
            tenant,
            Receiver::of(delivery).origin,
            due_at.as_millis()
        ])?;
    Ok(())
}

/// What a change is checked against.
struct Standing {
    number: i64,
    tenant: i64,
    version: u64,
    record: Vec<u8>,
}

fn standing(connection: &Connection, id: &DeliveryId) -> Result<Option<Standing>, StoreError> {
    // No event has a number that SQLite does not know.
    let Ok(event) = i64::try_from(id.event()) else {
        return Ok(None);
    };
    connection
        .prepare_cached(STANDING)
        .and_then(|mut statement| {
            statement
                .query_one(params![id.job().as_str(), event], |row| {
                    Ok(Standing {
                        number: row.get(0)?,
                        tenant: row.get(1)?,
                        version: row.get(2)?,
                        record: row.get(3)?,
                    })
                })
                .optional()
        })
        .map_err(store_error)
}

/// One delivery.
pub(crate) fn load(
    connection: &Connection,
    id: &DeliveryId,
) -> Result<Option<Delivery>, StoreError> {
    let standing = standing(connection, id)?;
    standing
        .map(|standing| decode(&standing.record))
        .transpose()
}

/// The last of a job, in the order of its events.
pub(crate) fn of_job(
    connection: &Connection,
    job: &JobId,
    limit: usize,
) -> Result<Vec<Delivery>, StoreError> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut statement = connection.prepare_cached(OF_JOB).map_err(store_error)?;
    let records = statement
        .query_map(params![job.as_str(), limit], |row| row.get(0))
        .map_err(store_error)?;
    let mut deliveries = records
        .map(|record: rusqlite::Result<Vec<u8>>| decode(&record.map_err(store_error)?))
        .collect::<Result<Vec<_>, _>>()?;
    deliveries.reverse();
    Ok(deliveries)
}

/// Puts a changed delivery in place of the one that the change was decided on.
pub(crate) fn record(
    connection: &Connection,
    delivery: &Delivery,
    expected_version: u64,
) -> Result<(), CommitError> {
    let standing = standing(connection, &delivery.id)?.ok_or(CommitError::NotFound)?;
    let record = delivery.encode();
    if standing.record == record {
        return Ok(());
    }
    if standing.version != expected_version {
        return Err(CommitError::Conflict);
    }
    connection
        .prepare_cached(UPDATE)
        .and_then(|mut statement| {
            statement.execute(params![standing.number, delivery.version, record])
        })
        .map_err(store_error)?;
    enter(connection, standing.number, standing.tenant, delivery).map_err(store_error)?;
    Ok(())
}

/// Puts deliveries off and answers their records.
pub(crate) fn lease(
    connection: &Connection,
    numbers: &[i64],
    until: Timestamp,
) -> rusqlite::Result<Vec<Vec<u8>>> {
    let mut put_off = connection.prepare_cached(LEASE)?;
    let mut record = connection.prepare_cached(RECORD)?;
    numbers
        .iter()
        .map(|number| {
            put_off.execute(params![number, until.as_millis()])?;
            record.query_one([number], |row| row.get(0))
        })
        .collect()
}
