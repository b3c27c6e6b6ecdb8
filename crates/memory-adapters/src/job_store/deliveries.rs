//! The outbox of webhooks.

use std::collections::{BTreeMap, VecDeque};

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{CommitError, DeliveryRequest, Receiver, StoreError, WebhookOutbox};
use batchway_domain::webhooks::{Delivery, DeliveryId};

use super::MemoryJobStore;

/// What is on its way to receivers, or was.
#[derive(Clone, Default)]
pub(super) struct Deliveries {
    kept: BTreeMap<DeliveryId, KeptDelivery>,
    /// Whose delivery was taken last: the next batch begins with the receiver after.
    last_served: Option<Receiver>,
}

#[derive(Clone)]
struct KeptDelivery {
    delivery: Delivery,
    /// When it is sent: as it says, or as it was put off since.
    due_at: Option<Timestamp>,
}

impl KeptDelivery {
    const fn new(delivery: Delivery) -> Self {
        Self {
            due_at: delivery.due_at(),
            delivery,
        }
    }
}

/// What is due, the longest due first, by receiver.
type Queues = BTreeMap<Receiver, VecDeque<DeliveryId>>;

impl Deliveries {
    pub(super) fn write(&mut self, deliveries: Vec<Delivery>) {
        for delivery in deliveries {
            let id = delivery.id.clone();
            let kept = || KeptDelivery::new(delivery);
            self.kept.entry(id).or_insert_with(kept);
        }
    }

    pub(super) fn forget(&mut self, job: &JobId) {
        self.kept.retain(|id, _| id.job() != job);
    }

    fn record(&mut self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        let kept = self.kept.get_mut(&delivery.id);
        let kept = kept.ok_or(CommitError::NotFound)?;
        if kept.delivery == *delivery {
            return Ok(());
        }
        if kept.delivery.version != expected_version {
            return Err(CommitError::Conflict);
        }
        *kept = KeptDelivery::new(delivery.clone());
        Ok(())
    }

    fn take_due(&mut self, request: &DeliveryRequest, now: Timestamp) -> Vec<Delivery> {
        let mut queues = self.due(request, now);
        let mut turns = self.turns(&queues);
        let mut taken = Vec::new();
        while taken.len() < request.limit
            && let Some(receiver) = turns.pop_front()
        {
            let queue = queues.get_mut(&receiver);
            if let Some(id) = queue.and_then(VecDeque::pop_front) {
                taken.push(id);
                self.last_served = Some(receiver.clone());
                turns.push_back(receiver);
            }
        }
        let put_off_to = now.plus(request.lease);
        taken
            .iter()
            .filter_map(|id| {
                let kept = self.kept.get_mut(id)?;
                kept.due_at = kept.due_at.max(Some(put_off_to));
                Some(kept.delivery.clone())
            })
            .collect()
    }

    fn due(&self, request: &DeliveryRequest, now: Timestamp) -> Queues {
        let mut due: Vec<_> = self
            .kept
            .values()
            .filter_map(|kept| Some((kept.due_at.filter(|at| *at <= now)?, &kept.delivery)))
            .collect();
        due.sort_by_key(|(at, delivery)| (*at, &delivery.id));
        let mut queues = Queues::new();
        for (_, delivery) in due {
            let queue = queues.entry(Receiver::of(delivery)).or_default();
            if queue.len() < request.per_receiver {
                queue.push_back(delivery.id.clone());
            }
        }
        queues.retain(|receiver, _| !request.except.contains(receiver));
        queues
    }

    /// Everyone in turn, the one after who was served last first.
    fn turns(&self, queues: &Queues) -> VecDeque<Receiver> {
        let waiting = queues.keys().cloned();
        let (served, next): (Vec<_>, Vec<_>) =
            waiting.partition(|receiver| Some(receiver) <= self.last_served.as_ref());
        next.into_iter().chain(served).collect()
    }
}

#[async_trait]
impl WebhookOutbox for MemoryJobStore {
    async fn take_due(&self, request: &DeliveryRequest) -> Result<Vec<Delivery>, StoreError> {
        let now = self.clock.now();
        Ok(self.contents().deliveries.take_due(request, now))
    }

    async fn record(&self, delivery: &Delivery, expected_version: u64) -> Result<(), CommitError> {
        let deliveries = &mut self.contents().deliveries;
        deliveries.record(delivery, expected_version)
    }

    async fn load(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let kept = &self.contents().deliveries.kept;
        Ok(kept.get(id).map(|kept| kept.delivery.clone()))
    }

    async fn of_job(&self, job: &JobId, limit: usize) -> Result<Vec<Delivery>, StoreError> {
        let kept = &self.contents().deliveries.kept;
        let all = DeliveryId::new(job.clone(), 0)..=DeliveryId::new(job.clone(), u64::MAX);
        let last = kept.range(all).rev().take(limit);
        let mut deliveries: Vec<_> = last.map(|(_, kept)| kept.delivery.clone()).collect();
        deliveries.reverse();
        Ok(deliveries)
    }
}
