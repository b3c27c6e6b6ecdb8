//! The rows of API keys.

use batchway_domain::Timestamp;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{KeyError, KeyRecord, StoreError};
use batchway_domain::security::KeyDigest;
use rusqlite::{Connection, Params, Row, params};

use crate::store_error::{store_error, unreadable};
use crate::tenants;

macro_rules! keys {
    ($condition:literal) => {
        concat!(
            "SELECT keys.sha256, keys.shard, tenants.name, keys.created_at, keys.revoked_at
             FROM keys JOIN tenants ON tenants.number = keys.tenant ",
            $condition,
            " ORDER BY keys.created_at, keys.number",
        )
    };
}

pub(crate) const OF_USER: &str = keys!("WHERE keys.tenant = ?1");
pub(crate) const BY_SHORT: &str = keys!("WHERE keys.short = ?1");
const ALL: &str = keys!("");

pub(crate) const REVOKE: &str = "
    UPDATE keys SET revoked_at = ?2 WHERE short = ?1 AND revoked_at IS NULL";

pub(crate) fn register(connection: &Connection, record: &KeyRecord) -> Result<(), KeyError> {
    let tenant = tenants::number_or_new(connection, &record.user)?;
    let inserted = connection
        .prepare_cached(
            "INSERT INTO keys (sha256, shard, short, tenant, created_at, revoked_at)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT (sha256) DO NOTHING",
        )
        .and_then(|mut statement| {
            statement.execute(params![
                record.digest.sha256,
                record.digest.shard.to_string(),
                record.digest.short(),
                tenant,
                record.created_at.as_millis(),
                record.revoked_at.map(Timestamp::as_millis),
            ])
        })
        .map_err(store_error)?;
    if inserted == 1 {
        Ok(())
    } else {
        Err(KeyError::Exists)
    }
}

pub(crate) fn list(
    connection: &Connection,
    user: Option<&UserName>,
) -> Result<Vec<KeyRecord>, StoreError> {
    match user {
        None => read(connection, ALL, ()),
        Some(user) => match tenants::number_of(connection, user)? {
            Some(tenant) => read(connection, OF_USER, [tenant]),
            None => Ok(Vec::new()),
        },
    }
}

pub(crate) fn revoke(
    connection: &Connection,
    short: &str,
    at: Timestamp,
) -> Result<Vec<KeyRecord>, StoreError> {
    connection
        .prepare_cached(REVOKE)
        .and_then(|mut statement| statement.execute(params![short, at.as_millis()]))
        .map_err(store_error)?;
    read(connection, BY_SHORT, [short])
}

fn read(
    connection: &Connection,
    sql: &str,
    parameters: impl Params,
) -> Result<Vec<KeyRecord>, StoreError> {
    let mut statement = connection.prepare_cached(sql).map_err(store_error)?;
    let mut rows = statement.query(parameters).map_err(store_error)?;
    let mut records = Vec::new();
    while let Some(row) = rows.next().map_err(store_error)? {
        records.push(read_row(row)?);
    }
    Ok(records)
}

fn read_row(row: &Row<'_>) -> Result<KeyRecord, StoreError> {
    let shard: String = row.get(1).map_err(store_error)?;
    let user: String = row.get(2).map_err(store_error)?;
    let revoked_at: Option<i64> = row.get(4).map_err(store_error)?;
    Ok(KeyRecord {
        digest: KeyDigest {
            shard: shard
                .parse()
                .map_err(|error| unreadable("the shard of a key", error))?,
            sha256: row.get(0).map_err(store_error)?,
        },
        user: user.parse().map_err(|error| unreadable("a user", error))?,
        created_at: Timestamp::from_millis(row.get(3).map_err(store_error)?),
        revoked_at: revoked_at.map(Timestamp::from_millis),
    })
}
