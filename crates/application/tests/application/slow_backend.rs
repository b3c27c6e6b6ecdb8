//! A backend that never answers: nobody but its own loops notices.

use std::time::Duration;

use async_trait::async_trait;
use batchway_application::loops::drive;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, JobState, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, Candidate, Capacity, ComputeBackend, Description, LogError, LogPage, LogPosition,
    Submission, SubmitError,
};
use batchway_memory_adapters::SeededEntropy;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

use crate::job_types::{REMOTE, SIMULATE};
use crate::scene::{MINUTE, SECOND, Scene, request};

/// Says what it is, takes calls, and answers none.
#[derive(Debug)]
struct DeadBackend;

#[async_trait]
impl ComputeBackend for DeadBackend {
    fn settlement(&self) -> Settlement {
        Settlement::Authoritative
    }

    async fn capacity(&self) -> Capacity {
        Capacity::Slots(4)
    }

    async fn resolve_target(&self, _: &Execution) -> Result<Target, SubmitError> {
        std::future::pending().await
    }

    async fn submit(&self, _: &Submission) -> Result<BackendId, SubmitError> {
        std::future::pending().await
    }

    async fn describe(&self, _: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        std::future::pending().await
    }

    async fn find_by_name(
        &self,
        _: &TryName,
        _: &Target,
        _: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        std::future::pending().await
    }

    async fn terminate(&self, _: &BackendId, _: &str) -> Result<(), BackendError> {
        std::future::pending().await
    }

    async fn read_log(
        &self,
        _: &BackendId,
        _: u32,
        _: LogPosition,
        _: usize,
    ) -> Result<LogPage, LogError> {
        std::future::pending().await
    }

    async fn forget(&self, _: &BackendId) -> Result<(), BackendError> {
        std::future::pending().await
    }
}

#[tokio::test(start_paused = true)]
async fn a_post_is_answered_at_once_while_a_backend_hangs() {
    let scene = Scene::with_backend(DeadBackend);
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    let drain = CancellationToken::new();
    let entropy = SeededEntropy::default();
    let loops = application.loops();
    let driven = loops
        .iter()
        .map(|work| drive(&**work, &entropy, drain.clone()));
    let clients = async {
        for _ in 0..50 {
            sleep(SECOND).await;
            let began = Instant::now();
            let answer = application.submit_job(key, request(SIMULATE)).await;
            let id = answer.unwrap().job_id;
            application.get_job(key, id.as_str()).await.unwrap();
            let cancelled = application.cancel_job(key, id.as_str()).await.unwrap();
            assert!(cancelled.confirmed, "nothing of it was sent");
            assert_eq!(began.elapsed(), Duration::ZERO);
        }
        // Jobs of other backends go on.
        let answer = application.submit_job(key, request(REMOTE)).await;
        let id = answer.unwrap().job_id;
        sleep(5 * SECOND).await;
        assert!(matches!(scene.job(&id).state, JobState::Submitted { .. }));
        drain.cancel();
    };
    let all = futures_util::future::join(futures_util::future::join_all(driven), clients);
    timeout(5 * MINUTE, all).await.expect("rounds have an end");
}
