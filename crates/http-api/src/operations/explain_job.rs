//! `GET /api/v1/jobs/{job_id}/explain`

use batchway_application::Application;
use poem_openapi::OpenApi;
use poem_openapi::param::Path;

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::explanation_examples::{failed_job_explained, waiting_job};
use crate::explanation_object::ExplanationObject;
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ExplainJob(pub(super) Application);

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl ExplainJob {
    /// Ask why a job waits or failed.
    ///
    /// What is the matter in a sentence, by a word that programs can compare, and what helps:
    /// each advice with who can follow it and, where there is one, a command. Then the evidence:
    /// the reason that the backend gives, exit code and signal, every attempt's failure, what
    /// keeps the backend from starting jobs, the last lines of the log. Of evidence that can't be
    /// had the answer says so.
    ///
    /// For a person who wants to know. It asks the backend anew, at most once a second for all
    /// callers together: to follow a job, get the job.
    #[oai(
        path = "/jobs/:job_id/explain",
        method = "get",
        operation_id = "explain_job"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
    ) -> Result<Json<ExplanationObject>, Problem> {
        let explanation = self.0.explain_job(&caller.0, &job_id).await?;
        Ok(Json(explanation.into()))
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "explain_job",
        problems: &[ANY, CALLER, &[ProblemKind::JobNotFound]],
        request: None,
        answers: vec![(200, waiting_job()), (200, failed_job_explained())],
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::job::{Attempt, BackendId, Failure, FailureClass, Job, JobState};
    use serde_json::{Value, json};

    use crate::test_gateway::TestGateway;

    fn path(id: &impl std::fmt::Display) -> String {
        format!("/api/v1/jobs/{id}/explain")
    }

    fn field_names(object: &Value) -> Vec<String> {
        object.as_object().unwrap().keys().cloned().collect()
    }

    fn failed(job: &mut Job) {
        let failure = Failure::new(FailureClass::ProgramExit, "The program ended.")
            .with_exit_code(3)
            .with_backend_reason("Essential container in task exited");
        job.state = JobState::Failed {
            failure: failure.clone(),
        };
        job.attempts = vec![Attempt {
            try_number: 1,
            backend_id: BackendId("b-1".to_owned()),
            started_at: Some(job.created_at),
            stopped_at: Some(job.created_at),
            failure: Some(failure),
        }];
    }

    #[tokio::test]
    async fn a_job_that_waits_for_its_turn_is_told_so_and_has_every_field() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let told = gateway.get(&path(&id)).await.json();
        assert_eq!(field_names(&told), field_names(&super::waiting_job()));
        let evidence = &super::waiting_job()["evidence"];
        assert_eq!(field_names(&told["evidence"]), field_names(evidence));
        assert_eq!(
            json!([told["status"], told["phase"], told["cause"]]),
            json!(["queued", "accepted", "turn"])
        );
        assert_eq!(told["mends"][0]["by"], "nobody");
        assert_eq!(told["evidence"]["free_slots"], 1);
        assert_eq!(
            told["evidence"]["log"],
            json!({
                "attempt": null, "lines": [],
                "reason": "The job's program has not been started yet."
            })
        );
    }

    #[tokio::test]
    async fn a_job_that_failed_shows_exit_code_reason_and_last_lines() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.seed(&id, failed).await;
        let key = format!("prod/user123/{id}/_batchway/try-1/attempt-1.log");
        let log = batchway_domain::artifacts::LOG_HEADER;
        gateway
            .artifacts
            .insert(&key, format!("{log}-\tone\n-\tno such file\n"));
        let told = gateway.get(&path(&id)).await.json();
        assert_eq!(told["cause"], "program_exit");
        assert_eq!(told["evidence"]["failure"]["exit_code"], 3);
        assert_eq!(
            told["evidence"]["failure"]["backend_reason"],
            "Essential container in task exited"
        );
        assert_eq!(
            told["evidence"]["log"],
            json!({
                "attempt": 1,
                "lines": [{"at": null, "text": "one"}, {"at": null, "text": "no such file"}],
                "reason": null
            })
        );
        assert_eq!(told["mends"][0]["by"], "owner");
        assert_eq!(told["next_step_at"], Value::Null);
    }

    #[tokio::test]
    async fn a_backend_that_does_not_answer_is_told_and_is_no_problem() {
        let gateway = TestGateway::new();
        gateway.break_backend();
        let id = gateway.submit().await;
        gateway
            .seed(&id, |job| {
                failed(job);
                job.archive_logs_at = Some(job.created_at);
            })
            .await;
        let answer = gateway.get(&path(&id)).await;
        assert_eq!(answer.status, 200);
        let log = &answer.json()["evidence"]["log"];
        assert_eq!((&log["attempt"], &log["lines"]), (&json!(1), &json!([])));
        let reason = log["reason"].as_str().unwrap();
        assert!(reason.starts_with("The log can't be read now:"), "{reason}");
    }

    #[tokio::test]
    async fn the_jobs_of_others_are_as_absent_as_any() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await.to_string();
        let stranger = gateway.stranger();
        let never = id.replace(&id[20..], &"0".repeat(id.len() - 20));
        let mut told = Vec::new();
        for id in [&id, &never, &"no-id".to_owned()] {
            let answer = gateway.get_as(&stranger, &path(id)).await;
            let mut problem = answer.expect_problem("job-not-found", 404);
            problem["request_id"] = Value::Null;
            told.push(problem.to_string().replace(id.as_str(), "ID"));
        }
        assert_eq!(told[0], told[1]);
        assert_eq!(told[0], told[2]);
    }
}
