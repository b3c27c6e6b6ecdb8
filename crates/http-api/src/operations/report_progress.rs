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

#[cfg(test)]
mod tests {
    use batchway_domain::job::JobState;
    use poem::http::Method;
    use serde_json::{Value, json};

    use super::BackendId;
    use crate::test_gateway::{Answer, TestGateway, request};

    const PATH: &str = "/api/v1/runner/reports";

    async fn report(gateway: &TestGateway, token: &str, body: &Value) -> Answer {
        let request = request(Method::POST, PATH)
            .content_type("application/json")
            .header("authorization", format!("Bearer {token}"));
        gateway.send(request.body(body.to_string())).await
    }

    #[tokio::test]
    async fn progress_reaches_the_job() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let running = JobState::Running {
            backend_id: BackendId("b-1".to_owned()),
            attempt: 1,
            absence: None,
        };
        gateway
            .seed(&id, |job| {
                job.state = running;
                job.current_try.admitted = true;
            })
            .await;
        let token = gateway.job_token(&id, 1);
        let body = json!({
            "backend_id": "b-1", "attempt": 1, "progress": 0.42, "message": "half", "later": true
        });
        assert_eq!(
            report(&gateway, &token, &body).await.json(),
            json!({"stop": false})
        );
        let job = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        assert_eq!(
            (&job["progress"], &job["message"]),
            (&json!(42), &json!("half"))
        );
        let other_copy = json!({"backend_id": "b-2", "attempt": 1});
        assert_eq!(
            report(&gateway, &token, &other_copy).await.json(),
            json!({"stop": true})
        );
    }

    #[tokio::test]
    async fn only_a_job_token_opens_it() {
        let gateway = TestGateway::new();
        let body = json!({"backend_id": "b-1", "attempt": 1});
        for token in ["", "nonsense", gateway.key.reveal()] {
            report(&gateway, token, &body)
                .await
                .expect_problem("invalid-job-token", 401);
        }
        let bare = request(Method::POST, PATH).content_type("application/json");
        let answer = gateway.send(bare.body(body.to_string())).await;
        answer.expect_problem("invalid-job-token", 401);
        report(&gateway, "nonsense", &json!({"attempt": -1}))
            .await
            .expect_problem("invalid-job-token", 401);
    }

    #[tokio::test]
    async fn a_report_says_who_reports() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let token = gateway.job_token(&id, 1);
        let answer = report(&gateway, &token, &json!({"attempt": -1, "progress": "x"})).await;
        assert_eq!(
            answer.invalid_at(),
            ["/backend_id", "/attempt", "/progress"]
        );
    }
}
