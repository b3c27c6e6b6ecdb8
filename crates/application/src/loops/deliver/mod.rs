//! Tells receivers of webhooks what happened to jobs: at least once, a dead receiver holding up
//! nobody else.
//!
//! A round takes what is due for as many attempts as there is room for, begins them, and does not
//! wait for them: one that hangs would hold up all others. When one ends, the next round begins.

mod attempt;
mod receivers;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::ports::{DeliveryRequest, Receiver, StoreError};
use batchway_domain::webhooks::Delivery;
use tokio::task::JoinSet;

use super::{Loop, Report};
use crate::Application;
use crate::causes::WithCauses;
use receivers::{MOST_PER_RECEIVER, Receivers};

/// Longer than an attempt takes, with all that belongs to it.
const LEASE: Duration = Duration::from_secs(60);

/// Delivers events.
#[derive(Debug)]
pub struct Deliver {
    application: Application,
    receivers: Arc<Mutex<Receivers>>,
    attempts: Mutex<JoinSet<()>>,
}

impl Deliver {
    pub(super) fn new(application: Application) -> Self {
        Self {
            application,
            receivers: Arc::default(),
            attempts: Mutex::default(),
        }
    }

    async fn begin_what_is_due(&self) -> Result<usize, StoreError> {
        let now = self.application.now();
        let request = {
            let mut receivers = lock(&self.receivers);
            receivers.forget_the_quiet(now);
            DeliveryRequest {
                limit: receivers.room(),
                per_receiver: MOST_PER_RECEIVER,
                except: receivers.not_now(now),
                lease: LEASE,
            }
        };
        if request.limit == 0 {
            return Ok(0);
        }
        let outbox = &self.application.0.ports.webhooks.outbox;
        let due = outbox.take_due(&request).await?;
        let taken = due.len();
        for delivery in due {
            self.begin(delivery);
        }
        Ok(taken)
    }

    fn begin(&self, delivery: Delivery) {
        let receiver = Receiver::of(&delivery);
        lock(&self.receivers).begin(&receiver);
        let application = self.application.clone();
        let receivers = Arc::clone(&self.receivers);
        lock(&self.attempts).spawn(async move {
            let answered = application.attempt(&delivery).await;
            if let Err(error) = &answered {
                let (id, error) = (&delivery.id, WithCauses(error));
                tracing::warn!(delivery = %id, %error, "a webhook could not be sent");
            }
            // What is our own fault is not held against the receiver.
            lock(&receivers).end(&receiver, answered.unwrap_or(true), application.now());
            application.0.nudges.ring_for_deliveries();
        });
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // Nothing that is done under these locks can leave a half of a change behind.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl Loop for Deliver {
    fn name(&self) -> String {
        "deliver".to_owned()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Report {
        while lock(&self.attempts).try_join_next().is_some() {}
        match self.begin_what_is_due().await {
            Ok(taken) => Report {
                taken,
                ..Report::default()
            },
            Err(error) => Report::failed(&error),
        }
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard_for_deliveries().await;
    }

    async fn finish(&self) {
        let mut attempts = std::mem::take(&mut *lock(&self.attempts));
        while attempts.join_next().await.is_some() {}
    }
}
