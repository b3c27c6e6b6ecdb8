//! An event as receivers of webhooks get it.

use batchway_application::use_cases::JobView;
use batchway_domain::job::Event;
use bytes::Bytes;
use poem_openapi::Object;
use serde::Serialize;

use crate::job_object::JobObject;
use crate::scalars::{DateTime, EventWord};

/// What is sent to a job's `webhook_url`.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "WebhookEvent")]
pub(crate) struct WebhookEventObject {
    /// What happened.
    #[serde(rename = "type")]
    #[oai(rename = "type")]
    kind: EventWord,
    /// When it happened; not when it was sent.
    timestamp: DateTime,
    /// The job as it was then. A link in it is new with every attempt.
    data: JobObject,
}

/// The body that tells of an event.
pub fn encode_event(event: &Event, job: JobView) -> Bytes {
    let object = WebhookEventObject {
        kind: EventWord(event.kind),
        timestamp: DateTime(event.at),
        data: job.into(),
    };
    serde_json::to_vec(&object)
        .expect("an event holds only text and numbers")
        .into()
}

#[cfg(test)]
mod tests {
    use batchway_domain::Timestamp;
    use batchway_domain::job::EventKind;
    use serde_json::Value;

    use super::*;
    use crate::test_gateway::TestGateway;

    #[tokio::test]
    async fn the_data_of_an_event_is_the_object_of_the_get() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        gateway.complete(&id).await;
        let shown = gateway.get(&format!("/api/v1/jobs/{id}")).await.json();
        let job = gateway.jobs.job(&id).unwrap();
        let view = gateway
            .application
            .get_job(&gateway.key.digest(), id.as_str())
            .await
            .unwrap();
        let event = Event {
            job: id,
            number: 2,
            kind: EventKind::Completed,
            at: Timestamp::EPOCH,
            snapshot: job.snapshot(),
        };
        let body: Value = serde_json::from_slice(&encode_event(&event, view)).unwrap();
        assert_eq!(body["type"], "job.completed");
        assert_eq!(body["timestamp"], "1970-01-01T00:00:00.000Z");
        assert_eq!(body["data"], shown);
        let fields: Vec<_> = body.as_object().unwrap().keys().collect();
        assert_eq!(fields, ["data", "timestamp", "type"]);
    }
}
