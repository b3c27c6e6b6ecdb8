//! Redirects from a receiver that may be called, on the real network of this machine.

use std::sync::Arc;

use batchway_domain::security::WebhookPolicy;
use batchway_memory_adapters::ManualClock;
use batchway_webhook_http::HttpWebhookSender;

use crate::canary::Canary;
use crate::receiver::{Receiver, answers};
use crate::scene::send;

/// Statuses and where they point; the port is the canary's.
pub(crate) fn cases(port: &str) -> Vec<(u16, String)> {
    let locations = [
        "http://127.0.0.1:{port}/",
        "https://127.0.0.1:{port}/",
        "http://127.8.9.10:{port}/",
        "http://2130706433:{port}/",
        "http://[::1]:{port}/",
        "http://[::ffff:127.0.0.1]:{port}/",
        "http://localhost:{port}/",
        "http://127.77.0.1:{port}/",
        "//127.0.0.1:{port}/",
        "/elsewhere",
        "elsewhere",
        "?again",
        "",
        "file:///etc/passwd",
        "gopher://127.0.0.1:{port}/",
        "data:text/plain,x",
        "http://user:secret@127.0.0.1:{port}/",
        "not a location at all",
    ];
    [201, 300, 301, 302, 303, 305, 307, 308]
        .into_iter()
        .flat_map(|status| locations.map(|location| (status, location.replace("{port}", port))))
        .collect()
}

#[tokio::test]
async fn no_redirect_is_followed() {
    let canary = Canary::listen().await;
    let policy = WebhookPolicy::allowing(vec!["127.77.0.1/32".parse().unwrap()]);
    let sender = HttpWebhookSender::new(policy, Arc::new(ManualClock::default()));
    for (status, location) in cases(&canary.port.to_string()) {
        let head = format!("{status} Elsewhere\nlocation: {location}\nrefresh: 0;url={location}");
        let receiver = Receiver::start_at("127.77.0.1:0", answers(&head), None).await;
        let url = format!("http://{}/hook", receiver.address);
        let answer = send(&sender, &url).await.expect("it answers");
        assert_eq!(answer.status, status, "{location}");
        assert_eq!(receiver.received().len(), 1, "{status} {location}");
        assert_eq!(canary.touched().await, 0, "{status} {location}");
    }
}
