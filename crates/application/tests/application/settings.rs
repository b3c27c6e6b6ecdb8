//! What the gateways of these tests are set to.

use std::time::Duration;

use batchway_application::use_cases::JobView;
use batchway_application::{Settings, WebhookSettings};
use batchway_domain::job::Event;
use batchway_domain::ports::AdmissionLimits;
use batchway_domain::security::{LinkSigner, SigningSecrets};
use bytes::Bytes;

use crate::scene::DAY;

pub(crate) fn secrets() -> SigningSecrets {
    SigningSecrets::new(vec![vec![7; 32]]).unwrap()
}

/// A body that tests can read; what receivers get is the HTTP edge's.
pub(crate) fn encode_plainly(event: &Event, view: JobView) -> Bytes {
    let link = view.result.map(|link| link.url);
    let body = serde_json::json!({
        "type": event.kind.as_str(),
        "job": view.snapshot.job_id,
        "status": view.snapshot.status,
        "link": link,
    });
    body.to_string().into()
}

pub(crate) fn settings(limits: AdmissionLimits) -> Settings {
    Settings {
        environment: "prod".parse().unwrap(),
        deployment: "test0000".parse().unwrap(),
        secrets: secrets(),
        links: Some(LinkSigner::new(secrets(), "http://gateway.example")),
        gateway_url: "http://gateway.example".to_owned(),
        link_ttl: Duration::from_secs(3600),
        idempotency_ttl: 3 * DAY,
        retention: 90 * DAY,
        limits,
        webhooks: WebhookSettings::default(),
    }
}
