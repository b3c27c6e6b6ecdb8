//! What becomes of single messages.

use std::io::Write;
use std::sync::{Arc, Mutex};

use batchway_domain::ports::{EventFeed, FeedEvent, Receipt};
use batchway_port_contracts::event_feed::EventFeedFixture;
use serde_json::{Value, json};
use tracing_subscriber::fmt::MakeWriter;

use crate::aws::{Aws, SUCCEEDED, state_change};

const NAME: &str = "bw-specimen-job_0000000000000000000000000000-1";

async fn next(feed: &dyn EventFeed) -> Vec<FeedEvent> {
    loop {
        let events = feed.receive().await.unwrap();
        if !events.is_empty() {
            return events;
        }
    }
}

fn ids(events: &[FeedEvent]) -> Vec<&str> {
    let jobs = events.iter().filter_map(|event| event.job.as_ref());
    let mut ids: Vec<_> = jobs.map(|job| job.backend_id.0.as_str()).collect();
    ids.sort_unstable();
    ids
}

/// EventBridge may deliver twice and in any order; each delivery is a message of its own.
#[tokio::test]
async fn duplicates_and_disorder_are_only_more_hints() {
    let aws = Aws::new().await;
    for id in ["b", "a", "b"] {
        aws.put_event(&state_change(id, NAME)).await;
    }
    let feed = aws.feed();
    let mut events = Vec::new();
    while events.len() < 3 {
        events.extend(next(&*feed).await);
    }
    assert_eq!(ids(&events), ["a", "b", "b"]);
    let receipts: Vec<Receipt> = events.into_iter().map(|event| event.receipt).collect();
    feed.settle(receipts.clone()).await.unwrap();
    assert_eq!(aws.remaining().await, 0);
}

#[tokio::test]
async fn a_message_is_deleted_when_it_was_settled_and_not_before() {
    let aws = Aws::new().await;
    aws.put_event(&state_change("a", NAME)).await;
    let feed = aws.feed();
    let events = next(&*feed).await;
    assert_eq!(aws.remaining().await, 1, "delivered is not deleted");
    feed.settle(vec![events[0].receipt.clone()]).await.unwrap();
    assert_eq!(aws.remaining().await, 0);
}

/// The rule lets nothing else in, but another rule may.
#[tokio::test]
async fn events_of_other_services_are_taken_out_of_the_way() {
    let aws = Aws::new().await;
    let mut event: Value = serde_json::from_str(SUCCEEDED).unwrap();
    event["source"] = json!("aws.ecs");
    aws.send(&event.to_string()).await;
    let feed = aws.feed();
    let events = next(&*feed).await;
    assert_eq!(events[0].job, None);
    feed.settle(vec![events[0].receipt.clone()]).await.unwrap();
    assert_eq!(aws.remaining().await, 0);
}

#[tokio::test]
async fn what_cant_be_deleted_is_told_and_keeps_nothing_else() {
    let aws = Aws::new().await;
    aws.put_event(&state_change("a", NAME)).await;
    let feed = aws.feed();
    let events = next(&*feed).await;
    let nonsense = Receipt("no receipt of this queue".to_owned());
    let receipts = vec![nonsense, events[0].receipt.clone()];
    let error = feed.settle(receipts).await.unwrap_err();
    assert!(error.to_string().contains("1 messages of http"), "{error}");
    assert_eq!(aws.remaining().await, 0, "the other one is deleted");
}

/// Every line that is logged, as JSON.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}

impl Log {
    fn lines(&self) -> Vec<String> {
        let bytes = self.0.lock().unwrap();
        let text = String::from_utf8(bytes.clone()).unwrap();
        text.lines().map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn each_delivery_of_poison_is_logged_by_its_id_and_never_with_its_body() {
    let aws = Aws::new().await;
    let id = aws.send("poison with a SECRET").await;
    let log = Log::default();
    let subscriber = tracing_subscriber::fmt()
        .json()
        .with_writer(log.clone())
        .with_max_level(tracing_subscriber::filter::LevelFilter::WARN)
        .finish();
    let _guard = tracing_subscriber::util::SubscriberInitExt::set_default(subscriber);
    let feed = aws.feed();
    while aws.dead_letters().await == 0 {
        assert_eq!(feed.receive().await.unwrap(), []);
        aws.until_redelivery().await;
    }
    let lines = log.lines();
    let deliveries = ["1", "2", "3"];
    assert_eq!(lines.len(), deliveries.len(), "{lines:?}");
    for (line, count) in lines.iter().zip(deliveries) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["fields"]["message_id"], json!(id));
        assert_eq!(line["fields"]["receive_count"], json!(count));
    }
    assert!(!lines.concat().contains("SECRET"), "{lines:?}");
}
