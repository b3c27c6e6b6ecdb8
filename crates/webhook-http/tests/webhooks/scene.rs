//! A sender in a scripted world.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::ports::{WebhookAnswer, WebhookRequest, WebhookSender};
use batchway_domain::security::{WebhookPolicy, WebhookTarget};
use batchway_memory_adapters::ManualClock;
use batchway_webhook_http::{HttpWebhookSender, Limits};
use bytes::Bytes;

use crate::canary::Canary;
use crate::receiver::{Act, Receiver};
use crate::world::{Host, World};

/// The address of the receiver that [`Scene::with_receiver`] has.
pub(crate) const PUBLIC: &str = "93.184.216.34";

#[derive(Debug)]
pub(crate) struct Scene {
    pub(crate) world: Arc<World>,
    pub(crate) sender: HttpWebhookSender,
}

impl Scene {
    pub(crate) async fn new() -> Self {
        let world = Arc::new(World::with(Arc::new(Canary::listen().await)));
        let clock = Arc::new(ManualClock::default());
        let sender = HttpWebhookSender::new(WebhookPolicy::default(), clock).over(world.clone());
        Self { world, sender }
    }

    /// With `hooks.example.com` at [`PUBLIC`], whichever the port.
    pub(crate) async fn with_receiver(acts: Vec<Act>) -> (Self, Receiver) {
        let scene = Self::new().await;
        let receiver = Receiver::start(acts).await;
        scene.world.resolves("hooks.example.com", &[PUBLIC]);
        scene.world.host(PUBLIC, Host::At(receiver.address));
        (scene, receiver)
    }

    pub(crate) fn within(self, limits: Limits) -> Self {
        let sender = self.sender.within(limits);
        Self { sender, ..self }
    }

    /// The status that was answered, or the sentence of why none was.
    pub(crate) async fn send(&self, url: &str) -> Result<u16, String> {
        send(&self.sender, url).await.map(|answer| answer.status)
    }

    pub(crate) async fn assert_canary_untouched(&self, case: &str) {
        assert_eq!(self.world.canary.touched().await, 0, "{case}");
    }
}

pub(crate) async fn send(sender: &HttpWebhookSender, url: &str) -> Result<WebhookAnswer, String> {
    let sent = sender.send(&request(url)).await;
    sent.map_err(|unanswered| unanswered.reason)
}

/// As out of a store that was written under another policy, or by somebody else: not judged.
pub(crate) fn stored(url: &str) -> WebhookTarget {
    serde_json::from_value(url.into()).unwrap()
}

pub(crate) fn request(url: &str) -> WebhookRequest {
    WebhookRequest {
        target: stored(url),
        id: "msg_1".to_owned(),
        timestamp: 1_772_366_400,
        signature: "v1,c2lnbmF0dXJl".to_owned(),
        body: Bytes::from_static(b"{}"),
    }
}

/// As long as usual for all but the attempt as a whole.
pub(crate) fn attempt_of(attempt: Duration) -> Limits {
    Limits {
        attempt,
        ..Limits::default()
    }
}
