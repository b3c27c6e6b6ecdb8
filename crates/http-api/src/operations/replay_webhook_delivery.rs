//! `POST /api/v1/jobs/{job_id}/webhook-deliveries/{delivery_id}/replay`

use batchway_application::Application;
use poem_openapi::param::Path;
use poem_openapi::{ApiResponse, OpenApi};

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::delivery_object::{DeliveryObject, pending_example};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ReplayWebhookDelivery(pub(super) Application);

#[derive(ApiResponse)]
enum ReplayAnswer {
    /// It will be sent once more, now.
    #[oai(status = 202)]
    Accepted(Json<DeliveryObject>),
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Webhooks")]
impl ReplayWebhookDelivery {
    /// Send a webhook once more.
    ///
    /// Whatever became of the delivery, it is sent again now, with the same `webhook-id` and, where
    /// that fails, all its further attempts. What was sent before stays in the log. A body is not
    /// read.
    #[oai(
        path = "/jobs/:job_id/webhook-deliveries/:delivery_id/replay",
        method = "post",
        operation_id = "replay_webhook_delivery"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
        /// The delivery's id, as the list of deliveries shows it.
        delivery_id: Path<String>,
    ) -> Result<ReplayAnswer, Problem> {
        let replayed = self
            .0
            .replay_webhook_delivery(&caller.0, &job_id, &delivery_id)
            .await?;
        Ok(ReplayAnswer::Accepted(Json(replayed.into())))
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "replay_webhook_delivery",
        problems: &[
            ANY,
            CALLER,
            &[ProblemKind::JobNotFound, ProblemKind::DeliveryNotFound],
        ],
        request: None,
        answers: vec![(202, pending_example())],
    }
}
