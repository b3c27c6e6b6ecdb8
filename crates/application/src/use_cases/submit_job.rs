//! Starting a job.

use std::sync::Arc;

use batchway_domain::identity::{IdempotencyKey, JobId, JobTypeName};
use batchway_domain::job::{JobStatus, NewJob, RequestHash};
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{Admission, AdmissionLimits, AdmitError, Admitted, Idempotency};
use batchway_domain::security::{KeyDigest, WebhookTarget};
use futures_util::future::try_join_all;
use serde_json::Value;
use serde_json::value::RawValue;
use sha2::{Digest, Sha256};

use super::fingerprint::fingerprint;
use crate::{Application, RequestError, Violation};

/// A request to start a job, decoded and not yet judged.
#[derive(Clone, Debug)]
pub struct SubmitRequest {
    /// The type.
    pub job_type: String,
    /// The params, as they were written.
    pub params: Box<RawValue>,
    /// The idempotency key in the body.
    pub idempotency_key: Option<String>,
    /// The idempotency key in the header.
    pub idempotency_header: Option<IdempotencyKey>,
    /// Whom to tell.
    pub webhook_url: Option<String>,
}

/// A job that was started, now or by the same request before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Submitted {
    /// Its id.
    pub job_id: JobId,
    /// How long it will take, as estimated at its admission.
    pub estimated_seconds: u64,
    /// It was there already, under the same idempotency key.
    pub replayed: bool,
}

impl From<Admitted> for Submitted {
    fn from(admitted: Admitted) -> Self {
        Self {
            job_id: admitted.job.id,
            estimated_seconds: admitted.job.estimated_seconds,
            replayed: admitted.replayed,
        }
    }
}

/// A request that can be told from every other.
struct Checked {
    kind: Arc<JobType>,
    params: Value,
    idempotency_key: Option<IdempotencyKey>,
    webhook: Option<WebhookTarget>,
    /// What the type's schema says against it.
    against_schema: Vec<Violation>,
}

impl Application {
    /// Starts a job: everything is checked first, then one step of the store records it. When
    /// this answers, the job is as durable as the store makes it.
    ///
    /// # Errors
    /// [`RequestError::Invalid`] with every violation; the limits; the key; the store.
    pub async fn submit_job(
        &self,
        key: &KeyDigest,
        request: SubmitRequest,
    ) -> Result<Submitted, RequestError> {
        let checked = match self.check_request(&request) {
            Ok(checked) => checked,
            // Whoever has no key learns nothing, not even what is wrong with the request.
            Err(violations) => {
                self.authenticate(key).await?;
                return Err(RequestError::Invalid(violations));
            }
        };
        let id = JobId::new(self.now(), key.shard, self.0.ports.entropy.bytes());
        let violations = self.violations(key, &id, &request, &checked).await?;
        let admission = self.admission(id, &request, checked);
        if !violations.is_empty() {
            return self.replay_or_refuse(key, admission, violations).await;
        }
        let admitted = self.jobs().admit(key, admission).await?;
        if !admitted.replayed {
            self.0.nudges.ring(&admitted.job.due().lane);
            self.0.nudges.ring_for_mirror();
        }
        Ok(admitted.into())
    }

    /// A request that is not good any more may have been when it was first sent: its inputs were
    /// removed since, or its type's schema has changed. Then it is answered as it was.
    async fn replay_or_refuse(
        &self,
        key: &KeyDigest,
        mut admission: Admission,
        violations: Vec<Violation>,
    ) -> Result<Submitted, RequestError> {
        if admission.idempotency.is_none() {
            self.authenticate(key).await?;
            return Err(RequestError::Invalid(violations));
        }
        // A known key is answered before the limits are looked at, and these let nothing new in.
        admission.limits = AdmissionLimits {
            queued: 0,
            active_of_user: Some(0),
        };
        match self.jobs().admit(key, admission).await {
            Ok(admitted) => Ok(admitted.into()),
            Err(AdmitError::TooManyActive { .. } | AdmitError::BacklogFull { .. }) => {
                Err(RequestError::Invalid(violations))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// What speaks against a job that can be made sense of.
    async fn violations(
        &self,
        key: &KeyDigest,
        id: &JobId,
        request: &SubmitRequest,
        checked: &Checked,
    ) -> Result<Vec<Violation>, RequestError> {
        if !checked.against_schema.is_empty() {
            return Ok(checked.against_schema.clone());
        }
        let params = request.params.get();
        match self.too_long(id, &checked.kind, params, &checked.params) {
            Some(violation) => Ok(vec![violation]),
            None => self.check_inputs(key, checked).await,
        }
    }

    /// # Errors
    /// Everything that is wrong with a request that can't be made sense of.
    fn check_request(&self, request: &SubmitRequest) -> Result<Checked, Vec<Violation>> {
        let mut violations = Vec::new();
        let kind = self.check_type(&request.job_type, &mut violations);
        let idempotency_key = check_idempotency_key(request, &mut violations);
        let webhook = self.check_webhook(request.webhook_url.as_deref(), &mut violations);
        let params = check_params(&request.params, &mut violations);
        let (Some(kind), Some(params)) = (kind, params) else {
            return Err(violations);
        };
        let against_schema = self.0.schemas.violations(&kind.name, &params);
        if !violations.is_empty() {
            violations.extend(against_schema);
            return Err(violations);
        }
        Ok(Checked {
            kind,
            params,
            idempotency_key,
            webhook,
            against_schema,
        })
    }

    fn check_type(&self, name: &str, violations: &mut Vec<Violation>) -> Option<Arc<JobType>> {
        let known = name.parse::<JobTypeName>().ok();
        let kind = known.and_then(|name| self.0.job_types.get(&name).cloned());
        if kind.is_none() {
            let names: Vec<&str> = self
                .0
                .job_types
                .iter()
                .map(|kind| kind.name.as_str())
                .collect();
            let detail = format!("is not a job type; there are {}", names.join(", "));
            violations.push(Violation::new("/job_type", detail));
        }
        kind
    }

    fn check_webhook(
        &self,
        url: Option<&str>,
        violations: &mut Vec<Violation>,
    ) -> Option<WebhookTarget> {
        let policy = &self.settings().webhooks.policy;
        match WebhookTarget::judge(url?, policy) {
            Ok(target) => Some(target),
            Err(error) => {
                violations.push(Violation::new("/webhook_url", error.to_string()));
                None
            }
        }
    }

    /// The jobs whose results are the input must be the caller's own and completed.
    async fn check_inputs(
        &self,
        key: &KeyDigest,
        checked: &Checked,
    ) -> Result<Vec<Violation>, RequestError> {
        let runs = input_runs(&checked.kind, &checked.params);
        let verdicts = runs.iter().enumerate().map(|(index, run)| async move {
            let pointer = format!(
                "/params{}/{index}",
                checked.kind.inputs.as_deref().unwrap_or("")
            );
            match self.find_own(key, run).await {
                Ok(job) if job.status() == JobStatus::Completed => Ok(None),
                Ok(job) => Ok(Some(Violation::new(
                    pointer,
                    format!(
                        "job {run} is {}, and only completed jobs have results to read",
                        job.status()
                    ),
                ))),
                Err(RequestError::JobNotFound { .. }) => Ok(Some(Violation::new(
                    pointer,
                    format!("{run} is not one of your jobs"),
                ))),
                Err(error) => Err(error),
            }
        });
        Ok(try_join_all(verdicts)
            .await?
            .into_iter()
            .flatten()
            .collect())
    }

    fn admission(&self, id: JobId, request: &SubmitRequest, checked: Checked) -> Admission {
        let settings = self.settings();
        let kind = &checked.kind;
        let work = kind.estimate.work_of(&checked.params);
        let idempotency = checked.idempotency_key.map(|key| Idempotency {
            key,
            fingerprint: fingerprint(kind, &checked.params, checked.webhook.as_ref()),
            kept_for: settings.idempotency_ttl,
        });
        let params: Arc<str> = request.params.get().into();
        let job = NewJob {
            id,
            environment: settings.environment.clone(),
            job_type: kind.name.clone(),
            backend: kind.backend.clone(),
            work,
            estimated_seconds: self.0.estimates.seconds(kind, work),
            webhook: checked.webhook,
            request_hash: request_hash(kind, &params),
        };
        Admission {
            job,
            params,
            idempotency,
            limits: settings.limits,
        }
    }
}

/// The ids in the list that the type says is its input.
pub(crate) fn input_runs(kind: &JobType, params: &Value) -> Vec<String> {
    kind.inputs
        .as_deref()
        .and_then(|pointer| params.pointer(pointer))
        .and_then(Value::as_array)
        .map(|runs| {
            runs.iter()
                .filter_map(Value::as_str)
                .map(str::to_owned)
                .collect()
        })
        .unwrap_or_default()
}

fn check_idempotency_key(
    request: &SubmitRequest,
    violations: &mut Vec<Violation>,
) -> Option<IdempotencyKey> {
    let header = request.idempotency_header.clone();
    let field = match request
        .idempotency_key
        .as_deref()
        .map(str::parse::<IdempotencyKey>)
    {
        None => return header,
        Some(Err(error)) => {
            violations.push(Violation::new("/idempotency_key", error.to_string()));
            return None;
        }
        Some(Ok(field)) => field,
    };
    if header.is_some_and(|header| header != field) {
        let detail =
            "differs from the Idempotency-Key header; send one of them, or the same in both";
        violations.push(Violation::new("/idempotency_key", detail));
    }
    Some(field)
}

fn check_params(params: &RawValue, violations: &mut Vec<Violation>) -> Option<Value> {
    match serde_json::from_str::<Value>(params.get()) {
        Ok(Value::Object(params)) => Some(Value::Object(params)),
        Ok(_) => {
            violations.push(Violation::new("/params", "is not an object"));
            None
        }
        Err(error) => {
            violations.push(Violation::new("/params", format!("can't be read: {error}")));
            None
        }
    }
}

/// Tells our tries from whatever else bears their name.
fn request_hash(kind: &JobType, params: &str) -> RequestHash {
    let mut hash = Sha256::new();
    hash.update(kind.name.as_str());
    hash.update([0]);
    hash.update(params);
    RequestHash(data_encoding::HEXLOWER.encode(&hash.finalize()))
}
