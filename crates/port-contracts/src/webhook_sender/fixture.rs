//! What a sender of webhooks must bring along to be tried.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::ports::{WebhookAnswer, WebhookRequest, WebhookSender, WebhookUnanswered};
use batchway_domain::security::WebhookTarget;
use bytes::Bytes;

/// A sender whose policy allows public receivers alone, and a world with receivers in it.
#[async_trait]
pub trait WebhookSenderFixture: Send + Sync {
    /// The sender.
    fn sender(&self) -> Arc<dyn WebhookSender>;

    /// A new receiver with a public name and address.
    async fn receiver(&self, behaviour: Behaviour) -> WebhookTarget;

    /// From now on the name of this receiver stands for something else.
    async fn move_to(&self, receiver: &WebhookTarget, place: Place);

    /// What came to this receiver, the first one first.
    async fn received(&self, receiver: &WebhookTarget) -> Vec<WebhookRequest>;

    /// How often anybody inside was connected to.
    async fn touched_inside(&self) -> usize;

    /// The time within which the sender answers, whatever a receiver does.
    fn patience(&self) -> Duration;
}

/// What a receiver does with each request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It reads it and answers, with these headers beside the usual ones.
    Answers {
        /// The HTTP status.
        status: u16,
        /// Names and values.
        headers: Vec<(&'static str, String)>,
    },
    /// It reads it and closes the connection.
    HangsUp,
    /// It reads it and does nothing more.
    KeepsSilent,
    /// It reads it and answers without end.
    NeverEnds,
}

impl Behaviour {
    /// It answers with a status.
    pub const fn answers(status: u16) -> Self {
        Self::Answers {
            status,
            headers: Vec::new(),
        }
    }
}

/// What a name stands for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// An address inside, where somebody listens.
    Inside,
    /// An address inside, where nobody listens.
    InsideAndEmpty,
    /// The receiver's public address and, before and after it, addresses inside.
    InsideAndOutside,
}

pub(super) fn request(target: &WebhookTarget) -> WebhookRequest {
    WebhookRequest {
        target: target.clone(),
        id: "msg_2KWPBgLlAfxdpx2AI54pPJ85f4W".to_owned(),
        timestamp: 1_772_366_400,
        signature: "v1,K5oZfzN95Z9UVu1EsfQmfVNQhnkZ2pj9o9NDN/H/pI4= v1,second".to_owned(),
        body: Bytes::from_static(b"{\"type\":\"job.completed\",\"data\":{\"text\":\"\xc3\xa4\"}}"),
    }
}

/// One attempt, which must end in time.
pub(super) async fn send(
    fixture: &dyn WebhookSenderFixture,
    target: &WebhookTarget,
) -> Result<WebhookAnswer, WebhookUnanswered> {
    let (sender, request) = (fixture.sender(), request(target));
    let sent = tokio::time::timeout(fixture.patience(), sender.send(&request)).await;
    sent.expect("there is an outcome in time")
}
