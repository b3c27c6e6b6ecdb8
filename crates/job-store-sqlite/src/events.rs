//! What happened to a user's jobs, numbered without gaps.

use batchway_domain::identity::UserName;
use batchway_domain::job::Event;
use batchway_domain::ports::StoreError;
use rusqlite::{Connection, params};

use crate::store_error::{store_error, unreadable};

/// How many events of a user are kept; the oldest goes when a new one comes.
pub(crate) const KEPT_PER_USER: i64 = 10_000;

pub(crate) const COUNT: &str = "
    UPDATE tenants SET events = events + 1 WHERE number = ?1 RETURNING events";

pub(crate) const FORGET: &str = "DELETE FROM events WHERE tenant = ?1 AND number <= ?2";

pub(crate) const AFTER: &str = "
    SELECT events.number, events.event
    FROM tenants JOIN events ON events.tenant = tenants.number
    WHERE tenants.name = ?1 AND events.number > ?2 ORDER BY events.number LIMIT ?3";

/// Adds events of a job to its user's log.
pub(crate) fn append(
    connection: &Connection,
    job: i64,
    tenant: i64,
    events: &[Event],
) -> Result<(), StoreError> {
    for event in events {
        let json = serde_json::to_vec(event).map_err(|error| unreadable("an event", error))?;
        append_one(connection, job, tenant, &json).map_err(store_error)?;
    }
    Ok(())
}

fn append_one(connection: &Connection, job: i64, tenant: i64, json: &[u8]) -> rusqlite::Result<()> {
    let number: i64 = connection
        .prepare_cached(COUNT)?
        .query_one([tenant], |row| row.get(0))?;
    connection
        .prepare_cached("INSERT INTO events (tenant, number, job, event) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![tenant, number, job, json])?;
    connection
        .prepare_cached(FORGET)?
        .execute([tenant, number - KEPT_PER_USER])?;
    Ok(())
}

/// A user's events after the `after`th, each with its number.
pub(crate) fn after(
    connection: &Connection,
    user: &UserName,
    after: u64,
    limit: usize,
) -> Result<Vec<(u64, Event)>, StoreError> {
    let mut statement = connection.prepare_cached(AFTER).map_err(store_error)?;
    let rows = statement
        .query_map(
            params![
                user.as_str(),
                i64::try_from(after).unwrap_or(i64::MAX),
                i64::try_from(limit).unwrap_or(i64::MAX),
            ],
            |row| Ok((row.get(0)?, row.get(1)?)),
        )
        .map_err(store_error)?;
    rows.map(|row| {
        let (number, json): (u64, Vec<u8>) = row.map_err(store_error)?;
        let event = serde_json::from_slice(&json).map_err(|error| unreadable("an event", error))?;
        Ok((number, event))
    })
    .collect()
}
