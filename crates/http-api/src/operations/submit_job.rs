//! `POST /api/v1/jobs`

use batchway_application::use_cases::{SubmitRequest, Submitted};
use batchway_application::{Application, Violation};
use batchway_domain::identity::IdempotencyKey;
use batchway_domain::job::JobStatus;
use poem::Request;
use poem::http::HeaderMap;
use poem_openapi::{ApiResponse, Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, BODY, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::body::{Fields, FromFields, JsonBody};
use crate::job_object::EXAMPLE_JOB_ID;
use crate::parameters::Key;
use crate::payload::{Json, RawObject};
use crate::problem::{Problem, ProblemKind};
use crate::scalars::StatusWord;

const IDEMPOTENCY_HEADER: &str = "idempotency-key";

pub(crate) struct SubmitJob(pub(super) Application);

/// A job to be run.
#[derive(Debug, Object)]
#[oai(rename = "SubmitJobRequest")]
struct SubmitJobBody {
    /// The kind of job, such as `run_simulation` or `generate_dataset`. `GET /api/v1/job-types`
    /// shows them all.
    job_type: String,
    /// What the job is to do, by the schema of its type. At most 32 levels deep.
    params: RawObject,
    /// Names this request, so that sending it again does not start a second job: 1 to 255
    /// visible ASCII characters. The `Idempotency-Key` header does the same.
    #[oai(
        validator(min_length = 1, max_length = 255, pattern = "^[!-~]+$"),
        nullable
    )]
    idempotency_key: Option<String>,
    /// A public http or https URL to be told when the job changes, at most 2048 bytes.
    #[oai(validator(max_length = 2048, pattern = "^https?://"), nullable)]
    webhook_url: Option<String>,
}

impl FromFields for SubmitJobBody {
    fn from_fields(mut fields: Fields<'_>) -> Result<Self, Vec<Violation>> {
        let job_type = fields.required("job_type", "a string with the name of a job type");
        let params = fields.required("params", "an object with the job's parameters");
        let idempotency_key = fields.optional("idempotency_key", "a string or null");
        let webhook_url = fields.optional("webhook_url", "a string with a URL, or null");
        match (job_type, params, fields.finish()) {
            (Some(job_type), Some(params), violations) if violations.is_empty() => Ok(Self {
                job_type,
                params: RawObject(params),
                idempotency_key,
                webhook_url,
            }),
            (_, _, violations) => Err(violations),
        }
    }
}

/// A job that was accepted.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "SubmittedJob")]
struct SubmittedJob {
    /// Its id.
    job_id: String,
    /// Always `queued`, as it was when it was accepted.
    status: StatusWord,
    /// How long it will take, in seconds.
    estimated_time: u64,
}

#[derive(ApiResponse)]
enum SubmitJobAnswer {
    /// The same request was accepted before, under the same idempotency key. Nothing was
    /// started; the body is that of the first answer.
    #[oai(status = 200)]
    Replayed(
        Json<SubmittedJob>,
        /// Always `true`.
        #[oai(header = "Idempotent-Replayed")]
        String,
        /// The path of the job.
        #[oai(header = "Location")]
        String,
    ),
    /// The job is recorded, and will run.
    #[oai(status = 202)]
    Accepted(
        Json<SubmittedJob>,
        /// The path of the job.
        #[oai(header = "Location")]
        String,
    ),
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl SubmitJob {
    /// Start a job.
    ///
    /// Records the job and answers at once; the job then runs by itself. Once this has been
    /// answered with 2xx, the job is not lost, whatever happens to the gateway.
    ///
    /// With an idempotency key, in the body or in the `Idempotency-Key` header, the same request
    /// can be sent any number of times: the first starts the job (202), the others answer the
    /// same body (200, `Idempotent-Replayed: true`). The key with another body is 422. Keys are
    /// each caller's own and are remembered for 72 hours unless configured otherwise.
    #[oai(
        path = "/jobs",
        method = "post",
        operation_id = "submit_job",
        request_header(
            name = "Idempotency-Key",
            ty = "Option<Key>",
            description = "Names this request, as `idempotency_key` in the body does; in both, they must be equal."
        )
    )]
    async fn handle(
        &self,
        caller: Caller,
        request: &Request,
        body: JsonBody<SubmitJobBody>,
    ) -> Result<SubmitJobAnswer, Problem> {
        let body = body.0;
        let request = SubmitRequest {
            job_type: body.job_type,
            params: body.params.0,
            idempotency_key: body.idempotency_key,
            idempotency_header: idempotency_header(request.headers())?,
            webhook_url: body.webhook_url,
        };
        Ok(self.0.submit_job(&caller.0, request).await?.into())
    }
}

impl From<Submitted> for SubmitJobAnswer {
    fn from(submitted: Submitted) -> Self {
        let location = format!("{API_PREFIX}/jobs/{}", submitted.job_id);
        let body = Json(SubmittedJob {
            job_id: submitted.job_id.to_string(),
            status: StatusWord(JobStatus::Queued),
            estimated_time: submitted.estimated_seconds,
        });
        if submitted.replayed {
            Self::Replayed(body, "true".to_owned(), location)
        } else {
            Self::Accepted(body, location)
        }
    }
}

fn idempotency_header(headers: &HeaderMap) -> Result<Option<IdempotencyKey>, Problem> {
    let invalid = || {
        let detail = format!("Idempotency-Key {}, given once.", IdempotencyKey::RULE);
        Problem::new(ProblemKind::InvalidHeader, detail)
    };
    let mut values = headers.get_all(IDEMPOTENCY_HEADER).iter();
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(value), None) => {
            let key = value.to_str().ok().and_then(|text| text.parse().ok());
            key.map(Some).ok_or_else(invalid)
        }
        (Some(_), Some(_)) => Err(invalid()),
    }
}

pub(super) fn notes() -> Notes {
    let answer = json!({"job_id": EXAMPLE_JOB_ID, "status": "queued", "estimated_time": 45});
    Notes {
        operation_id: "submit_job",
        problems: &[
            ANY,
            CALLER,
            BODY,
            &[
                ProblemKind::InvalidHeader,
                ProblemKind::IdempotencyKeyReused,
                ProblemKind::TooManyActiveJobs,
                ProblemKind::BacklogFull,
            ],
        ],
        request: Some(json!({
            "job_type": "run_simulation",
            "params": {
                "simulation_config": {
                    "mode": "open_chemistry",
                    "config": {"num_particles": 1000, "temperature": 300, "steps": 50000}
                }
            },
            "idempotency_key": "run-2026-03-01-a"
        })),
        answers: vec![(200, answer.clone()), (202, answer)],
    }
}

#[cfg(test)]
mod tests;
