//! The artifact store as a replica reaches it.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::artifacts::ArtifactKey;
use batchway_domain::ports::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Created,
    Disposition, Link,
};
use bytes::Bytes;
use futures_util::{FutureExt, TryStreamExt, stream};

use crate::network::{NoAnswer, Service};
use crate::plants::Plant;
use crate::world::World;

/// A connection to the artifact store, a gateway's or a runner's.
pub(crate) struct ArtifactsLink(Arc<World>);

impl ArtifactsLink {
    pub(crate) const fn new(world: Arc<World>) -> Self {
        Self(world)
    }

    async fn call<T, F>(
        &self,
        step: impl FnOnce(Arc<World>) -> F + Send + 'static,
    ) -> Result<T, ArtifactError>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, ArtifactError>>,
    {
        let world = self.0.clone();
        let answer = self
            .0
            .call(Service::Artifacts, move || step(world).now_or_never());
        match answer.await {
            Ok(Some(answer)) => answer,
            Ok(None) | Err(NoAnswer) => Err(ArtifactError::Unavailable {
                reason: "no answer".to_owned(),
                source: None,
            }),
        }
    }
}

impl std::fmt::Debug for ArtifactsLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("ArtifactsLink")
    }
}

#[async_trait]
impl ArtifactStore for ArtifactsLink {
    async fn put(
        &self,
        key: &ArtifactKey,
        content: ByteStream,
    ) -> Result<ArtifactMetadata, ArtifactError> {
        let key = key.clone();
        // The request is whole when it arrives, or is none.
        let pieces: Vec<Bytes> = content
            .try_collect()
            .await
            .map_err(ArtifactError::BrokenInput)?;
        self.call(async move |world: Arc<World>| {
            let content = stream::iter(pieces.into_iter().map(Ok));
            world.artifacts.put(&key, Box::pin(content)).await
        })
        .await
    }

    async fn create(&self, key: &ArtifactKey, content: Bytes) -> Result<Created, ArtifactError> {
        let key = key.clone();
        let overwrites = self.0.is_planted(Plant::UnconditionalGate);
        self.call(async move |world: Arc<World>| {
            if overwrites {
                world.artifacts.insert(key.as_str(), content);
                return Ok(Created::Won);
            }
            let created = world.artifacts.create(&key, content.clone()).await;
            if matches!(created, Ok(Created::Won)) {
                world.note_stored(&key, &content);
            }
            created
        })
        .await
    }

    async fn metadata(&self, key: &ArtifactKey) -> Result<ArtifactMetadata, ArtifactError> {
        let key = key.clone();
        self.call(async move |world: Arc<World>| world.artifacts.metadata(&key).await)
            .await
    }

    async fn read(
        &self,
        key: &ArtifactKey,
        range: Option<ByteRange>,
    ) -> Result<ArtifactRead, ArtifactError> {
        let key = key.clone();
        self.call(async move |world: Arc<World>| world.artifacts.read(&key, range).await)
            .await
    }

    async fn list(&self, prefix: &str) -> Result<Vec<ArtifactMetadata>, ArtifactError> {
        let prefix = prefix.to_owned();
        self.call(async move |world: Arc<World>| world.artifacts.list(&prefix).await)
            .await
    }

    async fn delete(&self, key: &ArtifactKey) -> Result<(), ArtifactError> {
        let key = key.clone();
        self.call(async move |world: Arc<World>| world.artifacts.delete(&key).await)
            .await
    }

    async fn link(
        &self,
        key: &ArtifactKey,
        valid_for: Duration,
        disposition: Disposition,
    ) -> Result<Link, ArtifactError> {
        self.0.artifacts.link(key, valid_for, disposition).await
    }

    async fn check(&self) -> Result<(), ArtifactError> {
        self.call(async move |world: Arc<World>| world.artifacts.check().await)
            .await
    }
}
