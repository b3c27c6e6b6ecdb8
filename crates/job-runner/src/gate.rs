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
        Some(found) if found == entry => match manifest_of_try(configuration, store).await? {
            Some(manifest) => Verdict::AlreadyDone(manifest),
            None => Verdict::Open,
        },
        Some(GateEntry::Admitted { backend_id }) => Verdict::Closed(format!(
            "Another copy of this try works on it: {backend_id}."
        )),
        Some(GateEntry::Cancelled { .. }) => {
            Verdict::Closed("The try was cancelled before it began.".to_owned())
        }
        None => Verdict::Closed(format!("What stands in the gate {key} can't be read.")),
    })
}

/// The last act of another attempt of this try: its backend may not have known of its end, or
/// may have taken it for lost.
pub(crate) async fn manifest_of_try(
    configuration: &Configuration,
    store: &dyn ArtifactStore,
) -> Result<Option<Manifest>, ArtifactError> {
    let key = configuration.folder.manifest(configuration.try_number);
    match read_small(store, &key).await {
        Ok(bytes) => Ok(Manifest::decode(&bytes)),
        Err(ArtifactError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ffi::OsString;
    use std::sync::Arc;
    use std::time::Duration;

    use batchway_domain::runner::variables;
    use batchway_memory_adapters::{
        ArtifactStoreCall, FailingArtifactStore, Fault, ManualClock, MemoryArtifactStore,
    };

    use super::*;
    use crate::patience::Patience;

    fn copy(id: &str) -> Configuration {
        let variables = [
            (variables::JOB_ID, "job_0000000000000000000000000000"),
            (variables::USER_ID, "ada"),
            (variables::ENV, "test"),
            (variables::ARTIFACTS_DIR, "/nowhere"),
            (variables::BACKEND_ID, id),
        ]
        .map(|(name, value)| (OsString::from(name), OsString::from(value)));
        let mut configuration =
            Configuration::read(vec!["true".into()], BTreeMap::from(variables)).unwrap();
        configuration.patience = Patience {
            attempts: 3,
            first_pause: Duration::from_millis(1),
        };
        configuration
    }

    fn store() -> FailingArtifactStore {
        let clock = Arc::new(ManualClock::default());
        FailingArtifactStore::new(Arc::new(MemoryArtifactStore::new(clock)))
    }

    #[tokio::test]
    async fn a_store_that_fails_now_and_then_is_asked_again() {
        let store = store();
        for fault in [Fault::RequestLost, Fault::ReplyLost] {
            store.faults().fail_next(ArtifactStoreCall::Create, fault);
            store.faults().fail_next(ArtifactStoreCall::Read, fault);
            let verdict = pass(&copy("one"), &store).await.unwrap();
            assert!(matches!(verdict, Verdict::Open), "{verdict:?}");
        }
        let verdict = pass(&copy("two"), &store).await.unwrap();
        assert!(matches!(verdict, Verdict::Closed(_)), "{verdict:?}");
    }

    #[tokio::test]
    async fn a_store_that_stays_away_is_not_waited_for_for_ever() {
        let store = store();
        let create = ArtifactStoreCall::Create;
        store.faults().fail_next_of(create, 100, Fault::RequestLost);
        let error = pass(&copy("one"), &store).await.unwrap_err();
        assert!(
            matches!(error, ArtifactError::Unavailable { .. }),
            "{error:?}"
        );
        assert_eq!(store.faults().calls(create), 3);
    }
}
