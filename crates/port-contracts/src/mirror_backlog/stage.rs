//! Jobs that are mirrored, on the stage of one case.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::MirrorBacklog;

use super::MirrorBacklogFixture;
use crate::job_store::scene::Scene;

/// How long [`Stage::take`] puts jobs off.
pub(super) const LEASE: Duration = Duration::from_secs(60);

/// A scene whose jobs are mirrored.
pub(super) struct Stage<'a> {
    pub(super) scene: Scene<'a>,
    fixture: &'a dyn MirrorBacklogFixture,
}

impl<'a> Stage<'a> {
    pub(super) fn new(fixture: &'a dyn MirrorBacklogFixture) -> Self {
        Self {
            scene: Scene::new(fixture),
            fixture,
        }
    }

    pub(super) fn backlog(&self) -> Arc<dyn MirrorBacklog> {
        self.fixture.mirror_backlog()
    }

    pub(super) async fn take(&self, limit: usize) -> Vec<Job> {
        let taken = self.backlog().take_changed(limit, LEASE).await;
        taken.expect("the store is read")
    }

    /// Takes all that is due.
    pub(super) async fn take_all(&self) -> Vec<Job> {
        self.take(10_000).await
    }

    /// Says that these were mirrored as they are here.
    pub(super) async fn mirrored(&self, jobs: &[Job]) {
        let versions: Vec<(JobId, u64)> = jobs
            .iter()
            .map(|job| (job.id.clone(), job.version))
            .collect();
        let settled = self.backlog().mirrored(&versions).await;
        settled.expect("the store is written");
    }

    /// Mirrors all that is due.
    pub(super) async fn mirror_all(&self) {
        let taken = self.take_all().await;
        self.mirrored(&taken).await;
    }
}
