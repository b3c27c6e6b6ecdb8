//! `GET /api/v1/jobs/{job_id}`

use batchway_application::Application;
use batchway_domain::job::JobStatus;
use poem::Request;
use poem::http::header;
use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, OpenApi};

use super::{ANY, API_PREFIX, CALLER, Notes, ONE_JOB, Tag};
use crate::authentication::Caller;
use crate::job_object::{JobObject, running_example};
use crate::parameters::Wait;
use crate::payload::Json;
use crate::problem::Problem;

pub(crate) struct GetJob(pub(super) Application);

#[derive(ApiResponse)]
enum GetJobAnswer {
    /// The job.
    #[oai(status = 200)]
    Job(
        Json<JobObject>,
        /// Changes with the job. A completed job has none, as its link is new with every answer.
        #[oai(header = "ETag")]
        Option<String>,
    ),
    /// The job is as it was at the `ETag` in `If-None-Match`.
    #[oai(status = 304)]
    Unchanged(
        /// The same as before.
        #[oai(header = "ETag")]
        Option<String>,
    ),
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl GetJob {
    /// Look at a job.
    ///
    /// Its status is kept current by the gateway; asking often changes nothing about that.
    /// `progress` is 100 exactly when the job is completed. A failed job has a sentence in
    /// `error` and, in `failure`, its class, what can be done, and the evidence.
    ///
    /// With `?wait=30s` the answer comes when the job's status, progress or message changes or
    /// the job ends, and after that time at the latest, with what there is.
    ///
    /// With `If-None-Match` and the `ETag` of an earlier answer, an unchanged job is 304.
    #[oai(path = "/jobs/:job_id", method = "get", operation_id = "get_job")]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
        /// How long to wait for news: a duration such as `30s`, `1m` or `30`, at most 60 seconds.
        wait: Query<Option<Wait>>,
        request: &Request,
    ) -> Result<GetJobAnswer, Problem> {
        let job = match wait.0 {
            Some(Wait(at_most)) => self.0.wait_for_job(&caller.0, &job_id, at_most).await?,
            None => self.0.get_job(&caller.0, &job_id).await?,
        };
        let is_completed = job.snapshot.status == JobStatus::Completed;
        let etag = (!is_completed).then(|| format!("W/\"v{}\"", job.snapshot.version));
        if etag.as_deref().is_some_and(|etag| knows(request, etag)) {
            return Ok(GetJobAnswer::Unchanged(etag));
        }
        Ok(GetJobAnswer::Job(Json(job.into()), etag))
    }
}

/// Whether the caller has what bears this tag already.
fn knows(request: &Request, etag: &str) -> bool {
    let tags = request.header(header::IF_NONE_MATCH).unwrap_or_default();
    tags.split(',').any(|tag| tag.trim() == etag)
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "get_job",
        problems: &[ANY, CALLER, ONE_JOB],
        request: None,
        answers: vec![(200, running_example())],
    }
}
