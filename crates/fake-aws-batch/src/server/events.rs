//! State changes on their way into a queue of SQS.
//!
//! EventBridge delivers at least once and promises no order. Left alone, each event is sent once
//! and in order; [`Tampering`] makes it as bad as it may be.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_sqs::Client;
use aws_types::SdkConfig;
use serde::{Deserialize, Serialize};
use tokio::sync::Notify;

/// A queue of SQS that gets what EventBridge would put there.
#[derive(Clone, Debug)]
pub struct EventQueue {
    client: Client,
    url: String,
}

impl EventQueue {
    /// The queue with this URL, reached as the SDK's configuration says: region, credentials,
    /// endpoint, HTTP client.
    #[must_use]
    pub fn new(sdk: &SdkConfig, url: &str) -> Self {
        Self {
            client: Client::new(sdk),
            url: url.to_owned(),
        }
    }
}

/// What becomes of the next events.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Tampering {
    /// So many of the next events are never delivered.
    pub drop: u32,
    /// So many of those after them are delivered twice.
    pub duplicate: u32,
    /// Events are kept back while this holds, and delivered newest first when it no longer does.
    pub hold: bool,
}

/// Events that wait, and how they are tampered with.
#[derive(Debug, Default)]
pub(super) struct Outbox {
    inside: Mutex<Inside>,
    changed: Notify,
}

#[derive(Debug, Default)]
struct Inside {
    tampering: Tampering,
    held: Vec<String>,
    ready: VecDeque<String>,
}

impl Outbox {
    /// Takes an event as it is to be sent.
    pub(super) fn put(&self, event: String) {
        self.with(|inside| {
            let tampering = &mut inside.tampering;
            let times = if tampering.drop > 0 {
                tampering.drop -= 1;
                0
            } else if tampering.duplicate > 0 {
                tampering.duplicate -= 1;
                2
            } else {
                1
            };
            for _ in 0..times {
                if inside.tampering.hold {
                    inside.held.push(event.clone());
                } else {
                    inside.ready.push_back(event.clone());
                }
            }
        });
        self.changed.notify_one();
    }

    pub(super) fn tamper(&self, tampering: Tampering) {
        self.with(|inside| {
            inside.tampering = tampering;
            if !tampering.hold {
                let held = std::mem::take(&mut inside.held);
                inside.ready.extend(held.into_iter().rev());
            }
        });
        self.changed.notify_one();
    }

    pub(super) fn tampering(&self) -> Tampering {
        self.with(|inside| inside.tampering)
    }

    fn take(&self) -> Option<String> {
        self.with(|inside| inside.ready.pop_front())
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inside) -> T) -> T {
        act(&mut self.inside.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Sends what is in the outbox, one after the other, for as long as it is polled.
pub(super) async fn deliver(outbox: Arc<Outbox>, queue: EventQueue) {
    loop {
        while let Some(event) = outbox.take() {
            let message = queue.client.send_message().queue_url(&queue.url);
            if let Err(error) = message.message_body(event).send().await {
                let error = aws_sdk_sqs::error::DisplayErrorContext(error);
                tracing::warn!(%error, queue = queue.url, "an event is lost: it could not be sent");
            }
        }
        // A permit is kept for what came meanwhile.
        outbox.changed.notified().await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn taken(outbox: &Outbox) -> Vec<String> {
        std::iter::from_fn(|| outbox.take()).collect()
    }

    fn put(outbox: &Outbox, events: &[&str]) {
        for event in events {
            outbox.put((*event).to_owned());
        }
    }

    #[test]
    fn events_are_lost_then_doubled_then_left_alone() {
        let outbox = Outbox::default();
        outbox.tamper(Tampering {
            drop: 1,
            duplicate: 1,
            hold: false,
        });
        put(&outbox, &["a", "b", "c"]);
        assert_eq!(taken(&outbox), ["b", "b", "c"]);
    }

    #[test]
    fn held_events_come_in_the_wrong_order() {
        let outbox = Outbox::default();
        outbox.tamper(Tampering {
            hold: true,
            ..Tampering::default()
        });
        put(&outbox, &["a", "b"]);
        assert_eq!(taken(&outbox), [""; 0]);
        outbox.tamper(Tampering::default());
        put(&outbox, &["c"]);
        assert_eq!(taken(&outbox), ["b", "a", "c"]);
    }
}
