//! Events of the account on their way through a queue: late, twice, in any order, or never.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{ChangedJob, EventFeed, FeedError, FeedEvent, Receipt};
use batchway_fake_aws_batch::wire::JobDetail;
use tokio::sync::Notify;
use tokio::time::{sleep, timeout};

use crate::network::Service;
use crate::world::World;

/// How long a queue is listened to where nothing comes.
const LONG_POLL: Duration = Duration::from_secs(20);

/// After this long what was not settled comes again.
const VISIBILITY: Duration = Duration::from_secs(60);

/// The most that comes at once.
const PORTION: usize = 10;

#[derive(Debug, Default)]
pub(crate) struct Feed {
    queue: Mutex<Queue>,
    arrived: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<ChangedJob>,
    delivered: BTreeMap<u64, ChangedJob>,
    deliveries: u64,
}

impl Feed {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn push(&self, event: ChangedJob, at_front: bool) {
        let mut queue = self.queue();
        if at_front {
            queue.waiting.push_front(event);
        } else {
            queue.waiting.push_back(event);
        }
        drop(queue);
        self.arrived.notify_waiters();
    }

    fn take(&self) -> Vec<(u64, ChangedJob)> {
        let mut queue = self.queue();
        let count = queue.waiting.len().min(PORTION);
        let taken: Vec<ChangedJob> = queue.waiting.drain(..count).collect();
        taken
            .into_iter()
            .map(|event| {
                queue.deliveries += 1;
                let number = queue.deliveries;
                queue.delivered.insert(number, event.clone());
                (number, event)
            })
            .collect()
    }
}

impl World {
    pub(crate) fn tell_of(self: &Arc<Self>, job: &JobDetail) {
        if let Ok(name) = job.job_name.parse() {
            self.tell(ChangedJob {
                backend_id: BackendId(job.job_id.to_string()),
                name,
            });
        }
    }

    /// Something has changed at the backend; its event goes its way.
    fn tell(self: &Arc<Self>, event: ChangedJob) {
        let (dice, plan) = (&self.dice, &self.plan);
        if !plan.has_feed || (!self.weather.is_fair() && dice.happens(plan.events_lost)) {
            return;
        }
        let copies = if dice.happens(plan.events_lost) { 2 } else { 1 };
        for _ in 0..copies {
            let (world, event) = (self.clone(), event.clone());
            let (delay, overtakes) = (dice.millis(100, 8_000), dice.happens(300));
            tokio::spawn(async move {
                sleep(delay).await;
                world.feed.push(event, overtakes);
            });
        }
    }
}

/// A replica's end of the queue.
pub(crate) struct FeedLink(Arc<World>);

impl FeedLink {
    pub(crate) const fn new(world: Arc<World>) -> Self {
        Self(world)
    }

    async fn wait_for_events(&self) -> bool {
        let arrived = self.0.feed.arrived.notified();
        if !self.0.feed.queue().waiting.is_empty() {
            return true;
        }
        timeout(LONG_POLL, arrived).await.is_ok()
    }
}

impl std::fmt::Debug for FeedLink {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("FeedLink")
    }
}

fn failed() -> FeedError {
    FeedError {
        reason: "no answer".to_owned(),
        source: None,
    }
}

#[async_trait]
impl EventFeed for FeedLink {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        if !self.wait_for_events().await {
            return Ok(Vec::new());
        }
        let world = self.0.clone();
        let taken = self.0.call(Service::Feed, move || take(&world));
        let taken = taken.await.map_err(|_| failed())?;
        Ok(taken
            .into_iter()
            .map(|(number, job)| FeedEvent {
                receipt: Receipt(number.to_string()),
                job: Some(job),
            })
            .collect())
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        let world = self.0.clone();
        let settled = self.0.call(Service::Feed, move || {
            let mut queue = world.feed.queue();
            for receipt in &receipts {
                if let Ok(number) = receipt.0.parse() {
                    queue.delivered.remove(&number);
                }
            }
        });
        settled.await.map_err(|_| failed())
    }
}

/// What is not settled in time comes again.
fn take(world: &Arc<World>) -> Vec<(u64, ChangedJob)> {
    let taken = world.feed.take();
    let numbers: Vec<u64> = taken.iter().map(|(number, _)| *number).collect();
    let world = world.clone();
    if !numbers.is_empty() {
        tokio::spawn(async move {
            sleep(VISIBILITY).await;
            for number in numbers {
                let unsettled = world.feed.queue().delivered.remove(&number);
                if let Some(event) = unsettled {
                    world.feed.push(event, false);
                }
            }
        });
    }
    taken
}
