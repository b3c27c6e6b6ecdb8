//! The secrets that sign webhooks, sealed, user by user.

use batchway_domain::identity::UserName;
use batchway_domain::ports::StoreError;
use batchway_domain::webhooks::SealedSecrets;
use rusqlite::{Connection, OptionalExtension, params};

use crate::store_error::{store_error, unreadable};
use crate::tenants;

pub(crate) const OF_USER: &str = "
    SELECT webhook_secrets.sealed
    FROM tenants JOIN webhook_secrets ON webhook_secrets.tenant = tenants.number
    WHERE tenants.name = ?1";

/// A user's secrets.
pub(crate) fn load(
    connection: &Connection,
    user: &UserName,
) -> Result<Option<SealedSecrets>, StoreError> {
    let sealed: Option<String> = connection
        .prepare_cached(OF_USER)
        .and_then(|mut statement| {
            statement
                .query_one([user.as_str()], |row| row.get(0))
                .optional()
        })
        .map_err(store_error)?;
    sealed
        .map(|json| serde_json::from_str(&json))
        .transpose()
        .map_err(|error| unreadable("a user's webhook secrets", error))
}

/// Puts secrets in place of those that the caller has seen; answers whether it did.
pub(crate) fn replace(
    connection: &Connection,
    user: &UserName,
    expected: Option<&SealedSecrets>,
    new: &SealedSecrets,
) -> Result<bool, StoreError> {
    let present = load(connection, user)?;
    if present.as_ref() == Some(new) {
        return Ok(true);
    }
    if present.as_ref() != expected {
        return Ok(false);
    }
    let tenant = tenants::number_or_new(connection, user)?;
    let sealed =
        serde_json::to_string(new).map_err(|error| unreadable("webhook secrets", error))?;
    connection
        .prepare_cached(
            "INSERT INTO webhook_secrets (tenant, sealed) VALUES (?1, ?2)
             ON CONFLICT (tenant) DO UPDATE SET sealed = excluded.sealed",
        )
        .and_then(|mut statement| statement.execute(params![tenant, sealed]))
        .map_err(store_error)?;
    Ok(true)
}
