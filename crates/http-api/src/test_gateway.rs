//! A whole gateway over adapters in memory, for this crate's tests: requests go in as a client
//! sends them, answers come out as a client sees them.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::{Application, Ports, Settings, WebhookPorts, WebhookSettings};
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, JobState, RetryPolicy};
use batchway_domain::job_type::{
    EstimateFormula, Execution, JobType, JobTypes, MainResult, ProcessExecution,
};
use batchway_domain::ports::{AdmissionLimits, Clock, ComputeBackend, JobCommit, JobStore};
use batchway_domain::security::{ApiKey, JobToken, LinkSigner, SigningSecrets};
use batchway_memory_adapters::{
    FailingComputeBackend, FailingJobStore, Fault, ManualClock, MemoryArtifactStore,
    MemoryComputeBackend, MemoryJobStore, MemoryWebhookReceivers, SeededEntropy,
};
use poem::endpoint::BoxEndpoint;
use poem::http::{HeaderMap, HeaderName, Method, StatusCode};
use poem::{Body, Endpoint, EndpointExt, Request, RequestBuilder, Response};
use serde_json::{Value, json};

use crate::{HttpOptions, routes};

/// Where links lead.
const PUBLIC_URL: &str = "http://gateway.test";

pub(crate) struct TestGateway {
    pub(crate) endpoint: BoxEndpoint<'static, Response>,
    pub(crate) application: Application,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) jobs: Arc<MemoryJobStore>,
    pub(crate) artifacts: Arc<MemoryArtifactStore>,
    pub(crate) receivers: MemoryWebhookReceivers,
    failing_jobs: Arc<FailingJobStore>,
    failing_backend: Arc<FailingComputeBackend>,
    /// The key of `user123`.
    pub(crate) key: ApiKey,
}

impl TestGateway {
    pub(crate) fn new() -> Self {
        Self::with_limits(AdmissionLimits {
            queued: 1000,
            active_of_user: None,
        })
    }

    pub(crate) fn with_limits(limits: AdmissionLimits) -> Self {
        let clock = Arc::new(ManualClock::default());
        let signer = LinkSigner::new(secrets(), PUBLIC_URL);
        let jobs = Arc::new(MemoryJobStore::new(clock.clone()));
        let failing_jobs = Arc::new(FailingJobStore::new(jobs.clone()));
        let artifacts = Arc::new(MemoryArtifactStore::with_signer(
            clock.clone(),
            signer.clone(),
        ));
        let backend = Arc::new(MemoryComputeBackend::with_slots(clock.clone(), 1));
        let failing_backend = Arc::new(FailingComputeBackend::new(backend));
        let receivers = MemoryWebhookReceivers::default();
        let ports = Ports {
            jobs: failing_jobs.clone(),
            history: jobs.clone(),
            artifacts: artifacts.clone(),
            backends: BTreeMap::from([(
                "process".parse().unwrap(),
                failing_backend.clone() as Arc<dyn ComputeBackend>,
            )]),
            budget: jobs.clone(),
            ledger: jobs.clone(),
            feed: None,
            webhooks: WebhookPorts {
                outbox: jobs.clone(),
                secrets: jobs.clone(),
                sender: Arc::new(receivers.clone()),
                encode: crate::encode_event,
            },
            mirror: None,
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::default()),
        };
        let settings = Settings {
            environment: "prod".parse().unwrap(),
            deployment: "test0000".parse().unwrap(),
            secrets: secrets(),
            links: Some(signer),
            gateway_url: PUBLIC_URL.to_owned(),
            link_ttl: Duration::from_secs(3600),
            idempotency_ttl: Duration::from_secs(72 * 3600),
            retention: Duration::from_secs(90 * 86_400),
            limits,
            webhooks: WebhookSettings::default(),
        };
        let application = Application::new(ports, settings, job_types()).unwrap();
        let options = HttpOptions {
            entropy: Arc::new(SeededEntropy::new(2)),
        };
        let key = jobs.register_user("user123");
        Self {
            endpoint: routes(application.clone(), options).boxed(),
            application,
            clock,
            jobs,
            artifacts,
            receivers,
            failing_jobs,
            failing_backend,
            key,
        }
    }

    /// From now on the job store can't be reached.
    pub(crate) fn break_job_store(&self) {
        self.failing_jobs
            .faults()
            .fail_at_random(1, 1.0, &[Fault::RequestLost]);
    }

    /// From now on what runs jobs does not answer.
    pub(crate) fn break_backend(&self) {
        self.failing_backend
            .faults()
            .fail_at_random(1, 1.0, &[Fault::RequestLost]);
    }

    /// Another user's key.
    pub(crate) fn stranger(&self) -> ApiKey {
        self.jobs.register_user("stranger")
    }

    /// A request as it is, without a key.
    pub(crate) async fn send(&self, request: Request) -> Answer {
        Answer::of(self.endpoint.get_response(request).await).await
    }

    /// A request with the key of `user123`.
    pub(crate) async fn send_with_key(
        &self,
        request: RequestBuilder,
        body: impl Into<Body>,
    ) -> Answer {
        self.send(with_key(request, &self.key).body(body)).await
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send_with_key(request(Method::GET, path), ()).await
    }

    pub(crate) async fn get_as(&self, key: &ApiKey, path: &str) -> Answer {
        self.send(with_key(request(Method::GET, path), key).finish())
            .await
    }

    pub(crate) async fn post(&self, path: &str, body: &Value) -> Answer {
        let request = request(Method::POST, path).content_type("application/json");
        self.send_with_key(request, body.to_string()).await
    }

    /// Accepts a simulation and answers its id.
    pub(crate) async fn submit(&self) -> JobId {
        let answer = self.post("/api/v1/jobs", &simulation()).await;
        assert_eq!(answer.status, StatusCode::ACCEPTED, "{answer:?}");
        answer.json()["job_id"].as_str().unwrap().parse().unwrap()
    }

    /// Writes a job's record as a test wants it, past the state machine.
    pub(crate) async fn seed(&self, id: &JobId, change: impl FnOnce(&mut Job)) {
        let mut job = self.jobs.job(id).expect("the job is there");
        let expected_version = job.version;
        change(&mut job);
        job.version = expected_version + 1;
        let operation = u128::from(job.version);
        let commit = JobCommit {
            job,
            expected_version,
            operation,
            events: Vec::new(),
        };
        self.jobs.commit(commit).await.unwrap();
    }

    /// The token of a try's runner.
    pub(crate) fn job_token(&self, id: &JobId, try_number: u32) -> String {
        let expires_at = self.clock.now().plus(Duration::from_secs(3600));
        JobToken {
            job: id.clone(),
            try_number,
            expires_at,
        }
        .sign(&secrets())
    }

    /// Lets a job end well, with a main result.
    pub(crate) async fn complete(&self, id: &JobId) {
        let now = self
            .jobs
            .job(id)
            .unwrap()
            .created_at
            .plus(Duration::from_secs(40));
        self.seed(id, |job| {
            job.state = JobState::Completed;
            job.completed_at = Some(now);
            job.main_result = Some("results.h5".to_owned());
        })
        .await;
        self.artifacts
            .insert(&format!("prod/user123/{id}/results.h5"), "0123456789");
    }
}

pub(crate) fn request(method: Method, path: &str) -> RequestBuilder {
    Request::builder().method(method).uri_str(path)
}

pub(crate) fn with_key(request: RequestBuilder, key: &ApiKey) -> RequestBuilder {
    request.header("authorization", format!("Bearer {}", key.reveal()))
}

/// A body that is accepted.
pub(crate) fn simulation() -> Value {
    json!({"job_type": "run_simulation", "params": {"steps": 50000}})
}

/// An answer as a client sees it.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    async fn of(response: Response) -> Self {
        let (parts, body) = response.into_parts();
        let body = body.into_vec().await.expect("the body can be read");
        Self {
            status: parts.status,
            headers: parts.headers,
            body,
        }
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|_| panic!("not JSON: {self:?}"))
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: impl TryInto<HeaderName>) -> Option<&str> {
        let name = name.try_into().ok().expect("a header's name");
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// Checks that this is a problem of this kind, with all that belongs to one, and answers it.
    #[track_caller]
    pub(crate) fn expect_problem(&self, slug: &str, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text());
        assert_eq!(
            self.header("content-type"),
            Some("application/problem+json")
        );
        let problem = self.json();
        assert_eq!(problem["type"], format!("{}{slug}", crate::PROBLEM_BASE));
        assert_eq!(problem["status"], status);
        assert_eq!(problem["request_id"].as_str(), self.header("x-request-id"));
        for member in ["title", "detail"] {
            assert!(
                problem[member]
                    .as_str()
                    .is_some_and(|text| !text.is_empty()),
                "{problem}"
            );
        }
        assert_eq!(
            self.headers.contains_key("retry-after"),
            [429, 503].contains(&status)
        );
        assert_eq!(self.headers.contains_key("www-authenticate"), status == 401);
        problem
    }

    /// The pointers of a 422.
    #[track_caller]
    pub(crate) fn invalid_at(&self) -> Vec<String> {
        let problem = self.expect_problem("invalid-request", 422);
        let errors = problem["errors"].as_array().expect("errors").clone();
        errors
            .iter()
            .map(|error| error["pointer"].as_str().unwrap().to_owned())
            .collect()
    }
}

fn secrets() -> SigningSecrets {
    SigningSecrets::new(vec![vec![7; 32]]).unwrap()
}

/// One type that takes `steps` and lists runs as inputs.
fn job_types() -> JobTypes {
    let kind = JobType {
        name: "run_simulation".parse().unwrap(),
        summary: "Simulates.".to_owned(),
        params_schema: Arc::new(json!({
            "type": "object",
            "properties": {
                "steps": {"type": "integer", "minimum": 1},
                "extra": {},
                "runs": {"type": "array"}
            },
            "additionalProperties": false
        })),
        example: Arc::new(json!({"steps": 1000})),
        backend: "process".parse().unwrap(),
        execution: Execution::Process(ProcessExecution {
            command: vec!["simulate".to_owned()],
            ..ProcessExecution::default()
        }),
        gated: false,
        timeout: Some(Duration::from_secs(3600)),
        max_queue_time: None,
        main_result: Some(MainResult {
            names: vec!["results.h5".to_owned()],
        }),
        estimate: EstimateFormula {
            work: vec!["/steps".to_owned()],
            seconds_per_unit: 0.001,
            base_seconds: 5.0,
        },
        inputs: Some("/runs".to_owned()),
        tries: RetryPolicy::once(),
    };
    JobTypes::from_iter([kind])
}
