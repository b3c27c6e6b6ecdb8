//! `GET /healthz`

use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{Notes, Tag};
use crate::payload::Json;
use crate::problem::ProblemKind;

pub(crate) struct CheckHealth;

/// The gateway answers.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "Health")]
pub(super) struct HealthObject {
    /// Always `ok`.
    pub(super) status: String,
}

#[OpenApi(tag = "Tag::Health")]
impl CheckHealth {
    /// See whether the gateway lives.
    ///
    /// Asks nothing of its stores: if this is not answered, restart the gateway.
    #[oai(path = "/healthz", method = "get", operation_id = "check_health")]
    async fn handle(&self) -> Json<HealthObject> {
        Json(HealthObject {
            status: "ok".to_owned(),
        })
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "check_health",
        problems: &[&[ProblemKind::InvalidQuery]],
        request: None,
        answers: vec![(200, json!({"status": "ok"}))],
    }
}
