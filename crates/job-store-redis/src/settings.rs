//! What all processes that share a store have to agree on.

use batchway_domain::Timestamp;
use batchway_domain::identity::DeploymentId;
use batchway_domain::ports::StoreError;

use crate::RedisJobStore;
use crate::connection::argument;
use crate::core::Core;
use crate::reply::{array, integer, text, unexpected};
use crate::script::Script;
use crate::store_error::store_error;

/// The name under which the store keeps that of its deployment.
pub(crate) const DEPLOYMENT: &str = "deployment";

impl Core {
    /// The value that the store keeps under this name: the one that was proposed first.
    pub(crate) async fn agree_on(&self, name: &str, proposal: &str) -> Result<String, StoreError> {
        let settings = self.keyspace.of_store("settings");
        self.link
            .write(
                "HSETNX",
                &settings,
                vec![argument(name), argument(proposal)],
            )
            .await?;
        let kept = self
            .link
            .write("HGET", &settings, vec![argument(name)])
            .await?;
        self.barrier_of_store().await?;
        text(kept, "a setting of the store")
    }

    /// Since when this store keeps jobs: since a process first connected to it, which is before
    /// there was an API key, let alone a job. It is asked for each time, and never remembered
    /// here: where Redis came back empty while this process stayed connected, the store is a new
    /// one, and what was sent before is not its to judge.
    pub(crate) async fn kept_since(&self) -> Result<Timestamp, StoreError> {
        let keys = [self.keyspace.of_store("settings")];
        let arguments = vec![self.time.argument()];
        let kept = self.link.run(Script::KeptSince, &keys, arguments).await?;
        self.barrier_of_store().await?;
        let millis = integer(kept, "the time since when jobs are kept")?;
        Ok(Timestamp::from_millis(millis))
    }
}

impl RedisJobStore {
    /// The value that all processes of this store share under `name`: `proposal` where there is
    /// none yet, and else the one that is there. For what is decided once
    /// (the deployment's id) and for what must be equal everywhere (a fingerprint of the signing
    /// secret, never the secret): compare what comes back.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn agree_on(&self, name: &str, proposal: &str) -> Result<String, StoreError> {
        self.core().agree_on(name, proposal).await
    }

    /// Puts another value in the place of what is shared under `name`. For what all processes
    /// agree to replace: they have to take either value for good while this goes on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn change(&self, name: &str, value: &str) -> Result<(), StoreError> {
        let core = self.core();
        let settings = core.keyspace.of_store("settings");
        core.link
            .write("HSET", &settings, vec![argument(name), argument(value)])
            .await?;
        core.barrier_of_store().await
    }

    /// What the server's clock shows. Leases and due times go by it, so a process whose own clock
    /// shows something else had better not work on this store.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn server_time(&self) -> Result<Timestamp, StoreError> {
        const WHAT: &str = "the time";
        let reader = &self.core().link.reader;
        let answer = reader.send("TIME", 0, Vec::new()).await;
        let answer = answer.map_err(|error| store_error(reader.address(), &error))?;
        let mut parts = array(answer, WHAT)?.into_iter();
        let mut next = || integer(parts.next().ok_or_else(|| unexpected(WHAT))?, WHAT);
        let (seconds, microseconds) = (next()?, next()?);
        Ok(Timestamp::from_millis(seconds * 1000 + microseconds / 1000))
    }

    /// The id of this deployment: the one that is kept here, or this proposal, which is kept
    /// from then on.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn deployment_id(&self, proposal: &DeploymentId) -> Result<DeploymentId, StoreError> {
        let kept = self.agree_on(DEPLOYMENT, proposal.as_str()).await?;
        let kept: DeploymentId = kept
            .parse()
            .map_err(|_| unexpected("the deployment's id"))?;
        self.core().deployment.get_or_init(|| kept.clone());
        Ok(kept)
    }
}
