//! A backend on the stage of one case.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use batchway_domain::Timestamp;
use batchway_domain::identity::TryName;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{BackendState, Candidate, ComputeBackend, Description, Submission};

use super::{ComputeBackendFixture, Program};
use crate::specimens;

/// A fixture, and the numbers that keep its tries apart.
pub(super) struct Stage<'a> {
    pub(super) fixture: &'a dyn ComputeBackendFixture,
    serial: AtomicU64,
}

impl<'a> Stage<'a> {
    pub(super) fn new(fixture: &'a dyn ComputeBackendFixture) -> Self {
        Self {
            fixture,
            serial: AtomicU64::new(1),
        }
    }

    pub(super) fn backend(&self) -> Arc<dyn ComputeBackend> {
        self.fixture.backend()
    }

    /// The name of the first try of a job of its own.
    pub(super) fn name(&self) -> TryName {
        let created_at = Timestamp::from_millis(1_772_366_400_000);
        let serial = self.serial.fetch_add(1, Ordering::Relaxed);
        let job = specimens::job_id(&specimens::tenant(), created_at, serial);
        specimens::try_name(self.fixture.deployment(), job, 1)
    }

    /// A try under a name of its own.
    pub(super) fn submission(&self, program: Program) -> Submission {
        self.fixture.submission(self.name(), program)
    }

    pub(super) async fn submit(&self, submission: &Submission) -> BackendId {
        let submitted = self.backend().submit(submission).await;
        submitted.expect("the backend takes the job")
    }

    /// Submits a program under a name of its own.
    pub(super) async fn run(&self, program: Program) -> BackendId {
        self.submit(&self.submission(program)).await
    }

    /// Submits a program and waits until it runs.
    pub(super) async fn start(&self, program: Program) -> BackendId {
        let id = self.run(program).await;
        self.until_running(&id).await;
        id
    }

    /// What the backend says of one job now.
    pub(super) async fn describe(&self, id: &BackendId) -> Option<Description> {
        let mut described = self
            .backend()
            .describe(std::slice::from_ref(id))
            .await
            .expect("the backend answers");
        assert!(described.len() <= 1, "{described:?}");
        described.pop().inspect(|found| assert_eq!(found.id, *id))
    }

    /// Looks again and again until the job is as it should be. What hangs here ends with the
    /// deadline of its case.
    pub(super) async fn until(
        &self,
        id: &BackendId,
        is_reached: impl Fn(&Description) -> bool,
    ) -> Description {
        loop {
            let found = self.describe(id).await;
            let found = found.expect("a job that was taken is described");
            if is_reached(&found) {
                return found;
            }
            self.fixture.settle().await;
        }
    }

    pub(super) async fn until_running(&self, id: &BackendId) -> Description {
        let found = self
            .until(id, |job| {
                job.state == BackendState::Running || job.state.has_ended()
            })
            .await;
        assert_eq!(found.state, BackendState::Running, "{found:?}");
        found
    }

    pub(super) async fn until_ended(&self, id: &BackendId) -> Description {
        self.until(id, |job| job.state.has_ended()).await
    }

    pub(super) async fn terminate(&self, id: &BackendId) {
        let asked = self.backend().terminate(id, "A case is over.").await;
        asked.expect("the backend takes the request");
    }

    /// What bears the name of a submission, target and hash matching.
    pub(super) async fn find(&self, submission: &Submission) -> Vec<Candidate> {
        self.backend()
            .find_by_name(
                &submission.name,
                &submission.target,
                &submission.request_hash,
            )
            .await
            .expect("the backend answers")
    }
}
