//! Events in memory.

use std::collections::{BTreeMap, VecDeque};
use std::fmt;
use std::sync::{Mutex, MutexGuard};

use async_trait::async_trait;
use batchway_domain::ports::{ChangedJob, EventFeed, FeedError, FeedEvent, Receipt};

/// The most events that come at once.
const PORTION: usize = 10;

/// So often something that can't be read is received before it is put aside.
const PATIENCE: u32 = 3;

/// An event feed whose events are those that a test pushes.
///
/// It keeps every promise of its port. What was delivered and not settled comes again when a
/// test says so: [`redeliver`](Self::redeliver). Duplicates and disorder are asked for by name:
/// [`duplicate`](Self::duplicate), [`reverse`](Self::reverse). It does not wait for events: where
/// there are none, it says so at once.
#[derive(Default)]
pub struct MemoryEventFeed(Mutex<State>);

#[derive(Default)]
struct State {
    waiting: VecDeque<Message>,
    /// Delivered and not settled, by receipt.
    delivered: BTreeMap<u64, Message>,
    deliveries: u64,
    put_aside: usize,
}

#[derive(Clone)]
struct Message {
    content: Content,
    received: u32,
}

#[derive(Clone)]
enum Content {
    Changed(ChangedJob),
    Foreign,
    Unreadable,
}

impl MemoryEventFeed {
    /// A feed without events.
    pub fn new() -> Self {
        Self::default()
    }

    /// A job that bears a name of ours has changed.
    pub fn push(&self, job: ChangedJob) {
        self.state().push(Content::Changed(job));
    }

    /// A job of somebody else has changed.
    pub fn push_foreign(&self) {
        self.state().push(Content::Foreign);
    }

    /// Something comes that can't be read.
    pub fn push_unreadable(&self) {
        self.state().push(Content::Unreadable);
    }

    /// What was delivered and not settled comes again, before what is new.
    pub fn redeliver(&self) {
        let mut state = self.state();
        let delivered = std::mem::take(&mut state.delivered);
        for message in delivered.into_values().rev() {
            if matches!(message.content, Content::Unreadable) && message.received >= PATIENCE {
                state.put_aside += 1;
            } else {
                state.waiting.push_front(message);
            }
        }
    }

    /// Everything that waits comes once more.
    pub fn duplicate(&self) {
        let mut state = self.state();
        let again = state.waiting.clone();
        state.waiting.extend(again);
    }

    /// Everything that waits comes the other way round.
    pub fn reverse(&self) {
        self.state().waiting.make_contiguous().reverse();
    }

    /// How many events have not been settled, delivered or not.
    pub fn unsettled(&self) -> usize {
        let state = self.state();
        state.waiting.len() + state.delivered.len()
    }

    /// How many were put aside as they could not be read.
    pub fn put_aside(&self) -> usize {
        self.state().put_aside
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0
            .lock()
            .expect("no call panics while it holds the state")
    }
}

impl State {
    fn push(&mut self, content: Content) {
        let received = 0;
        self.waiting.push_back(Message { content, received });
    }

    fn deliver(&mut self, mut message: Message) -> Option<FeedEvent> {
        self.deliveries += 1;
        message.received += 1;
        let job = match &message.content {
            Content::Changed(job) => Some(Some(job.clone())),
            Content::Foreign => Some(None),
            Content::Unreadable => None,
        };
        self.delivered.insert(self.deliveries, message);
        let receipt = Receipt(format!("memory-{}", self.deliveries));
        job.map(|job| FeedEvent { receipt, job })
    }
}

#[async_trait]
impl EventFeed for MemoryEventFeed {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        let mut state = self.state();
        let count = state.waiting.len().min(PORTION);
        let portion: Vec<Message> = state.waiting.drain(..count).collect();
        let events = portion.into_iter();
        Ok(events
            .filter_map(|message| state.deliver(message))
            .collect())
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        let mut state = self.state();
        for receipt in receipts {
            let number = receipt.0.strip_prefix("memory-");
            if let Some(number) = number.and_then(|number| number.parse().ok()) {
                state.delivered.remove(&number);
            }
        }
        Ok(())
    }
}

impl fmt::Debug for MemoryEventFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("MemoryEventFeed")
            .field("unsettled", &self.unsettled())
            .finish_non_exhaustive()
    }
}
