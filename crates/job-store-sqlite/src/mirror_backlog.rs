//! Which jobs have changed since they were mirrored.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{MirrorBacklog, StoreError};
use rusqlite::{Connection, params};

use crate::SqliteJobStore;
use crate::due::{self, Taken};
use crate::store_error::store_error;

pub(crate) const DUE: &str = "
    SELECT job FROM mirror_backlog INDEXED BY mirror_backlog_by_time
    WHERE due_at <= ?1 ORDER BY due_at, job LIMIT ?2";

pub(crate) const LEASE: &str = "UPDATE mirror_backlog SET due_at = ?2 WHERE job = ?1";

pub(crate) const LEAVE: &str = "
    DELETE FROM mirror_backlog
    WHERE job = (SELECT number FROM jobs WHERE id = ?1 AND version = ?2)";

pub(crate) const MOVE: &str = "
    UPDATE mirror_backlog SET due_at = ?2 WHERE job = (SELECT number FROM jobs WHERE id = ?1)";

/// Since when what is written now is behind; `None` where nobody wants to know.
pub(crate) type BehindSince = Option<Timestamp>;

/// Enters a job; one that is there already keeps its place.
pub(crate) fn enter(
    connection: &Connection,
    job: i64,
    behind_since: BehindSince,
) -> Result<(), StoreError> {
    let Some(now) = behind_since else {
        return Ok(());
    };
    connection
        .prepare_cached(
            "INSERT INTO mirror_backlog (job, due_at) VALUES (?1, ?2) ON CONFLICT (job) DO NOTHING",
        )
        .and_then(|mut statement| statement.execute(params![job, now.as_millis()]))
        .map_err(store_error)?;
    Ok(())
}

fn take(
    connection: &Connection,
    limit: usize,
    lease: Duration,
    now: Timestamp,
) -> rusqlite::Result<Vec<Taken>> {
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let numbers: Vec<i64> = connection
        .prepare_cached(DUE)?
        .query_map(params![now.as_millis(), limit], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let until = now.plus(lease).as_millis();
    let mut put_off = connection.prepare_cached(LEASE)?;
    numbers
        .into_iter()
        .map(|number| {
            put_off.execute(params![number, until])?;
            due::read(connection, number)
        })
        .collect()
}

fn settle(
    connection: &Connection,
    versions: &[(JobId, u64)],
    now: Timestamp,
) -> rusqlite::Result<()> {
    let mut leave = connection.prepare_cached(LEAVE)?;
    let mut stay = connection.prepare_cached(MOVE)?;
    for (id, version) in versions {
        // No job has a version that SQLite does not know.
        let version = i64::try_from(*version).unwrap_or(i64::MAX);
        if leave.execute(params![id.as_str(), version])? == 0 {
            stay.execute(params![id.as_str(), now.as_millis()])?;
        }
    }
    Ok(())
}

fn put_off(connection: &Connection, jobs: &[JobId], until: Timestamp) -> rusqlite::Result<()> {
    let mut statement = connection.prepare_cached(MOVE)?;
    for id in jobs {
        statement.execute(params![id.as_str(), until.as_millis()])?;
    }
    Ok(())
}

#[async_trait]
impl MirrorBacklog for SqliteJobStore {
    async fn take_changed(&self, limit: usize, lease: Duration) -> Result<Vec<Job>, StoreError> {
        let clock = Arc::clone(&self.clock);
        let taken = self
            .writer
            .write(move |connection| {
                take(connection, limit, lease, clock.now()).map_err(store_error)
            })
            .await?;
        Ok(taken.iter().filter_map(Taken::read).collect())
    }

    async fn mirrored(&self, versions: &[(JobId, u64)]) -> Result<(), StoreError> {
        let (versions, clock) = (versions.to_vec(), Arc::clone(&self.clock));
        self.writer
            .write(move |connection| {
                settle(connection, &versions, clock.now()).map_err(store_error)
            })
            .await
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        let jobs = jobs.to_vec();
        self.writer
            .write(move |connection| put_off(connection, &jobs, until).map_err(store_error))
            .await
    }
}
