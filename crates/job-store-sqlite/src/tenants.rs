//! Who a key belongs to, and how users are numbered.

use batchway_domain::identity::UserName;
use batchway_domain::ports::{ReadError, StoreError};
use batchway_domain::security::KeyDigest;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store_error::{store_error, unreadable};

pub(crate) const OF_KEY: &str = "
    SELECT tenants.number, tenants.name
    FROM keys JOIN tenants ON tenants.number = keys.tenant
    WHERE keys.sha256 = ?1 AND keys.shard = ?2 AND keys.revoked_at IS NULL";

pub(crate) const NUMBER_OF: &str = "SELECT number FROM tenants WHERE name = ?1";

/// A user, as the tables know it.
#[derive(Clone, Debug)]
pub(crate) struct Tenant {
    pub(crate) number: i64,
    pub(crate) name: UserName,
}

/// The user of a valid key.
pub(crate) fn of_key(connection: &Connection, key: &KeyDigest) -> Result<Tenant, ReadError> {
    let found: Option<(i64, String)> = connection
        .prepare_cached(OF_KEY)
        .and_then(|mut statement| {
            statement
                .query_one(params![key.sha256, key.shard.to_string()], |row| {
                    Ok((row.get(0)?, row.get(1)?))
                })
                .optional()
        })
        .map_err(store_error)?;
    let (number, name) = found.ok_or(ReadError::Unauthorized)?;
    let name = name.parse().map_err(|error| unreadable("a user", error))?;
    Ok(Tenant { number, name })
}

/// The number of a user that has ever had a key.
pub(crate) fn number_of(
    connection: &Connection,
    user: &UserName,
) -> Result<Option<i64>, StoreError> {
    connection
        .prepare_cached(NUMBER_OF)
        .and_then(|mut statement| {
            statement
                .query_one([user.as_str()], |row| row.get(0))
                .optional()
        })
        .map_err(store_error)
}

/// The number of a user, a new one where there is none.
pub(crate) fn number_or_new(connection: &Connection, user: &UserName) -> Result<i64, StoreError> {
    if let Some(number) = number_of(connection, user)? {
        return Ok(number);
    }
    connection
        .prepare_cached("INSERT INTO tenants (name) VALUES (?1)")
        .and_then(|mut statement| statement.insert([user.as_str()]))
        .map_err(store_error)
}
