//! The real network of this machine, with real listeners on its inside.

use std::sync::Arc;

use batchway_domain::security::WebhookPolicy;
use batchway_memory_adapters::ManualClock;
use batchway_webhook_http::{HttpWebhookSender, Network, SystemNetwork};
use tokio::net::TcpSocket;

use crate::canary::Canary;
use crate::receiver::{Receiver, answers};
use crate::scene::send;
use crate::special::{embedded, notations};

fn sender(allowed: &[&str]) -> HttpWebhookSender {
    let allowed = allowed.iter().map(|network| network.parse().unwrap());
    let policy = WebhookPolicy::allowing(allowed.collect());
    HttpWebhookSender::new(policy, Arc::new(ManualClock::default()))
}

#[tokio::test]
async fn a_receiver_inside_is_reached_where_it_is_allowed() {
    let receiver = Receiver::start_at("127.77.0.1:0", answers("204 No Content"), None).await;
    let port = receiver.address.port();
    for host in ["127.77.0.1", "[::ffff:127.77.0.1]", "2135752705"] {
        let url = format!("http://{host}:{port}/");
        let answer = send(&sender(&["127.77.0.1/32"]), &url).await;
        assert_eq!(answer.map(|answer| answer.status), Ok(204), "{url}");
    }
    let refused = send(&sender(&[]), &format!("http://127.77.0.1:{port}/")).await;
    assert_eq!(
        refused.unwrap_err(),
        "The webhook URL points to an address that is not public."
    );
    assert_eq!(receiver.received().len(), 3);
}

/// What is allowed is one address, and not its neighbours.
#[tokio::test]
async fn nobody_beside_what_is_allowed_is_touched() {
    let canary = Canary::listen().await;
    let sender = sender(&["127.77.0.1/32"]);
    let loopback = ["127.0.0.1", "127.77.0.2", "0.0.0.0"];
    let hosts = loopback.into_iter().flat_map(notations).chain(
        loopback
            .into_iter()
            .flat_map(embedded)
            .chain(["::1".to_owned(), "::".to_owned()])
            .map(|address| format!("[{address}]")),
    );
    for host in hosts {
        for scheme in ["http", "https"] {
            let url = format!("{scheme}://{host}:{}/", canary.port);
            send(&sender, &url).await.expect_err(&url);
            assert_eq!(canary.touched().await, 0, "{url}");
        }
    }
    let url = format!("http://localhost:{}/", canary.port);
    assert_eq!(
        send(&sender, &url).await.unwrap_err(),
        "The host name resolves to an address that is not public."
    );
    assert_eq!(canary.touched().await, 0, "{url}");
}

#[tokio::test]
async fn a_name_is_resolved_by_the_system() {
    let receiver = Receiver::start(answers("204 No Content")).await;
    let url = format!("http://localhost:{}/", receiver.address.port());
    let answer = send(&sender(&["127.0.0.0/8"]), &url).await;
    assert_eq!(answer.map(|answer| answer.status), Ok(204));
    assert!(SystemNetwork::default().resolve("a..b").await.is_err());
}

/// A port that is taken and not listened at refuses, and those that are forbidden don't tell.
#[tokio::test]
async fn who_listens_is_told_only_of_what_is_allowed() {
    let deaf = TcpSocket::new_v4().unwrap();
    deaf.bind("127.77.0.1:0".parse().unwrap()).unwrap();
    let port = deaf.local_addr().unwrap().port();
    let refused = send(
        &sender(&["127.77.0.1/32"]),
        &format!("http://127.77.0.1:{port}/"),
    )
    .await;
    assert_eq!(refused.unwrap_err(), "The receiver refused the connection.");

    let canary = Canary::listen().await;
    let mut sentences = Vec::new();
    for port in [port, canary.port] {
        let forbidden = send(&sender(&[]), &format!("http://127.77.0.1:{port}/")).await;
        sentences.push(forbidden.unwrap_err());
    }
    assert_eq!(sentences[0], sentences[1]);
}
