//! `GET /api/v1/jobs`

use batchway_application::Application;
use batchway_application::use_cases::ListRequest;
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::job_object::{EXAMPLE_JOB_ID, JobObject, running_example};
use crate::parameters::{PageSize, Status, Time, TypeName};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ListJobs(pub(super) Application);

/// A page of jobs.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobList")]
struct JobListObject {
    /// Newest first.
    jobs: Vec<JobObject>,
    /// The `cursor` of the next page; null on the last.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl ListJobs {
    /// List your jobs.
    ///
    /// Only the caller's own, newest first, each as `GET /api/v1/jobs/{job_id}` shows it. All
    /// filters hold together. For the next page send `next_cursor` as `cursor`, with the same
    /// filters; jobs that were accepted meanwhile don't move the pages.
    #[oai(path = "/jobs", method = "get", operation_id = "list_jobs")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The most jobs of a page, 1 to 100.
        #[oai(default)]
        limit: Query<PageSize>,
        /// Where the page begins: `next_cursor` of the page before.
        cursor: Query<Option<String>>,
        /// Only jobs with this status.
        status: Query<Option<Status>>,
        /// Only jobs of this type.
        job_type: Query<Option<TypeName>>,
        /// Only jobs accepted after this time.
        created_after: Query<Option<Time>>,
        /// Only jobs accepted before this time.
        created_before: Query<Option<Time>>,
    ) -> Result<Json<JobListObject>, Problem> {
        let request = ListRequest {
            limit: limit.0.0,
            cursor: cursor.0,
            status: status.0.map(|status| status.0),
            job_type: job_type.0.map(|name| name.0),
            created_after: created_after.0.map(|time| time.0),
            created_before: created_before.0.map(|time| time.0),
        };
        let page = self.0.list_jobs(&caller.0, request).await?;
        let jobs = page.jobs.into_iter().map(JobObject::from).collect();
        Ok(Json(JobListObject {
            jobs,
            next_cursor: page.next_cursor,
        }))
    }
}

pub(super) fn notes() -> Notes {
    let cursor = format!("{EXAMPLE_JOB_ID}.u7v1Zy0Jm3n3yJm9s0yQkPpRr0s2aQ0e3f8c1d5b6a4");
    Notes {
        operation_id: "list_jobs",
        problems: &[
            ANY,
            CALLER,
            &[
                ProblemKind::InvalidCursor,
                ProblemKind::ArtifactStoreUnavailable,
            ],
        ],
        request: None,
        answers: vec![(
            200,
            json!({"jobs": [running_example()], "next_cursor": cursor}),
        )],
    }
}
