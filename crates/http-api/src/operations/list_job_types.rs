//! `GET /api/v1/job-types`

use std::sync::Arc;

use batchway_application::Application;
use batchway_domain::job_type::JobType;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::{Value, json};

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::payload::Json;
use crate::problem::Problem;

pub(crate) struct ListJobTypes(pub(super) Application);

/// The kinds of job.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobTypeList")]
struct JobTypeListObject {
    /// In the order of their names.
    job_types: Vec<JobTypeObject>,
}

/// A kind of job.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobType")]
struct JobTypeObject {
    /// Its name, the `job_type` of a POST.
    name: String,
    /// What it does.
    summary: String,
    /// JSON Schema (draft 2020-12) of its `params`.
    params_schema: Value,
    /// An example of `params` that the schema takes.
    example: Value,
    /// Where it runs.
    backend: String,
    /// How long its program may run, in seconds; null where its backend says.
    #[oai(nullable)]
    timeout_seconds: Option<u64>,
    /// How long a job may wait to be started, in seconds; null for ever.
    #[oai(nullable)]
    max_queue_seconds: Option<u64>,
    /// The names that the main result can have; `result_url` leads to the first that is there.
    main_result: Vec<String>,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::JobTypes")]
impl ListJobTypes {
    /// List the kinds of job.
    ///
    /// With the schema of each type's `params` and an example to begin with.
    #[oai(path = "/job-types", method = "get", operation_id = "list_job_types")]
    async fn handle(&self, caller: Caller) -> Result<Json<JobTypeListObject>, Problem> {
        let kinds = self.0.list_job_types(&caller.0).await?;
        let job_types = kinds.into_iter().map(JobTypeObject::from).collect();
        Ok(Json(JobTypeListObject { job_types }))
    }
}

impl From<Arc<JobType>> for JobTypeObject {
    fn from(kind: Arc<JobType>) -> Self {
        Self {
            name: kind.name.to_string(),
            summary: kind.summary.clone(),
            params_schema: Value::clone(&kind.params_schema),
            example: Value::clone(&kind.example),
            backend: kind.backend.to_string(),
            timeout_seconds: kind.timeout.map(|timeout| timeout.as_secs()),
            max_queue_seconds: kind.max_queue_time.map(|time| time.as_secs()),
            main_result: kind
                .main_result
                .iter()
                .flat_map(|main| main.names.clone())
                .collect(),
        }
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "list_job_types",
        problems: &[ANY, CALLER],
        request: None,
        answers: vec![(
            200,
            json!({"job_types": [{
                "name": "run_simulation",
                "summary": "Simulates particles that bind and part.",
                "params_schema": {"type": "object", "required": ["simulation_config"]},
                "example": {"simulation_config": {
                    "mode": "open_chemistry",
                    "config": {"num_particles": 1000, "temperature": 300, "steps": 50000}
                }},
                "backend": "process",
                "timeout_seconds": 86400,
                "max_queue_seconds": null,
                "main_result": ["results.h5"]
            }]}),
        )],
    }
}

#[cfg(test)]
mod tests {
    use poem::http::Method;
    use serde_json::json;

    use crate::test_gateway::{TestGateway, request};

    #[tokio::test]
    async fn each_type_says_what_it_takes() {
        let gateway = TestGateway::new();
        let answer = gateway.get("/api/v1/job-types").await.json();
        let kind = &answer["job_types"][0];
        assert_eq!(kind["name"], "run_simulation");
        assert_eq!(kind["params_schema"]["properties"]["steps"]["minimum"], 1);
        assert_eq!(kind["example"], json!({"steps": 1000}));
        assert_eq!(
            (&kind["timeout_seconds"], &kind["max_queue_seconds"]),
            (&json!(3600), &json!(null))
        );
        let bare = gateway
            .send(request(Method::GET, "/api/v1/job-types").finish())
            .await;
        bare.expect_problem("unauthorized", 401);
    }
}
