//! A backend for tests in which a call itself is the duty: every call that is not expected fails
//! the test.

use std::collections::BTreeMap;

use async_trait::async_trait;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallLimits, Candidate, Capacity, ComputeBackend, Description, LogError, LogPage,
    LogPosition, RequestSize, Submission, SubmitError,
};
use mockall::mock;

mock! {
    #[derive(Debug)]
    pub(crate) Backend {}

    #[async_trait]
    impl ComputeBackend for Backend {
        fn settlement(&self) -> Settlement;
        async fn capacity(&self) -> Capacity;
        fn call_limits(&self) -> Option<CallLimits>;
        fn looks_after(&self, target: &Target) -> bool;
        fn request_size(
            &self,
            execution: &Execution,
            environment: &BTreeMap<String, String>,
            params: &str,
        ) -> Option<RequestSize>;
        async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError>;
        async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError>;
        async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError>;
        async fn find_by_name(
            &self,
            name: &TryName,
            target: &Target,
            hash: &RequestHash,
        ) -> Result<Vec<Candidate>, BackendError>;
        async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError>;
        async fn read_log(
            &self,
            id: &BackendId,
            attempt: u32,
            from: LogPosition,
            limit: usize,
        ) -> Result<LogPage, LogError>;
        async fn forget(&self, id: &BackendId) -> Result<(), BackendError>;
    }
}

/// A backend on this machine, which may be called as often as one likes.
pub(crate) fn backend_without_limits() -> MockBackend {
    let mut backend = MockBackend::new();
    backend
        .expect_settlement()
        .return_const(Settlement::Authoritative);
    backend.expect_call_limits().return_const(None);
    backend.expect_looks_after().return_const(true);
    backend.expect_request_size().return_const(None);
    backend
}

/// A backend with room, that says of itself what loops ask when they are made and begin.
pub(crate) fn backend_with_room() -> MockBackend {
    let mut backend = backend_without_limits();
    backend.expect_capacity().return_const(Capacity::Slots(8));
    backend
}

/// A backend that takes a submission and never answers.
#[derive(Debug)]
pub(crate) struct SilentBackend;

#[async_trait]
impl ComputeBackend for SilentBackend {
    fn settlement(&self) -> Settlement {
        Settlement::Authoritative
    }

    async fn capacity(&self) -> Capacity {
        Capacity::Slots(8)
    }

    async fn resolve_target(&self, _: &Execution) -> Result<Target, SubmitError> {
        Ok(target())
    }

    async fn submit(&self, _: &Submission) -> Result<BackendId, SubmitError> {
        std::future::pending().await
    }

    async fn describe(&self, _: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        Ok(Vec::new())
    }

    async fn find_by_name(
        &self,
        _: &TryName,
        _: &Target,
        _: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        Ok(Vec::new())
    }

    async fn terminate(&self, _: &BackendId, _: &str) -> Result<(), BackendError> {
        Ok(())
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
        Ok(())
    }
}

pub(crate) fn target() -> Target {
    Target("target".to_owned())
}
