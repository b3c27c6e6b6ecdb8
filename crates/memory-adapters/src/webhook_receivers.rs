//! Receivers of webhooks in memory.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use batchway_domain::ports::{WebhookAnswer, WebhookRequest, WebhookSender, WebhookUnanswered};
use tokio::sync::Notify;

/// Receivers by the origin of their URL. One that nothing was said of takes everything with 204.
/// Clones are the same receivers.
#[derive(Clone, Debug, Default)]
pub struct MemoryWebhookReceivers(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    receivers: Mutex<BTreeMap<String, Receiver>>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Receiver {
    /// What it answers next, one after the other; then as it always does.
    next: VecDeque<Behaviour>,
    always: Behaviour,
    requests: Vec<WebhookRequest>,
}

/// What a receiver does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It answers.
    Answers(WebhookAnswer),
    /// It gets the request, and no answer comes back.
    IsSilent,
    /// It does not answer until its behaviour is changed.
    Hangs,
}

impl Behaviour {
    /// It answers this HTTP status.
    pub const fn status(status: u16) -> Self {
        Self::Answers(WebhookAnswer {
            status,
            retry_after: None,
        })
    }
}

impl Default for Behaviour {
    fn default() -> Self {
        Self::status(204)
    }
}

impl MemoryWebhookReceivers {
    /// From now on the receiver at this origin, such as `https://example.com`, does this. Those
    /// that hang go on with it too.
    pub fn behave(&self, origin: &str, behaviour: Behaviour) {
        let mut receivers = self.receivers();
        let receiver = receivers.entry(origin.to_owned()).or_default();
        receiver.always = behaviour;
        receiver.next.clear();
        drop(receivers);
        self.0.changed.notify_waiters();
    }

    /// What the receiver at this origin does next, one after the other, before what it always
    /// does.
    pub fn behave_next(&self, origin: &str, behaviours: impl IntoIterator<Item = Behaviour>) {
        let mut receivers = self.receivers();
        let receiver = receivers.entry(origin.to_owned()).or_default();
        receiver.next.extend(behaviours);
    }

    /// Every request that came to this origin, the first one first, whatever was answered.
    pub fn requests_to(&self, origin: &str) -> Vec<WebhookRequest> {
        let receivers = self.receivers();
        receivers
            .get(origin)
            .map(|receiver| receiver.requests.clone())
            .unwrap_or_default()
    }

    fn receivers(&self) -> MutexGuard<'_, BTreeMap<String, Receiver>> {
        self.0
            .receivers
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, request: &WebhookRequest) -> Behaviour {
        let mut receivers = self.receivers();
        let receiver = receivers.entry(request.target.origin()).or_default();
        receiver.requests.push(request.clone());
        let next = receiver.next.pop_front();
        next.unwrap_or(receiver.always)
    }

    /// What one that hangs does once its behaviour was changed.
    async fn released(&self, origin: &str) -> Behaviour {
        loop {
            // Asked for before looking, so that no change falls between the two.
            let changed = self.0.changed.notified();
            let present = self.receivers().get(origin).map(|one| one.always);
            match present {
                Some(Behaviour::Hangs) => changed.await,
                other => return other.unwrap_or_default(),
            }
        }
    }
}

#[async_trait]
impl WebhookSender for MemoryWebhookReceivers {
    async fn send(&self, request: &WebhookRequest) -> Result<WebhookAnswer, WebhookUnanswered> {
        let mut behaviour = self.take(request);
        if behaviour == Behaviour::Hangs {
            behaviour = self.released(&request.target.origin()).await;
        }
        match behaviour {
            Behaviour::Answers(answer) => Ok(answer),
            Behaviour::IsSilent | Behaviour::Hangs => Err(WebhookUnanswered {
                reason: "The receiver did not answer.".to_owned(),
                source: None,
            }),
        }
    }
}
