//! A backend with limits: on calls, on the size of requests, and to one host.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, CallLimit, CallLimits, Candidate, Capacity, Clock, ComputeBackend, Description,
    LogError, LogPage, LogPosition, Queue, QueuePage, QueuePosition, RequestSize, Submission,
    SubmitError,
};

/// What is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Call {
    ResolveTarget,
    Submit,
    Describe,
    FindByName,
    ListQueue,
    Terminate,
    ReadLog,
    Obstacles,
}

/// Notes every call, and when it was made.
#[derive(Debug)]
pub(crate) struct LimitedBackend {
    inner: Arc<dyn ComputeBackend>,
    clock: Arc<dyn Clock>,
    limits: Option<CallLimits>,
    /// The most that a request may take.
    characters: Option<usize>,
    /// Sees only what was sent to this host.
    host: Option<&'static str>,
    throttles: AtomicUsize,
    calls: Mutex<Vec<(Call, Timestamp)>>,
}

impl LimitedBackend {
    pub(crate) fn new(inner: Arc<dyn ComputeBackend>, clock: Arc<dyn Clock>) -> Self {
        Self {
            inner,
            clock,
            limits: None,
            characters: None,
            host: None,
            throttles: AtomicUsize::new(0),
            calls: Mutex::default(),
        }
    }

    /// So many submissions and other calls a second, and as many at once.
    pub(crate) fn with_calls(mut self, submissions: u32, others: u32) -> Self {
        let limit = |burst| CallLimit {
            per_second: f64::from(burst),
            burst,
        };
        self.limits = Some(CallLimits {
            scope: "account/region".to_owned(),
            submissions: limit(submissions),
            others: limit(others),
        });
        self
    }

    pub(crate) fn with_characters(mut self, characters: usize) -> Self {
        self.characters = Some(characters);
        self
    }

    pub(crate) fn on_host(mut self, host: &'static str) -> Self {
        self.host = Some(host);
        self
    }

    /// The next so many calls are turned away.
    pub(crate) fn throttle(&self, count: usize) {
        self.throttles.store(count, Ordering::SeqCst);
    }

    /// When calls of this kind were made.
    pub(crate) fn times(&self, call: Call) -> Vec<Timestamp> {
        let calls = self.calls.lock().unwrap();
        let of_kind = calls.iter().filter(|(made, _)| *made == call);
        of_kind.map(|(_, at)| *at).collect()
    }

    pub(crate) fn count(&self, call: Call) -> usize {
        self.times(call).len()
    }

    /// Says whether the call is turned away.
    fn note(&self, call: Call) -> bool {
        self.calls.lock().unwrap().push((call, self.clock.now()));
        let one_less = |left: usize| left.checked_sub(1);
        self.throttles
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less)
            .is_ok()
    }

    fn allowed(&self, call: Call) -> Result<(), BackendError> {
        if !self.note(call) {
            return Ok(());
        }
        Err(BackendError {
            reason: "too many requests".to_owned(),
            throttled: true,
            source: None,
        })
    }

    fn may_submit(&self, call: Call) -> Result<(), SubmitError> {
        if !self.note(call) {
            return Ok(());
        }
        Err(SubmitError::Throttled {
            reason: "too many requests".to_owned(),
            retry_after: None,
        })
    }
}

#[async_trait]
impl ComputeBackend for LimitedBackend {
    fn settlement(&self) -> Settlement {
        self.inner.settlement()
    }

    async fn capacity(&self) -> Capacity {
        self.inner.capacity().await
    }

    fn call_limits(&self) -> Option<CallLimits> {
        self.limits.clone()
    }

    fn looks_after(&self, target: &Target) -> bool {
        self.host.is_none_or(|host| target.0.ends_with(host))
    }

    fn request_size(
        &self,
        _: &Execution,
        environment: &BTreeMap<String, String>,
        params: &str,
    ) -> Option<RequestSize> {
        let variables = environment.iter();
        let variables: usize = variables
            .map(|(name, value)| name.len() + value.len())
            .sum();
        self.characters.map(|limit| RequestSize {
            characters: variables + params.len(),
            limit,
        })
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        self.may_submit(Call::ResolveTarget)?;
        let target = self.inner.resolve_target(execution).await?;
        Ok(match self.host {
            Some(host) => Target(format!("{} on {host}", target.0)),
            None => target,
        })
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        self.may_submit(Call::Submit)?;
        self.inner.submit(submission).await
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        self.allowed(Call::Describe)?;
        self.inner.describe(ids).await
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        self.allowed(Call::FindByName)?;
        self.inner.find_by_name(name, target, hash).await
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
        self.allowed(Call::ListQueue)?;
        self.inner.list_queue(queue, deployment, from).await
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        self.allowed(Call::Describe)?;
        self.inner.is_marked(id, deployment).await
    }

    async fn terminate(&self, id: &BackendId, reason: &str) -> Result<(), BackendError> {
        self.allowed(Call::Terminate)?;
        self.inner.terminate(id, reason).await
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        self.allowed(Call::ReadLog)?;
        self.inner.read_log(id, attempt, from, limit).await
    }

    async fn obstacles(
        &self,
        target: &Target,
        execution: Option<&Execution>,
    ) -> Result<Obstacles, BackendError> {
        self.allowed(Call::Obstacles)?;
        self.inner.obstacles(target, execution).await
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        self.inner.forget(id).await
    }
}
