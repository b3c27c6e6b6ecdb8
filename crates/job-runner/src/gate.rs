//! The gate: whether this copy of the try may work.

use batchway_domain::artifacts::{GateEntry, Manifest};
use batchway_domain::ports::{ArtifactError, ArtifactStore, Created};
use bytes::Bytes;

use crate::configuration::Configuration;
use crate::content::read_small;

/// What stands in the gate.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// This copy may work.
    Open,
    /// This copy may work, and an earlier attempt of it has done everything already.
    AlreadyDone(Manifest),
    /// Another copy may, or none.
    Closed(String),
}

/// Puts this copy's name into the gate, unless there is another in it.
pub(crate) async fn pass(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
) -> Result<Verdict, ArtifactError> {
    configuration
        .patience
        .exercise(async || try_to_pass(configuration, store).await)
        .await
}

async fn try_to_pass(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
) -> Result<Verdict, ArtifactError> {
    let key = configuration.folder.gate(configuration.try_number);
    let entry = GateEntry::Admitted {
        backend_id: configuration.backend_id.clone(),
    };
    if store.create(&key, Bytes::from(entry.encode())).await? == Created::Won {
        return Ok(Verdict::Open);
    }
    let found = read_small(store, &key).await?;
    Ok(match GateEntry::decode(&found) {
        Some(found) if found == entry => already_done(configuration, store).await?,
        Some(GateEntry::Admitted { backend_id }) => Verdict::Closed(format!(
            "Another copy of this try works on it: {backend_id}."
        )),
        Some(GateEntry::Cancelled { .. }) => {
            Verdict::Closed("The try was cancelled before it began.".to_owned())
        }
        None => Verdict::Closed(format!("What stands in the gate {key} can't be read.")),
    })
}

/// An attempt may have ended after its last act and before its backend knew.
async fn already_done(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
) -> Result<Verdict, ArtifactError> {
    let key = configuration.folder.manifest(configuration.try_number);
    match read_small(store, &key).await {
        Ok(bytes) => Ok(Manifest::decode(&bytes).map_or(Verdict::Open, Verdict::AlreadyDone)),
        Err(ArtifactError::NotFound { .. }) => Ok(Verdict::Open),
        Err(error) => Err(error),
    }
}
