//! What a receiver gets, and how it is found.

use std::time::Duration;

use batchway_domain::ports::WebhookSender;
use batchway_webhook_http::Limits;

use crate::receiver::{Receiver, answers};
use crate::scene::{PUBLIC, Scene, request};
use crate::world::{Host, Lookup};

const OK: &str = "204 No Content";

#[tokio::test]
async fn a_request_has_these_headers_and_no_other() {
    let (scene, receiver) = Scene::with_receiver(answers(OK)).await;
    let mut request = request("http://hooks.example.com:8080/a/b?c=d&e#f");
    request.body = r#"{"type":"job.completed"}"#.into();
    scene.sender.send(&request).await.unwrap();
    let received = receiver.received().remove(0);
    assert_eq!(received.request_line, "POST /a/b?c=d&e HTTP/1.1");
    let agent = concat!("Batchway/", env!("CARGO_PKG_VERSION"));
    let mut headers = received.headers.clone();
    headers.sort();
    let expected = [
        ("connection", "close"),
        ("content-length", "24"),
        ("content-type", "application/json"),
        ("host", "hooks.example.com:8080"),
        ("user-agent", agent),
        ("webhook-id", "msg_1"),
        ("webhook-signature", "v1,c2lnbmF0dXJl"),
        ("webhook-timestamp", "1772366400"),
    ];
    assert_eq!(headers, expected.map(|(a, b)| (a.to_owned(), b.to_owned())));
    assert_eq!(received.body, request.body);
}

#[tokio::test]
async fn the_host_is_named_as_the_url_has_it() {
    let (scene, receiver) = Scene::with_receiver(answers(OK)).await;
    scene.world.host("2600::1", Host::At(receiver.address));
    scene.world.resolves("hooks.example.com.", &[PUBLIC]);
    for (url, host) in [
        ("http://hooks.example.com/", "hooks.example.com"),
        ("http://hooks.example.com:80/", "hooks.example.com"),
        ("http://HOOKS.example.com:81/", "hooks.example.com:81"),
        ("http://hooks.example.com./", "hooks.example.com."),
        ("http://93.184.216.34/", "93.184.216.34"),
        ("http://0x5db8d822:82/", "93.184.216.34:82"),
        ("http://[2600::1]/", "[2600::1]"),
        ("http://[2600:0::1]:83/", "[2600::1]:83"),
    ] {
        assert_eq!(scene.send(url).await, Ok(204), "{url}");
        assert_eq!(receiver.received().last().unwrap().header("host"), host);
    }
}

#[tokio::test]
async fn the_port_is_that_of_the_url_or_of_its_scheme() {
    let (scene, _receiver) = Scene::with_receiver(answers(OK)).await;
    scene.world.host(PUBLIC, Host::Refuses);
    for (url, port) in [
        ("http://hooks.example.com/", 80),
        ("https://hooks.example.com/", 443),
        ("http://hooks.example.com:443/", 443),
        ("http://hooks.example.com:65535/", 65535),
    ] {
        scene.send(url).await.unwrap_err();
        assert_eq!(scene.world.seen().connections[0].port(), port, "{url}");
    }
}

/// The first address that lets us connect is taken; one that is silent holds nobody up.
#[tokio::test]
async fn other_addresses_are_tried_where_one_leads_nowhere() {
    let (scene, receiver) = Scene::with_receiver(answers(OK)).await;
    let world = &scene.world;
    world.host("2600::1", Host::KeepsSilent);
    world.host("2600::2", Host::Refuses);
    world.host("1.1.1.1", Host::Unreachable);
    world.resolves(
        "many.example.org",
        &["2600::1", "2600::2", "1.1.1.1", PUBLIC],
    );
    assert_eq!(scene.send("http://many.example.org/").await, Ok(204));
    let tried: Vec<_> = world.seen().connections;
    let tried: Vec<_> = tried.iter().map(|one| one.ip().to_string()).collect();
    assert_eq!(tried, ["2600::1", "1.1.1.1", "2600::2", PUBLIC]);
    assert_eq!(receiver.received().len(), 1);
}

#[tokio::test]
async fn who_is_not_found_is_told_so() {
    let limits = Limits {
        lookup: Duration::from_millis(100),
        connect: Duration::from_millis(300),
        ..Limits::default()
    };
    let scene = Scene::new().await.within(limits);
    let world = &scene.world;
    world.host("1.1.1.1", Host::Refuses);
    world.host("1.1.1.2", Host::Unreachable);
    world.host("1.1.1.3", Host::KeepsSilent);
    world.resolves("refuses.example.org", &["1.1.1.1"]);
    world.resolves("gone.example.org", &["1.1.1.2"]);
    world.resolves("silent.example.org", &["1.1.1.3", "1.1.1.3"]);
    world.name("empty.example.org", [Lookup::Finds(Vec::new())]);
    world.name("unknown.example.org", [Lookup::Fails]);
    world.name("slow.example.org", [Lookup::Hangs]);
    for (name, sentence) in [
        ("refuses", "The receiver refused the connection."),
        ("gone", "The receiver could not be reached."),
        ("silent", "The receiver could not be reached within 0.3 s."),
        ("empty", "The host name could not be resolved."),
        ("unknown", "The host name could not be resolved."),
        ("slow", "The host name could not be resolved within 0.1 s."),
    ] {
        let sent = scene.send(&format!("http://{name}.example.org/")).await;
        assert_eq!(sent, Err(sentence.to_owned()), "{name}");
    }
    scene.assert_canary_untouched("not found").await;
}

/// A thousand deliveries to one receiver, some at once: each has a connection of its own.
#[tokio::test]
async fn many_deliveries_to_one_receiver_arrive() {
    let (scene, receiver) = Scene::with_receiver(answers(OK)).await;
    for _ in 0..20 {
        let attempts = (0..50).map(|_| scene.send("http://hooks.example.com/"));
        let sent = futures_util::future::join_all(attempts).await;
        assert!(sent.iter().all(|sent| *sent == Ok(204)), "{sent:?}");
    }
    assert_eq!(receiver.received().len(), 1000);
}

#[tokio::test]
async fn what_can_not_stand_in_a_header_is_not_sent() {
    let (scene, receiver) = Scene::with_receiver(answers(OK)).await;
    let mut request = request("http://hooks.example.com/");
    request.id = "msg_1\r\nhost: elsewhere".to_owned();
    scene.sender.send(&request).await.unwrap_err();
    assert_eq!(receiver.received(), []);
}

/// What is told to the job's owner names no address, and what the log gets does.
#[tokio::test]
async fn an_address_inside_is_named_in_the_log_alone() {
    let scene = Scene::new().await;
    scene.world.resolves("x.example.org", &["10.20.30.40"]);
    let refused = scene.sender.send(&request("http://x.example.org/")).await;
    let refused = refused.unwrap_err();
    assert!(!refused.to_string().contains("10.20.30.40"));
    assert!(refused.source.unwrap().to_string().contains("10.20.30.40"));
}

/// A test's receiver listens on loopback, which the default policy forbids: were the world not
/// between, nothing of these tests would be proved.
#[tokio::test]
async fn the_world_of_these_tests_is_what_lets_them_through() {
    let (scene, _receiver) = Scene::with_receiver(answers(OK)).await;
    let stray = Receiver::start(answers(OK)).await;
    scene.world.resolves("stray.example.org", &["9.9.9.9"]);
    let limits = Limits {
        attempt: Duration::from_millis(500),
        ..Limits::default()
    };
    let sent = scene.within(limits);
    let _unanswered = sent.send("http://stray.example.org/").await;
    assert_eq!(
        sent.world.canary.touched().await,
        1,
        "who is nobody's goes to the canary"
    );
    assert_eq!(stray.received(), []);
}
