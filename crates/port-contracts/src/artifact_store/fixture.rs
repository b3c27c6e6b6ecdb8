//! What an artifact store must bring along to be tried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::ArtifactStore;
use bytes::Bytes;

/// An empty artifact store of its own, and what a case needs to do to it from outside.
#[async_trait]
pub trait ArtifactStoreFixture: Send + Sync {
    /// The store.
    fn store(&self) -> Arc<dyn ArtifactStore>;

    /// What the clock shows by which links end.
    fn now(&self) -> Timestamp;

    /// Returns when that clock has moved on by at least `span`: by setting it, where it can be
    /// set, otherwise by waiting. Cases ask for a few seconds at most.
    async fn let_pass(&self, span: Duration);

    /// Follows a link as anyone could, without any key: `GET`.
    ///
    /// # Panics
    /// Where [`ArtifactStoreCapabilities::links_are_fetchable`] is not declared.
    async fn fetch(&self, url: &str) -> Fetched;

    /// What this store can do.
    fn capabilities(&self) -> ArtifactStoreCapabilities;
}

/// What came of following a link.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// HTTP status.
    pub status: u16,
    /// The value of `Content-Disposition`, where there is one.
    pub content_disposition: Option<String>,
    /// The body.
    pub body: Bytes,
}

/// What artifact stores differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ArtifactStoreCapabilities {
    /// Something answers under the links that the store makes. Where nothing does, links are
    /// judged by their looks.
    pub links_are_fetchable: bool,
    /// A link says whether its object is shown or saved. Otherwise that is left to whoever
    /// serves it, and both links are the same.
    pub links_carry_disposition: bool,
    /// There can be both `a` and `a/b`. Otherwise the second of them is refused.
    pub keys_can_nest: bool,
    /// Of creates at the same time one wins. Otherwise, as with some servers that tests run
    /// against and nobody's jobs may, that holds for creates one after the other only.
    pub creates_are_atomic: bool,
}
