//! A compute backend that fails on request.

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallLimits, Candidate, Capacity, ComputeBackend, Description, LogError, LogPage,
    LogPosition, Queue, QueuePage, QueuePosition, RequestSize, Submission, SubmitError,
};

use super::{Fault, Faults, reason};

/// The calls of a [`ComputeBackend`] that can fail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[expect(missing_docs, reason = "each is the method of its name")]
pub enum ComputeBackendCall {
    ResolveTarget,
    Submit,
    Describe,
    FindByName,
    ListQueue,
    IsMarked,
    Terminate,
    ReadLog,
    Obstacles,
    Forget,
}

impl ComputeBackendCall {
    /// Every call that can fail.
    pub const ALL: [Self; 10] = [
        Self::ResolveTarget,
        Self::Submit,
        Self::Describe,
        Self::FindByName,
        Self::ListQueue,
        Self::IsMarked,
        Self::Terminate,
        Self::ReadLog,
        Self::Obstacles,
        Self::Forget,
    ];
}

/// A compute backend before which calls fail as its [`Faults`] say. A submission that is
/// [`Fault::Declined`] fails as [`SubmitError::DidNotHappen`], one whose request or reply is lost
/// as [`SubmitError::Unknown`]; a target is never resolved half-way, so that always is
/// [`SubmitError::DidNotHappen`]; everything else fails as [`BackendError`].
#[derive(Debug)]
pub struct FailingComputeBackend {
    inner: Arc<dyn ComputeBackend>,
    faults: Faults<ComputeBackendCall>,
}

impl FailingComputeBackend {
    /// Lets every call pass, until told otherwise.
    pub fn new(inner: Arc<dyn ComputeBackend>) -> Self {
        Self {
            inner,
            faults: Faults::none(),
        }
    }

    /// What fails.
    pub const fn faults(&self) -> &Faults<ComputeBackendCall> {
        &self.faults
    }
}

fn not_submitted(fault: Fault) -> SubmitError {
    SubmitError::DidNotHappen {
        reason: reason(fault),
        retry_after: None,
        source: None,
    }
}

fn submit_error(fault: Fault) -> SubmitError {
    match fault {
        Fault::Declined => not_submitted(fault),
        Fault::RequestLost | Fault::ReplyLost => SubmitError::Unknown {
            reason: reason(fault),
            source: None,
        },
    }
}

fn error(fault: Fault) -> BackendError {
    BackendError {
        reason: reason(fault),
        throttled: false,
        source: None,
    }
}

#[async_trait]
impl ComputeBackend for FailingComputeBackend {
    fn settlement(&self) -> Settlement {
        self.inner.settlement()
    }

    async fn capacity(&self) -> Capacity {
        self.inner.capacity().await
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
        let work = self.inner.resolve_target(execution);
        self.faults
            .around(ComputeBackendCall::ResolveTarget, work, not_submitted)
            .await
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let work = self.inner.submit(submission);
        self.faults
            .around(ComputeBackendCall::Submit, work, submit_error)
            .await
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let work = self.inner.describe(ids);
        self.faults
            .around(ComputeBackendCall::Describe, work, error)
            .await
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        let work = self.inner.find_by_name(name, target, hash);
        self.faults
            .around(ComputeBackendCall::FindByName, work, error)
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
        let work = self.inner.list_queue(queue, deployment, from);
        self.faults
            .around(ComputeBackendCall::ListQueue, work, error)
            .await
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        let work = self.inner.is_marked(id, deployment);
        self.faults
            .around(ComputeBackendCall::IsMarked, work, error)
            .await
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        let work = self.inner.terminate(id, reason);
        self.faults
            .around(ComputeBackendCall::Terminate, work, error)
            .await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        let work = self.inner.read_log(id, attempt, from, limit);
        let failed = |fault| LogError::Backend(error(fault));
        self.faults
            .around(ComputeBackendCall::ReadLog, work, failed)
            .await
    }

    async fn obstacles(
        &self,
        target: &Target,
        execution: Option<&Execution>,
    ) -> Result<Obstacles, BackendError> {
        let work = self.inner.obstacles(target, execution);
        self.faults
            .around(ComputeBackendCall::Obstacles, work, error)
            .await
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        let work = self.inner.forget(id);
        self.faults
            .around(ComputeBackendCall::Forget, work, error)
            .await
    }
}
