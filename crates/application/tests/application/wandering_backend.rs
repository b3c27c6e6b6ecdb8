//! A backend whose calls take a while, so that others come between.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallLimits, Candidate, Capacity, ComputeBackend, Description, Entropy, LogError,
    LogPage, LogPosition, Queue, QueuePage, QueuePosition, RequestSize, Submission, SubmitError,
};
use batchway_memory_adapters::SeededEntropy;
use tokio::task::yield_now;

/// Gives way to others before and after each call: a few times, at random, or always once.
#[derive(Debug)]
pub(crate) struct WanderingBackend {
    inner: Arc<dyn ComputeBackend>,
    dice: Option<SeededEntropy>,
}

impl WanderingBackend {
    pub(crate) fn new(inner: Arc<dyn ComputeBackend>, seed: u64) -> Self {
        let dice = Some(SeededEntropy::new(seed));
        Self { inner, dice }
    }

    pub(crate) fn steady(inner: Arc<dyn ComputeBackend>) -> Self {
        Self { inner, dice: None }
    }

    async fn around<T>(&self, call: impl Future<Output = T> + Send) -> T {
        self.wander().await;
        let answer = call.await;
        self.wander().await;
        answer
    }

    async fn wander(&self) {
        let steps = match &self.dice {
            Some(dice) => {
                let dice: &dyn Entropy = dice;
                let [steps] = dice.bytes();
                steps % 6
            }
            None => 1,
        };
        for _ in 0..steps {
            yield_now().await;
        }
    }
}

#[async_trait]
impl ComputeBackend for WanderingBackend {
    fn settlement(&self) -> Settlement {
        self.inner.settlement()
    }

    async fn capacity(&self) -> Capacity {
        self.around(self.inner.capacity()).await
    }

    fn call_limits(&self) -> Option<CallLimits> {
        self.inner.call_limits()
    }

    fn looks_after(&self, target: &Target) -> bool {
        self.inner.looks_after(target)
    }

    fn request_size(
        &self,
        execution: &Execution,
        environment: &BTreeMap<String, String>,
        params: &str,
    ) -> Option<RequestSize> {
        self.inner.request_size(execution, environment, params)
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        self.around(self.inner.resolve_target(execution)).await
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        self.around(self.inner.submit(submission)).await
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        self.around(self.inner.describe(ids)).await
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        self.around(self.inner.find_by_name(name, target, hash))
            .await
    }

    fn queue_of(&self, target: &Target) -> Option<Queue> {
        self.inner.queue_of(target)
    }

    async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        self.around(self.inner.list_queue(queue, deployment, from))
            .await
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        self.around(self.inner.is_marked(id, deployment)).await
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        self.around(self.inner.terminate(id, reason)).await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        self.around(self.inner.read_log(id, attempt, from, limit))
            .await
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        self.around(self.inner.forget(id)).await
    }
}
