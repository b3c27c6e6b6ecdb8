//! A feed of events, in memory.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use async_trait::async_trait;
use batchway_domain::ports::{ChangedJob, EventFeed, FeedError, FeedEvent, Receipt};

/// A feed whose events come again with each call until they are settled.
#[derive(Debug, Default)]
pub(crate) struct Feed {
    unsettled: Mutex<Vec<FeedEvent>>,
    told: AtomicUsize,
    fails: AtomicBool,
    /// Waits for events, as long as there are none.
    waits: bool,
}

impl Feed {
    pub(crate) fn that_waits() -> Self {
        Self {
            waits: true,
            ..Self::default()
        }
    }

    pub(crate) fn tell(&self, job: Option<ChangedJob>) {
        let number = self.told.fetch_add(1, Ordering::SeqCst);
        let receipt = Receipt(format!("receipt-{number}"));
        let mut unsettled = self.unsettled.lock().unwrap();
        unsettled.push(FeedEvent { receipt, job });
    }

    /// How many events there ever were.
    pub(crate) fn told(&self) -> usize {
        self.told.load(Ordering::SeqCst)
    }

    /// Whether calls fail from now on.
    pub(crate) fn fail(&self, fails: bool) {
        self.fails.store(fails, Ordering::SeqCst);
    }

    pub(crate) fn left(&self) -> usize {
        self.unsettled.lock().unwrap().len()
    }

    fn check(&self) -> Result<(), FeedError> {
        if self.fails.load(Ordering::SeqCst) {
            return Err(FeedError {
                reason: "the queue is gone".to_owned(),
                source: None,
            });
        }
        Ok(())
    }
}

#[async_trait]
impl EventFeed for Feed {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        self.check()?;
        let events: Vec<FeedEvent> = {
            let unsettled = self.unsettled.lock().unwrap();
            unsettled.iter().take(10).cloned().collect()
        };
        if events.is_empty() && self.waits {
            std::future::pending::<()>().await;
        }
        Ok(events)
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        self.check()?;
        let receipts: BTreeSet<String> = receipts.into_iter().map(|one| one.0).collect();
        let mut unsettled = self.unsettled.lock().unwrap();
        unsettled.retain(|event| !receipts.contains(&event.receipt.0));
        Ok(())
    }
}
