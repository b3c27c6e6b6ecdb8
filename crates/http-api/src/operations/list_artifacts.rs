//! `GET /api/v1/jobs/{job_id}/artifacts`

use batchway_application::Application;
use batchway_application::use_cases::{ArtifactList, ListedArtifact};
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, CALLER, Notes, ONE_JOB, Tag};
use crate::authentication::Caller;
use crate::job_examples::example_link;
use crate::job_object::EXAMPLE_JOB_ID;
use crate::payload::Json;
use crate::problem::Problem;
use crate::scalars::DateTime;

pub(crate) struct ListArtifacts(pub(super) Application);

/// What a job left.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "ArtifactList")]
struct ArtifactListObject {
    /// The job's id.
    job_id: String,
    /// All of its artifacts, in the order of their keys.
    artifacts: Vec<ArtifactObject>,
}

/// One file that a job left.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Artifact")]
struct ArtifactObject {
    /// Its key: `{env}/{user}/{job_id}/{name}`.
    key: String,
    /// Its size in bytes.
    size: u64,
    /// SHA-256 of what the runner stored, in lower-case hexadecimal digits. Null while the job
    /// runs, and for jobs whose image works without the runner.
    #[oai(nullable)]
    sha256: Option<String>,
    /// A link that needs no API key.
    url: String,
    /// When the link ends.
    url_expires_at: DateTime,
    /// When the file was written.
    last_modified: DateTime,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl ListArtifacts {
    /// List a job's results.
    ///
    /// One reply holds all of them. For a job that isn't finished it holds what is there,
    /// perhaps nothing. Each `url` works without an API key until `url_expires_at`: whoever has
    /// it can read that one file, so treat it as a secret.
    #[oai(
        path = "/jobs/:job_id/artifacts",
        method = "get",
        operation_id = "list_artifacts"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
    ) -> Result<Json<ArtifactListObject>, Problem> {
        Ok(Json(
            self.0.list_artifacts(&caller.0, &job_id).await?.into(),
        ))
    }
}

impl From<ArtifactList> for ArtifactListObject {
    fn from(ArtifactList { job_id, artifacts }: ArtifactList) -> Self {
        let artifacts = artifacts.into_iter().map(ArtifactObject::from).collect();
        Self {
            job_id: job_id.to_string(),
            artifacts,
        }
    }
}

impl From<ListedArtifact> for ArtifactObject {
    fn from(artifact: ListedArtifact) -> Self {
        let ListedArtifact {
            metadata,
            sha256,
            link,
        } = artifact;
        Self {
            key: metadata.key.to_string(),
            size: metadata.size,
            sha256,
            url: link.url,
            url_expires_at: DateTime(link.expires_at),
            last_modified: DateTime(metadata.last_modified),
        }
    }
}

pub(super) fn notes() -> Notes {
    let key = format!("prod/user123/{EXAMPLE_JOB_ID}/results.h5");
    let url = example_link(&key);
    Notes {
        operation_id: "list_artifacts",
        problems: &[ANY, CALLER, ONE_JOB],
        request: None,
        answers: vec![(
            200,
            json!({
                "job_id": EXAMPLE_JOB_ID,
                "artifacts": [{
                    "key": key,
                    "size": 1_048_576,
                    "sha256": "5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef",
                    "url": url,
                    "url_expires_at": "2026-03-01T13:00:00.000Z",
                    "last_modified": "2026-03-01T12:00:44.000Z"
                }]
            }),
        )],
    }
}

#[cfg(test)]
mod tests {
    use poem::http::Method;
    use serde_json::json;

    use crate::test_gateway::{TestGateway, request};

    #[tokio::test]
    async fn a_job_that_left_nothing_has_an_empty_list() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let answer = gateway.get(&format!("/api/v1/jobs/{id}/artifacts")).await;
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json(),
            json!({"job_id": id.as_str(), "artifacts": []})
        );
    }

    #[tokio::test]
    async fn every_artifact_has_a_link_that_works_in_a_browser() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        for index in 0..1500 {
            gateway
                .artifacts
                .insert(&format!("prod/user123/{id}/part {index:04} ü.csv"), "a,b");
        }
        gateway
            .artifacts
            .insert(&format!("prod/user123/{id}/_batchway/1/gate"), "ours");
        let list = gateway
            .get(&format!("/api/v1/jobs/{id}/artifacts"))
            .await
            .json();
        let artifacts = list["artifacts"].as_array().unwrap();
        assert_eq!(artifacts.len(), 1500);
        let first = &artifacts[0];
        assert_eq!(first["key"], format!("prod/user123/{id}/part 0000 ü.csv"));
        assert_eq!(
            (&first["size"], &first["last_modified"]),
            (&json!(3), &json!("2026-03-01T12:00:00.000Z"))
        );
        assert_eq!(first["url_expires_at"], "2026-03-01T13:00:00.000Z");
        let path = first["url"]
            .as_str()
            .unwrap()
            .strip_prefix("http://gateway.test")
            .unwrap();
        assert_eq!(
            gateway
                .send(request(Method::GET, path).finish())
                .await
                .text(),
            "a,b"
        );
    }
}
