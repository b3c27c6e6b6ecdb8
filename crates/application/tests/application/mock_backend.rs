//! A backend for tests in which a call itself is the duty: every call that is not expected fails
//! the test.

use std::collections::BTreeMap;

use async_trait::async_trait;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, Failure, FailureClass, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, BackendState, CallLimits, Candidate, Capacity, ComputeBackend, Description,
    LogError, LogPage, LogPosition, RequestSize, StopEvidence, Submission, SubmitError,
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

/// A backend of one machine, which may be called as often as one likes.
pub(crate) fn backend_that_says_what_it_is() -> MockBackend {
    let mut backend = MockBackend::new();
    backend
        .expect_settlement()
        .return_const(Settlement::Authoritative);
    backend.expect_call_limits().return_const(None);
    backend
}

/// The same, with all jobs in its care and any room in its requests.
pub(crate) fn backend_without_limits() -> MockBackend {
    let mut backend = backend_that_says_what_it_is();
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

/// A backend whose only program has failed, and whose log is never answered.
#[derive(Debug)]
pub(crate) struct FailedBackend;

#[async_trait]
impl ComputeBackend for FailedBackend {
    fn settlement(&self) -> Settlement {
        SilentBackend.settlement()
    }

    async fn capacity(&self) -> Capacity {
        SilentBackend.capacity().await
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        SilentBackend.resolve_target(execution).await
    }

    async fn submit(&self, _: &Submission) -> Result<BackendId, SubmitError> {
        Ok(BackendId("copy".to_owned()))
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let failure = Failure::new(FailureClass::ProgramExit, "It ended with exit status 3.");
        Ok(vec![Description {
            id: ids[0].clone(),
            state: BackendState::Failed {
                failure,
                stop: StopEvidence::None,
                lost_gate: false,
            },
            attempts: Vec::new(),
        }])
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        SilentBackend.find_by_name(name, target, hash).await
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        SilentBackend.terminate(id, reason).await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        SilentBackend.read_log(id, attempt, from, limit).await
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        SilentBackend.forget(id).await
    }
}
