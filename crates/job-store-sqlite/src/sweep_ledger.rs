//! How far sweeps came, and jobs at a backend of which there is no record.

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{MAX_ORPHANS, Orphan, Queue, StoreError, SweepLedger};
use rusqlite::{Connection, OptionalExtension, Row, params};

use crate::SqliteJobStore;
use crate::settings::kept_since;
use crate::store_error::{store_error, unreadable};

macro_rules! orphans {
    ($condition:literal) => {
        concat!(
            "SELECT backend, id, name, queue, created_at, noted_at FROM orphans ",
            $condition
        )
    };
}

pub(crate) const SWEPT_UNTIL: &str = "SELECT swept_until FROM sweeps WHERE queue = ?1";

pub(crate) const ORPHAN: &str = orphans!("WHERE backend = ?1 AND id = ?2");

pub(crate) const FORGET_ORPHAN: &str = "DELETE FROM orphans WHERE backend = ?1 AND id = ?2";

const RECORD_SWEEP: &str = "
    INSERT INTO sweeps (queue, swept_until) VALUES (?1, ?2)
    ON CONFLICT (queue) DO UPDATE SET swept_until = max(swept_until, excluded.swept_until)";

const ORPHANS: &str = orphans!("ORDER BY noted_at, id, backend");

const COUNT_ORPHANS: &str = "SELECT count(*) FROM orphans";

const NOTE_ORPHAN: &str = "
    INSERT INTO orphans (backend, id, name, queue, created_at, noted_at)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6)";

#[async_trait]
impl SweepLedger for SqliteJobStore {
    async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        self.readers.read(kept_since).await
    }

    async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        let queue = queue.clone();
        self.readers
            .read(move |connection| swept_until(connection, &queue))
            .await
    }

    async fn record_sweep(&self, queue: &Queue, began_at: Timestamp) -> Result<(), StoreError> {
        let queue = queue.clone();
        self.writer
            .write(move |connection| record_sweep(connection, &queue, began_at))
            .await
    }

    async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        let orphan = orphan.clone();
        self.writer
            .write(move |connection| note(connection, &orphan))
            .await
    }

    async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        self.readers.read(all).await
    }

    async fn forget_orphan(&self, backend: &BackendName, id: &BackendId) -> Result<(), StoreError> {
        let (backend, id) = (backend.clone(), id.clone());
        self.writer
            .write(move |connection| forget(connection, &backend, &id))
            .await
    }
}

fn swept_until(connection: &Connection, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
    let millis = connection
        .prepare_cached(SWEPT_UNTIL)
        .and_then(|mut statement| statement.query_one([&queue.0], |row| row.get(0)).optional())
        .map_err(store_error)?;
    Ok(millis.map(Timestamp::from_millis))
}

fn record_sweep(
    connection: &Connection,
    queue: &Queue,
    began_at: Timestamp,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(RECORD_SWEEP)
        .and_then(|mut statement| statement.execute(params![queue.0, began_at.as_millis()]))
        .map_err(store_error)?;
    Ok(())
}

fn note(connection: &Connection, orphan: &Orphan) -> Result<Orphan, StoreError> {
    if let Some(kept) = find(connection, &orphan.backend, &orphan.id)? {
        return Ok(kept);
    }
    hold_limit(connection)?;
    connection
        .prepare_cached(NOTE_ORPHAN)
        .and_then(|mut statement| {
            statement.execute(params![
                orphan.backend.as_str(),
                orphan.id.0,
                orphan.name.to_string(),
                orphan.queue.0,
                orphan.created_at.as_millis(),
                orphan.noted_at.as_millis(),
            ])
        })
        .map_err(store_error)?;
    Ok(orphan.clone())
}

fn hold_limit(connection: &Connection) -> Result<(), StoreError> {
    let count: usize = connection
        .prepare_cached(COUNT_ORPHANS)
        .and_then(|mut statement| statement.query_one((), |row| row.get(0)))
        .map_err(store_error)?;
    if count < MAX_ORPHANS {
        return Ok(());
    }
    Err(StoreError::Full {
        reason: format!(
            "{MAX_ORPHANS} jobs without a record are kept in mind already, as if this store had lost \
             its jobs; look at them by `batchway sweep`"
        ),
        source: None,
    })
}

fn find(
    connection: &Connection,
    backend: &BackendName,
    id: &BackendId,
) -> Result<Option<Orphan>, StoreError> {
    let mut statement = connection.prepare_cached(ORPHAN).map_err(store_error)?;
    let mut rows = statement
        .query(params![backend.as_str(), id.0])
        .map_err(store_error)?;
    rows.next().map_err(store_error)?.map(read_row).transpose()
}

fn all(connection: &Connection) -> Result<Vec<Orphan>, StoreError> {
    let mut statement = connection.prepare_cached(ORPHANS).map_err(store_error)?;
    let mut rows = statement.query(()).map_err(store_error)?;
    let mut orphans = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        orphans.push(read_row(row)?);
    }
    Ok(orphans)
}

fn forget(
    connection: &Connection,
    backend: &BackendName,
    id: &BackendId,
) -> Result<(), StoreError> {
    connection
        .prepare_cached(FORGET_ORPHAN)
        .and_then(|mut statement| statement.execute(params![backend.as_str(), id.0]))
        .map_err(store_error)?;
    Ok(())
}

fn read_row(row: &Row<'_>) -> Result<Orphan, StoreError> {
    let backend: String = row.get(0).map_err(store_error)?;
    let name: String = row.get(2).map_err(store_error)?;
    Ok(Orphan {
        backend: backend
            .parse()
            .map_err(|error| unreadable("an orphan's backend", error))?,
        id: BackendId(row.get(1).map_err(store_error)?),
        name: name
            .parse()
            .map_err(|error| unreadable("an orphan's name", error))?,
        queue: Queue(row.get(3).map_err(store_error)?),
        created_at: Timestamp::from_millis(row.get(4).map_err(store_error)?),
        noted_at: Timestamp::from_millis(row.get(5).map_err(store_error)?),
    })
}
