//! Where jobs and keys are recorded.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::DeploymentId;
use batchway_domain::ports::{
    ApiKeys, CallBudget, Clock, Entropy, JobStore, MirrorBacklog, RunHistory, StoreError,
    SweepLedger, WebhookOutbox, WebhookSecrets,
};
use batchway_job_store_redis::{ConnectError, RedisConfig, RedisJobStore, StoreTime};
use batchway_job_store_sqlite::SqliteJobStore;
use tokio::time::{Instant, sleep};

use super::clocks;
use crate::configuration::{Adapters, Configuration, StoreChoice};
use crate::data_folder::DataFolder;
use crate::failure::Failure;

/// The name under which the store keeps that of the signing secret.
const FINGERPRINT: &str = "secret-fingerprint";

/// How long a server that is not there yet is waited for.
const WAIT: Duration = Duration::from_secs(60);
/// Between two looks.
const PAUSE: Duration = Duration::from_secs(3);

/// The job store that is configured.
#[derive(Clone, Debug)]
pub(crate) enum Store {
    Sqlite(Arc<SqliteJobStore>),
    Redis(Arc<RedisJobStore>),
}

/// Whether a server that can't be reached is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Patience {
    /// It may be starting at the same time: for a minute.
    UntilItIsUp,
    /// Someone waits for the answer.
    None,
}

impl Store {
    /// Opens the store, and makes it where it was not there.
    pub(crate) async fn open(
        configuration: &Configuration,
        clock: Arc<dyn Clock>,
        patience: Patience,
    ) -> Result<Self, Failure> {
        let is_mirrored = configuration.adapters.mirror.is_some();
        match &configuration.adapters.store {
            StoreChoice::Sqlite => {
                let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
                let store =
                    SqliteJobStore::open(folder.database(), clock).map_err(Failure::failed)?;
                let store = match is_mirrored {
                    true => store.with_mirror_backlog(),
                    false => store,
                };
                Ok(Self::Sqlite(Arc::new(store)))
            }
            StoreChoice::Redis(config) => {
                let config = RedisConfig {
                    mirror_backlog: is_mirrored,
                    ..config.clone()
                };
                let store = connect(&config, patience).await?;
                let server_time = store.server_time().await.map_err(Failure::failed)?;
                clocks::compare(clock.now(), server_time)?;
                Ok(Self::Redis(Arc::new(store)))
            }
        }
    }

    pub(crate) fn jobs(&self) -> Arc<dyn JobStore> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(crate) fn history(&self) -> Arc<dyn RunHistory> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(crate) fn keys(&self) -> Arc<dyn ApiKeys> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(super) fn budget(&self) -> Arc<dyn CallBudget> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(super) fn ledger(&self) -> Arc<dyn SweepLedger> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(super) fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(super) fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    pub(super) fn mirror_backlog(&self) -> Arc<dyn MirrorBacklog> {
        match self {
            Self::Sqlite(store) => store.clone(),
            Self::Redis(store) => store.clone(),
        }
    }

    /// The id that the store keeps: the configured one, or a random one, made at its first start.
    /// Another than that is refused: jobs are found again by names with it in them, and one
    /// that isn't found is started again.
    pub(super) async fn deployment(
        &self,
        configuration: &Configuration,
        entropy: &dyn Entropy,
    ) -> Result<DeploymentId, Failure> {
        let proposal = match &configuration.deployment {
            Some(configured) => configured.clone(),
            None => data_encoding::HEXLOWER
                .encode(&entropy.bytes::<4>())
                .parse()
                .map_err(Failure::failed)?,
        };
        let kept = match self {
            Self::Sqlite(store) => store.deployment_id(&proposal).await,
            Self::Redis(store) => store.deployment_id(&proposal).await,
        }
        .map_err(Failure::failed)?;
        match &configuration.deployment {
            Some(configured) if *configured != kept => Err(Failure::misconfigured(format!(
                "BATCHWAY_DEPLOYMENT={configured}, and the jobs of this store belong to deployment \
                 {kept}: under another name what runs would not be found, and be started again. \
                 Unset BATCHWAY_DEPLOYMENT, or use another store"
            ))),
            _ => Ok(kept),
        }
    }

    /// The fingerprint of the secret that the gateways of this store sign with: the one that is
    /// kept, or this one, which is kept from then on. A file has but one data folder and so but
    /// one secret.
    pub(super) async fn fingerprint(&self, own: &str) -> Result<String, Failure> {
        match self {
            Self::Sqlite(_) => Ok(own.to_owned()),
            Self::Redis(store) => store
                .agree_on(FINGERPRINT, own)
                .await
                .map_err(Failure::failed),
        }
    }

    /// Puts a fingerprint in the place of the one that is kept.
    pub(super) async fn replace_fingerprint(&self, new: &str) -> Result<(), Failure> {
        match self {
            Self::Sqlite(_) => Ok(()),
            Self::Redis(store) => store
                .change(FINGERPRINT, new)
                .await
                .map_err(Failure::failed),
        }
    }

    /// What is recorded where, and how sure of it one can be.
    pub(super) fn summary(&self, adapters: &Adapters) -> String {
        match (self, &adapters.store) {
            (Self::Redis(store), StoreChoice::Redis(config)) => {
                let servers: Vec<String> = config
                    .servers
                    .iter()
                    .map(|(host, port)| format!("{host}:{port}"))
                    .collect();
                let durability = store.durability_summary();
                format!("jobs in Redis at {}: {durability}", servers.join(", "))
            }
            _ => "jobs in SQLite, each answer after an fsync".to_owned(),
        }
    }
}

async fn connect(config: &RedisConfig, patience: Patience) -> Result<RedisJobStore, Failure> {
    let deadline = Instant::now() + WAIT;
    loop {
        let error = match RedisJobStore::connect(config.clone(), StoreTime::Server).await {
            Ok(store) => return Ok(store),
            Err(error) => error,
        };
        if patience == Patience::None || !may_pass(&error) {
            return Err(Failure::failed(error));
        }
        if Instant::now() >= deadline {
            return Err(Failure::failed(format!(
                "{error}. It was waited for for a minute. Start it, or name another in REDIS_HOST \
                 or REDIS_URL"
            )));
        }
        tracing::warn!("waiting for Redis, and not ready before: {error}");
        sleep(PAUSE).await;
    }
}

/// Whether it may be better in a moment: the server may be starting too.
fn may_pass(error: &ConnectError) -> bool {
    matches!(
        error,
        ConnectError::NoConnection { .. } | ConnectError::Store(StoreError::Unavailable { .. })
    )
}
