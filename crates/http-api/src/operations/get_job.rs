//! `GET /api/v1/jobs/{job_id}`

use batchway_application::Application;
use batchway_domain::job::JobStatus;
use poem::Request;
use poem::http::header;
use poem_openapi::param::{Path, Query};
use poem_openapi::{ApiResponse, OpenApi};

use super::{ANY, API_PREFIX, CALLER, Notes, ONE_JOB, Tag};
use crate::authentication::Caller;
use crate::job_examples::{completed_job, failed_job, queued_job, running_job};
use crate::job_object::JobObject;
use crate::parameters::Wait;
use crate::payload::Json;
use crate::problem::Problem;

pub(crate) struct GetJob(pub(super) Application);

#[derive(ApiResponse)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly every answer is the large one"
)]
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
    #[oai(
        path = "/jobs/:job_id",
        method = "get",
        operation_id = "get_job",
        request_header(
            name = "If-None-Match",
            ty = "Option<String>",
            description = "The `ETag` of an earlier answer."
        )
    )]
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
        answers: vec![
            (200, queued_job()),
            (200, running_job()),
            (200, completed_job()),
            (200, failed_job()),
        ],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use batchway_domain::job::{
        Attempt, BackendId, CancelCause, Failure, FailureClass, JobState, WaitingReason,
    };
    use poem::http::Method;
    use serde_json::{Value, json};

    use crate::test_gateway::{Answer, TestGateway, request};

    fn field_names(job: &Value) -> Vec<String> {
        job.as_object().unwrap().keys().cloned().collect()
    }

    async fn get_if_none_match(gateway: &TestGateway, path: &str, etag: &str) -> Answer {
        let request = request(Method::GET, path).header("if-none-match", etag);
        gateway.send_with_key(request, ()).await
    }

    #[tokio::test]
    async fn a_queued_job_has_every_field() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let job = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        assert_eq!(field_names(&job), field_names(&super::running_job()));
        let expected = json!({
            "job_id": id.as_str(), "job_type": "run_simulation", "status": "queued", "progress": 0,
            "message": null, "error": null, "failure": null,
            "waiting_reason": {
                "code": "turn",
                "message": "The job waits for its turn to be given to its backend.",
            },
            "result_url": null, "result_expires_at": null,
            "created_at": "2026-03-01T12:00:00.000Z", "completed_at": null,
            "cancel_requested_at": null, "last_checked_at": null, "heartbeat_at": null,
            "backend_unreachable_since": null, "attempts": [], "backend": "process",
            "aws_batch_job_id": null, "version": job["version"]
        });
        assert_eq!(job, expected);
    }

    #[tokio::test]
    async fn a_completed_job_has_a_link_that_works() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.complete(&id).await;
        let answer = gateway.get(&format!("/api/v1/jobs/{id}")).await;
        let job = answer.json();
        assert_eq!(
            (&job["status"], &job["progress"]),
            (&json!("completed"), &json!(100))
        );
        assert_eq!(job["completed_at"], "2026-03-01T12:00:40.000Z");
        assert_eq!(job["result_expires_at"], "2026-03-01T13:00:00.000Z");
        assert_eq!(answer.header("etag"), None, "the link is new every time");
        let url = job["result_url"].as_str().unwrap().to_owned();
        let path = url.strip_prefix("http://gateway.test").unwrap();
        assert_eq!(
            gateway
                .send(request(Method::GET, path).finish())
                .await
                .text(),
            "0123456789"
        );
    }

    #[tokio::test]
    async fn a_failed_job_says_why_and_what_to_do() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let failure = Failure::new(FailureClass::HostLost, "The host went away.")
            .with_signal(9)
            .with_backend_reason("Host EC2 (instance i-1) terminated.");
        let attempt = Attempt {
            try_number: 1,
            backend_id: BackendId("b-1".to_owned()),
            started_at: None,
            stopped_at: None,
            failure: Some(failure.clone()),
        };
        gateway
            .seed(&id, |job| {
                job.state = JobState::Failed { failure };
                job.attempts = vec![attempt; 5];
            })
            .await;
        let job = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        assert_eq!(
            (&job["status"], &job["error"]),
            (&json!("failed"), &json!("The host went away."))
        );
        let failure = json!({
            "class": "lost", "message": "The host went away.",
            "remedy": FailureClass::HostLost.remedy(), "exit_code": null, "signal": 9,
            "backend_reason": "Host EC2 (instance i-1) terminated."
        });
        assert_eq!(job["failure"], failure);
        let numbers: Vec<&Value> = job["attempts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|attempt| &attempt["number"])
            .collect();
        assert_eq!(numbers, [3, 4, 5], "the last three, with their own numbers");
        let attempt = json!({
            "number": 5, "backend_id": "b-1", "started_at": null, "stopped_at": null,
            "failure": failure
        });
        assert_eq!(job["attempts"][2], attempt);
    }

    #[tokio::test]
    async fn only_aws_batch_has_an_aws_batch_job_id() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let submitted = JobState::Submitted {
            backend_id: BackendId("0a1b".to_owned()),
            waiting: Some(WaitingReason {
                code: "capacity".to_owned(),
                message: "No host.".to_owned(),
            }),
            absence: None,
        };
        gateway.seed(&id, |job| job.state = submitted).await;
        let path = format!("/api/v1/jobs/{id}");
        let job = gateway.get(&path).await.json();
        assert_eq!(job["aws_batch_job_id"], Value::Null);
        assert_eq!(
            job["waiting_reason"],
            json!({"code": "capacity", "message": "No host."})
        );
        gateway
            .seed(&id, |job| job.backend = "aws-batch".parse().unwrap())
            .await;
        assert_eq!(gateway.get(&path).await.json()["aws_batch_job_id"], "0a1b");
    }

    #[tokio::test]
    async fn an_unchanged_job_is_not_sent_again() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let path = format!("/api/v1/jobs/{id}");
        let etag = gateway.get(&path).await.header("etag").unwrap().to_owned();
        let same = get_if_none_match(&gateway, &path, &format!("\"x\", {etag}")).await;
        assert_eq!((same.status.as_u16(), same.body.len()), (304, 0));
        assert_eq!(same.header("etag"), Some(etag.as_str()));
        gateway.seed(&id, |job| job.progress.percent = 5).await;
        assert_eq!(
            get_if_none_match(&gateway, &path, &etag).await.json()["progress"],
            5
        );
    }

    #[tokio::test]
    async fn a_wait_ends_with_the_job() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway
            .seed(&id, |job| {
                job.state = JobState::Cancelled {
                    cause: CancelCause::Requested,
                }
            })
            .await;
        let answer = gateway.get(&format!("/api/v1/jobs/{id}?wait=60s")).await;
        assert_eq!(answer.json()["status"], "cancelled");
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_after_its_time() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let started = tokio::time::Instant::now();
        let answer = gateway.get(&format!("/api/v1/jobs/{id}?wait=30")).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["status"]),
            (200, &json!("queued"))
        );
        assert!(started.elapsed() >= Duration::from_secs(30));
    }

    #[tokio::test(start_paused = true)]
    async fn a_wait_ends_when_the_gateway_stops() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.application.drain();
        let started = tokio::time::Instant::now();
        assert_eq!(
            gateway
                .get(&format!("/api/v1/jobs/{id}?wait=60"))
                .await
                .status,
            200
        );
        assert!(started.elapsed() < Duration::from_secs(1));
    }

    #[tokio::test]
    async fn a_wait_is_a_duration_of_at_most_a_minute() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        for wait in ["", "61", "2m", "-1", "soon", "1h"] {
            let answer = gateway.get(&format!("/api/v1/jobs/{id}?wait={wait}")).await;
            let problem = answer.expect_problem("invalid-query", 400);
            let expected = "wait is a duration such as 30s, 1m or 30 (seconds), at most 60s.";
            assert_eq!(problem["detail"], expected);
        }
    }
}
