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

#[cfg(test)]
mod tests {
    use poem::http::Method;

    use crate::test_gateway::{TestGateway, request};

    #[tokio::test]
    async fn a_gateway_that_is_about_to_stop_lives_and_is_not_ready() {
        let gateway = TestGateway::new();
        let get = |path| gateway.send(request(Method::GET, path).finish());
        assert_eq!(get("/readyz").await.text(), "{\"status\":\"ok\"}");
        gateway.application.drain();
        let problem = get("/readyz").await.expect_problem("not-ready", 503);
        assert_eq!(problem["reasons"][0], "the gateway is about to stop");
        assert_eq!(get("/healthz").await.text(), "{\"status\":\"ok\"}");
    }
}
