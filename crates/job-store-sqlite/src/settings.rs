//! What is decided once for a store and then kept.

use batchway_domain::Timestamp;
use batchway_domain::identity::DeploymentId;
use batchway_domain::ports::StoreError;
use rusqlite::{Connection, OptionalExtension, params};

use crate::SqliteJobStore;
use crate::store_error::{store_error, unreadable};

/// The name of the time since when jobs are kept, in milliseconds.
const KEPT_SINCE: &str = "kept_since";

impl SqliteJobStore {
    /// The id of this deployment: the one that is kept here, or this proposal, which is kept
    /// from then on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployment_id(&self, proposal: &DeploymentId) -> Result<DeploymentId, StoreError> {
        if let Some(kept) = self.deployment().await? {
            return Ok(kept);
        }
        let proposal = proposal.clone();
        self.writer
            .write(move |connection| keep_deployment(connection, &proposal))
            .await
    }

    /// The id that is kept, where there is one.
    pub(crate) async fn deployment(&self) -> Result<Option<DeploymentId>, StoreError> {
        self.readers.read(deployment).await
    }
}

fn keep_deployment(
    connection: &Connection,
    proposal: &DeploymentId,
) -> Result<DeploymentId, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO settings (name, value) VALUES ('deployment', ?1) ON CONFLICT DO NOTHING",
        )
        .and_then(|mut statement| statement.execute([proposal.as_str()]))
        .map_err(store_error)?;
    Ok(deployment(connection)?.unwrap_or_else(|| proposal.clone()))
}

fn deployment(connection: &Connection) -> Result<Option<DeploymentId>, StoreError> {
    setting(connection, "deployment")?
        .map(|id| {
            id.parse()
                .map_err(|error| unreadable("the deployment's id", error))
        })
        .transpose()
}

/// Writes down that jobs are kept from this time on, where an earlier time does not stand there.
pub(crate) fn begin_keeping(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection.execute(
        "INSERT INTO settings (name, value) VALUES (?1, ?2) ON CONFLICT DO NOTHING",
        params![KEPT_SINCE, now.as_millis().to_string()],
    )?;
    Ok(())
}

/// Since when this store keeps jobs.
pub(crate) fn kept_since(connection: &Connection) -> Result<Timestamp, StoreError> {
    let millis = setting(connection, KEPT_SINCE)?.ok_or_else(|| StoreError::Unreadable {
        reason: "the store does not tell since when it keeps jobs; restore its file".to_owned(),
        source: None,
    })?;
    millis
        .parse()
        .map(Timestamp::from_millis)
        .map_err(|error| unreadable("the time since when jobs are kept", error))
}

fn setting(connection: &Connection, name: &str) -> Result<Option<String>, StoreError> {
    connection
        .prepare_cached("SELECT value FROM settings WHERE name = ?1")
        .and_then(|mut statement| statement.query_one([name], |row| row.get(0)).optional())
        .map_err(store_error)
}
