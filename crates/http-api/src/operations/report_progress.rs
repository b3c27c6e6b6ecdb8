//! `POST /api/v1/runner/reports`

use batchway_application::{Application, Violation};
use batchway_domain::job::BackendId;
use batchway_domain::runner::RunnerReport;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, BODY, Notes, Tag};
use crate::authentication::RunnerToken;
use crate::body::{Fields, FromFields, JsonBody};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ReportProgress(pub(super) Application);

/// Progress, or only a sign of life. Fields that this gateway doesn't know are ignored.
#[derive(Debug, Object)]
#[oai(rename = "RunnerReport")]
struct RunnerReportBody {
    /// The backend's id of the copy that reports.
    backend_id: String,
    /// Which attempt of the try, from 1.
    attempt: u32,
    /// From 0 to 1; left out while nothing is known.
    #[oai(nullable)]
    progress: Option<f64>,
    /// The program's own words.
    #[oai(nullable)]
    message: Option<String>,
}

impl FromFields for RunnerReportBody {
    fn from_fields(mut fields: Fields<'_>) -> Result<Self, Vec<Violation>> {
        let backend_id = fields.required("backend_id", "a string");
        let attempt = fields.required("attempt", "a whole number from 0 to 4294967295");
        let progress = fields.optional("progress", "a number from 0 to 1, or null");
        let message = fields.optional("message", "a string or null");
        fields.ignore_rest();
        match (backend_id, attempt, fields.finish()) {
            (Some(backend_id), Some(attempt), violations) if violations.is_empty() => Ok(Self {
                backend_id,
                attempt,
                progress,
                message,
            }),
            (_, _, violations) => Err(violations),
        }
    }
}

/// What the runner is to do.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "RunnerOrder")]
struct RunnerOrderObject {
    /// Whether to end the program: the job is cancelled, has ended, or has gone on to another
    /// try or copy.
    stop: bool,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Runner")]
impl ReportProgress {
    /// Report progress.
    ///
    /// For the runner inside a container, which sends what its program says about its progress,
    /// and a sign of life when it says nothing. The answer tells it whether to go on.
    #[oai(
        path = "/runner/reports",
        method = "post",
        operation_id = "report_progress"
    )]
    async fn handle(
        &self,
        token: RunnerToken,
        body: JsonBody<RunnerReportBody>,
    ) -> Result<Json<RunnerOrderObject>, Problem> {
        let report = RunnerReport {
            backend_id: BackendId(body.0.backend_id),
            attempt: body.0.attempt,
            progress: body.0.progress,
            message: body.0.message,
        };
        let order = self.0.report_progress(&token.0, report).await?;
        Ok(Json(RunnerOrderObject { stop: order.stop }))
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "report_progress",
        problems: &[
            ANY,
            BODY,
            &[
                ProblemKind::InvalidJobToken,
                ProblemKind::JobStoreUnavailable,
                ProblemKind::RecordUnreadable,
            ],
        ],
        request: Some(json!({
            "backend_id": "host-a/3f2c8d1e",
            "attempt": 1,
            "progress": 0.42,
            "message": "step 21000 of 50000"
        })),
        answers: vec![(200, json!({"stop": false}))],
    }
}
