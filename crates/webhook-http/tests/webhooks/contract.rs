//! The duties of a sender of webhooks, kept by this one.

use std::collections::BTreeMap;
use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::ports::{WebhookRequest, WebhookSender};
use batchway_domain::security::WebhookTarget;
use batchway_port_contracts::webhook_sender::{Behaviour, Place, WebhookSenderFixture};

use crate::receiver::{Act, Received, Receiver};
use crate::scene::{Scene, attempt_of};
use crate::world::Host;

/// Far more than an answer takes on a machine that does much else; a silent receiver costs it.
const ATTEMPT: Duration = Duration::from_secs(10);

struct Fixture {
    scene: Scene,
    receivers: Mutex<BTreeMap<String, (Receiver, Ipv4Addr)>>,
}

impl Fixture {
    async fn new() -> Self {
        Self {
            scene: Scene::new().await.within(attempt_of(ATTEMPT)),
            receivers: Mutex::default(),
        }
    }

    fn receiver_of(&self, target: &WebhookTarget) -> (Receiver, Ipv4Addr) {
        self.receivers.lock().unwrap()[target.as_str()].clone()
    }
}

#[async_trait]
impl WebhookSenderFixture for Fixture {
    fn sender(&self) -> Arc<dyn WebhookSender> {
        Arc::new(self.scene.sender.clone())
    }

    async fn receiver(&self, behaviour: Behaviour) -> WebhookTarget {
        let receiver = Receiver::start(acts(behaviour)).await;
        let mut receivers = self.receivers.lock().unwrap();
        let number = u8::try_from(receivers.len()).unwrap();
        let address = Ipv4Addr::new(93, 184, 216, number);
        let name = format!("receiver-{number}.example.com");
        let target = WebhookTarget::parse(&format!("http://{name}/hook")).unwrap();
        let world = &self.scene.world;
        world.resolves(&name, &[&address.to_string()]);
        world.host(&address.to_string(), Host::At(receiver.address));
        receivers.insert(target.to_string(), (receiver, address));
        target
    }

    async fn move_to(&self, receiver: &WebhookTarget, place: Place) {
        let (_, outside) = self.receiver_of(receiver);
        let outside = outside.to_string();
        let addresses: &[&str] = match place {
            Place::Inside => &["10.0.0.1"],
            Place::InsideAndEmpty => &["10.0.0.2"],
            Place::InsideAndOutside => &["10.0.0.1", &outside, "::1"],
        };
        self.scene.world.host("10.0.0.2", Host::Refuses);
        let name = receiver.origin().replace("http://", "");
        self.scene.world.resolves(&name, addresses);
    }

    async fn received(&self, receiver: &WebhookTarget) -> Vec<WebhookRequest> {
        let received = self.receiver_of(receiver).0.received();
        let read = |one: Received| WebhookRequest {
            target: receiver.clone(),
            id: one.header("webhook-id").to_owned(),
            timestamp: one.header("webhook-timestamp").parse().unwrap(),
            signature: one.header("webhook-signature").to_owned(),
            body: one.body.into(),
        };
        received.into_iter().map(read).collect()
    }

    async fn touched_inside(&self) -> usize {
        self.scene.world.canary.touched().await
    }

    fn patience(&self) -> Duration {
        // The machine may be busy with other tests.
        ATTEMPT * 15
    }
}

fn acts(behaviour: Behaviour) -> Vec<Act> {
    match behaviour {
        Behaviour::Answers { status, headers } => {
            let headers = headers.iter();
            let headers: String = headers
                .map(|(name, value)| format!("{name}: {value}\n"))
                .collect();
            let head = format!("HTTP/1.1 {status} Answer\n{headers}content-length: 0\n\n");
            vec![Act::Reads, Act::sends(&head)]
        }
        Behaviour::HangsUp => vec![Act::Reads],
        Behaviour::KeepsSilent => vec![Act::Reads, Act::Holds],
        Behaviour::NeverEnds => vec![
            Act::Reads,
            Act::sends("HTTP/1.1 200 OK\n\n"),
            Act::Repeats(b"body".to_vec()),
        ],
    }
}

mod http {
    use super::*;
    batchway_port_contracts::webhook_sender_contract!(Fixture::new());
}
