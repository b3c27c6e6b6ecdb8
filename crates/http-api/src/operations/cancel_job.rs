//! `POST /api/v1/jobs/{job_id}/cancel`

use batchway_application::Application;
use poem_openapi::param::Path;
use poem_openapi::{ApiResponse, OpenApi};

use super::{ANY, API_PREFIX, CALLER, Notes, ONE_JOB, Tag};
use crate::authentication::Caller;
use crate::job_examples::{cancelled_job, completed_job, stopping_job};
use crate::job_object::JobObject;
use crate::payload::Json;
use crate::problem::Problem;

pub(crate) struct CancelJob(pub(super) Application);

#[derive(ApiResponse)]
enum CancelJobAnswer {
    /// The job has ended: `cancelled` if it was stopped, and otherwise as it ended before it
    /// could be.
    #[oai(status = 200)]
    Ended(Json<JobObject>),
    /// The request is recorded and the job is being stopped; it may still run. Look again later.
    #[oai(status = 202)]
    Stopping(Json<JobObject>),
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl CancelJob {
    /// Stop a job.
    ///
    /// Answers `cancelled` only once no compute goes on. Waits up to 5 seconds for that; if it
    /// takes longer, the answer is 202 with the present status and `cancel_requested_at`, and
    /// the gateway goes on until the job has stopped. A job that completed first stays
    /// `completed`. Doing it twice is the same as doing it once. A body is not read.
    #[oai(
        path = "/jobs/:job_id/cancel",
        method = "post",
        operation_id = "cancel_job"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
    ) -> Result<CancelJobAnswer, Problem> {
        let cancellation = self.0.cancel_job(&caller.0, &job_id).await?;
        let job = Json(cancellation.job.into());
        Ok(match cancellation.confirmed {
            true => CancelJobAnswer::Ended(job),
            false => CancelJobAnswer::Stopping(job),
        })
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "cancel_job",
        problems: &[ANY, CALLER, ONE_JOB],
        request: None,
        answers: vec![
            (200, cancelled_job()),
            (200, completed_job()),
            (202, stopping_job()),
        ],
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::job::{BackendId, JobState};
    use serde_json::{Value, json};

    use crate::test_gateway::TestGateway;

    #[tokio::test]
    async fn a_job_that_was_not_sent_is_cancelled_at_once_and_stays_so() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let path = format!("/api/v1/jobs/{id}/cancel");
        let first = gateway.post(&path, &json!({})).await;
        assert_eq!(
            (first.status.as_u16(), &first.json()["status"]),
            (200, &json!("cancelled"))
        );
        assert!(first.json()["cancel_requested_at"].is_string());
        let second = gateway.post(&path, &json!({})).await;
        assert_eq!((second.status.as_u16(), &second.body), (200, &first.body));
        let seen = gateway.get(&format!("/api/v1/jobs/{id}")).await;
        assert_eq!(seen.body, first.body, "the same object as the GET");
    }

    #[tokio::test]
    async fn a_job_that_ended_is_answered_unchanged() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.complete(&id).await;
        let before = gateway.get(&format!("/api/v1/jobs/{id}")).await;
        let answer = gateway
            .post(&format!("/api/v1/jobs/{id}/cancel"), &json!({}))
            .await;
        assert_eq!((answer.status.as_u16(), answer.body), (200, before.body));
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_that_does_not_stop_in_time_is_not_called_cancelled() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let running = JobState::Running {
            backend_id: BackendId("b-1".to_owned()),
            attempt: 1,
            absence: None,
        };
        gateway.seed(&id, |job| job.state = running).await;
        let answer = gateway
            .post(&format!("/api/v1/jobs/{id}/cancel"), &Value::Null)
            .await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["status"]),
            (202, &json!("running"))
        );
        assert!(answer.json()["cancel_requested_at"].is_string());
    }
}
