//! SubmitJob.

use std::sync::Arc;

use super::Account;
use super::agenda::Alarm;
use super::error::ApiError;
use super::jobs::{Array, Job, Parent};
use super::queues::QueueKey;
use super::spec::Spec;
use super::time::Millis;
use super::validation;
use crate::wire::{JobStatus, SubmitJob, SubmittedJob};

impl Account {
    /// SubmitJob. It has no idempotency token: the same request twice makes two jobs.
    ///
    /// # Errors
    /// `TooManyRequestsException` (429) over the limit; `ClientException` for a request that is
    /// too large or wrong, an unknown or disabled queue, an unknown or inactive definition.
    pub fn submit_job(
        &mut self,
        request: &SubmitJob,
        now: Millis,
    ) -> Result<SubmittedJob, ApiError> {
        self.advance(now);
        if !self.submit_throttle.pass(self.now) {
            return Err(ApiError::too_many_requests());
        }
        validation::request(request)?;
        let queue_key = self.queue_key(&request.job_queue)?;
        let queue = self.queues.get(queue_key);
        if !queue.is_enabled() {
            return Err(ApiError::client(format!(
                "JobQueue {} is not in ENABLED state.",
                queue.name()
            )));
        }
        let is_fair_share = queue.is_fair_share();
        validation::share(request.share_identifier.as_deref(), is_fair_share)?;
        let definition = self.resolve_definition(&request.job_definition)?;
        if let Some(overrides) = &request.container_overrides {
            validation::overrides(&definition, overrides)?;
        }
        let dependencies = self.dependencies(request)?;
        let spec = Arc::new(Spec::new(request, &definition, is_fair_share));
        let size = request.array_properties.and_then(|array| array.size);
        let array = match size.map(u32::try_from) {
            Some(Ok(size)) => Array::Parent(Parent::new(size)),
            _ => Array::None,
        };
        let id: Arc<str> = self.ids.uuid().into();
        let mut job = self.new_job(id, spec, queue_key, array);
        job.described_from = self.now.plus(self.settings.describe_lag);
        let submitted = SubmittedJob {
            job_arn: Arc::clone(&job.arn),
            job_name: Arc::clone(&job.spec.name),
            job_id: Arc::clone(&job.id),
        };
        let key = self.jobs.insert(job);
        self.tie_all(key, dependencies);
        self.note_change(key);
        let step_at = self.now.plus(self.settings.pace.submitted);
        self.set_alarm(key, Alarm::Step, Some(step_at));
        Ok(submitted)
    }

    /// A job that is SUBMITTED now.
    pub(super) fn new_job(
        &self,
        id: Arc<str>,
        spec: Arc<Spec>,
        queue: QueueKey,
        array: Array,
    ) -> Job {
        Job {
            arn: self.arns.job(&id),
            id,
            spec,
            queue,
            array,
            created_at: self.now,
            status: JobStatus::Submitted,
            status_reason: None,
            runnable_since: self.now,
            started_at: None,
            stopped_at: None,
            attempts: Vec::new(),
            attempt: None,
            is_cancelled: false,
            is_terminated: false,
            stop_reason: None,
            waits_for: 0,
            dependency_failed: false,
            dependents: Vec::new(),
            described_from: self.now,
            hidden_until: self.now,
            listed: None,
            alarms: [None; 3],
        }
    }
}
