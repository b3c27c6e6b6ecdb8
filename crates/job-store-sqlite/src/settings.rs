//! What is decided once for a store and then kept.

use batchway_domain::identity::DeploymentId;
use batchway_domain::ports::StoreError;
use rusqlite::{Connection, OptionalExtension};

use crate::SqliteJobStore;
use crate::store_error::{store_error, unreadable};

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
    let kept: Option<String> = connection
        .prepare_cached("SELECT value FROM settings WHERE name = 'deployment'")
        .and_then(|mut statement| statement.query_one((), |row| row.get(0)).optional())
        .map_err(store_error)?;
    kept.map(|id| {
        id.parse()
            .map_err(|error| unreadable("the deployment's id", error))
    })
    .transpose()
}
