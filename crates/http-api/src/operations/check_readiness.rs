//! `GET /readyz`

use batchway_application::Application;
use batchway_application::use_cases::NotReady;
use poem_openapi::OpenApi;
use serde_json::json;

use super::check_health::HealthObject;
use super::{ANY, Notes, Tag};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct CheckReadiness(pub(super) Application);

#[OpenApi(tag = "Tag::Health")]
impl CheckReadiness {
    /// See whether requests can be served.
    ///
    /// Answers 503 with the reasons while a store can't be used, and from the moment the gateway
    /// is told to stop, so that no new requests are sent to it.
    #[oai(path = "/readyz", method = "get", operation_id = "check_readiness")]
    async fn handle(&self) -> Result<Json<HealthObject>, Problem> {
        self.0.check_readiness().await?;
        Ok(Json(HealthObject {
            status: "ok".to_owned(),
        }))
    }
}

impl From<NotReady> for Problem {
    fn from(NotReady { reasons }: NotReady) -> Self {
        Self::not_ready(reasons)
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "check_readiness",
        problems: &[ANY, &[ProblemKind::NotReady]],
        request: None,
        answers: vec![(200, json!({"status": "ok"}))],
    }
}
