//! `GET /api/v1/jobs/{job_id}/webhook-deliveries`

use batchway_application::Application;
use batchway_application::use_cases::DeliveryList;
use poem_openapi::param::Path;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::delivery_object::{DeliveryObject, pending_example};
use crate::job_object::EXAMPLE_JOB_ID;
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ListWebhookDeliveries(pub(super) Application);

/// What became of a job's webhooks.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "WebhookDeliveryList")]
struct DeliveryListObject {
    /// The job's id.
    job_id: String,
    /// In the order of its events; the last hundred.
    deliveries: Vec<DeliveryObject>,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Webhooks")]
impl ListWebhookDeliveries {
    /// List a job's webhook deliveries.
    ///
    /// Every event that the job's `webhook_url` was, or is to be, told of, with each attempt and
    /// what the receiver answered. Empty for a job without a `webhook_url`. A delivery is tried
    /// ten times over three days and is `failed` after that, or once the receiver answers 410.
    #[oai(
        path = "/jobs/:job_id/webhook-deliveries",
        method = "get",
        operation_id = "list_webhook_deliveries"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
    ) -> Result<Json<DeliveryListObject>, Problem> {
        let list = self.0.list_webhook_deliveries(&caller.0, &job_id).await?;
        Ok(Json(list.into()))
    }
}

impl From<DeliveryList> for DeliveryListObject {
    fn from(DeliveryList { job_id, deliveries }: DeliveryList) -> Self {
        Self {
            job_id: job_id.to_string(),
            deliveries: deliveries.into_iter().map(DeliveryObject::from).collect(),
        }
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "list_webhook_deliveries",
        problems: &[ANY, CALLER, &[ProblemKind::JobNotFound]],
        request: None,
        answers: vec![(
            200,
            json!({"job_id": EXAMPLE_JOB_ID, "deliveries": [pending_example()]}),
        )],
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::test_gateway::{TestGateway, simulation};

    async fn deliver(gateway: &TestGateway) {
        let loops = gateway.application.loops();
        let deliver = loops.iter().find(|one| one.name() == "deliver").unwrap();
        assert_eq!(deliver.run_once().await.failure, None);
        deliver.finish().await;
    }

    /// A job with a webhook that was cancelled before it was sent.
    async fn cancelled_job(gateway: &TestGateway) -> String {
        let mut body = simulation();
        body["webhook_url"] = json!("https://example.org/hook");
        let job = gateway.post("/api/v1/jobs", &body).await.json();
        let id = job["job_id"].as_str().unwrap().to_owned();
        let path = format!("/api/v1/jobs/{id}/cancel");
        assert_eq!(gateway.post(&path, &Value::Null).await.status, 200);
        id
    }

    #[tokio::test]
    async fn a_delivery_is_shown_from_its_beginning_to_its_end() {
        let gateway = TestGateway::new();
        let id = cancelled_job(&gateway).await;
        let path = format!("/api/v1/jobs/{id}/webhook-deliveries");
        let pending = gateway.get(&path).await.json();
        assert_eq!(pending["job_id"], json!(id));
        let delivery = &pending["deliveries"][0];
        let fields: Vec<_> = delivery.as_object().unwrap().keys().collect();
        let example = super::pending_example();
        assert_eq!(
            fields,
            example.as_object().unwrap().keys().collect::<Vec<_>>()
        );
        assert_eq!(delivery["status"], "pending");
        assert_eq!(delivery["event_type"], "job.cancelled");
        assert_eq!(delivery["url"], "https://example.org/hook");

        deliver(&gateway).await;
        let done = &gateway.get(&path).await.json()["deliveries"][0];
        assert_eq!(
            (&done["status"], &done["next_attempt_at"]),
            (&json!("delivered"), &Value::Null)
        );
        let attempt = json!({
            "at": "2026-03-01T12:00:00.000Z", "duration_ms": 0, "response_status": 204,
            "error": null
        });
        assert_eq!(done["attempts"], json!([attempt]));

        let request = &gateway.receivers.requests_to("https://example.org")[0];
        let body: Value = serde_json::from_slice(&request.body).unwrap();
        let shown = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        assert_eq!(body["data"], shown, "the object of the GET");
        assert_eq!(request.id, done["delivery_id"].as_str().unwrap());
    }

    #[tokio::test]
    async fn a_delivery_is_replayed_once_more() {
        let gateway = TestGateway::new();
        let id = cancelled_job(&gateway).await;
        deliver(&gateway).await;
        let list = format!("/api/v1/jobs/{id}/webhook-deliveries");
        let listed = gateway.get(&list).await.json();
        let delivery = listed["deliveries"][0]["delivery_id"].as_str().unwrap();
        let replay = format!("{list}/{delivery}/replay");
        let answer = gateway.post(&replay, &Value::Null).await;
        assert_eq!(
            (answer.status.as_u16(), &answer.json()["status"]),
            (202, &json!("pending"))
        );
        deliver(&gateway).await;
        assert_eq!(
            gateway.receivers.requests_to("https://example.org").len(),
            2
        );
        let unknown = gateway
            .post(&format!("{list}/msg_1/replay"), &Value::Null)
            .await;
        unknown.expect_problem("delivery-not-found", 404);
    }

    #[tokio::test]
    async fn a_job_without_a_webhook_has_no_deliveries() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let path = format!("/api/v1/jobs/{id}/webhook-deliveries");
        let list = gateway.get(&path).await.json();
        assert_eq!(list, json!({"job_id": id.as_str(), "deliveries": []}));
        let unknown = gateway.get("/api/v1/jobs/job_x/webhook-deliveries").await;
        unknown.expect_problem("job-not-found", 404);
    }
}
