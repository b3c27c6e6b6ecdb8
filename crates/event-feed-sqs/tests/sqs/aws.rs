//! A queue and a rule of EventBridge that fills it, made for one test.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_sqs::types::QueueAttributeName;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use aws_types::SdkConfig;
use batchway_event_feed_sqs::SqsEventFeed;
use batchway_port_contracts::event_feed::{EventFeedFixture, Published};
use batchway_test_servers::Moto;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};

use batchway_domain::ports::{EventFeed, FeedError, FeedEvent, Receipt};

const REGION: &str = "eu-central-1";

/// Long enough that no test is overtaken by it on a busy machine. Only what can't be read, whose
/// receipt nobody has, is waited for as long.
const VISIBILITY_SECONDS: u32 = 20;

/// After so many deliveries SQS puts a message aside.
const MAX_RECEIVE_COUNT: u32 = 3;

pub(crate) const SUCCEEDED: &str = include_str!("events/succeeded.json");

pub(crate) fn sdk_config(endpoint: &str) -> SdkConfig {
    let credentials = Credentials::new("test", "test-secret", None, None, "tests");
    config_builder(endpoint)
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .build()
}

pub(crate) fn config_builder(endpoint: &str) -> aws_types::sdk_config::Builder {
    let client = Builder::new()
        .tls_provider(tls::Provider::Rustls(CryptoMode::Ring))
        .build_https();
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(REGION))
        .endpoint_url(endpoint)
        .http_client(client)
}

/// A queue of this test alone, with a dead-letter queue, fed by a bus of its own.
pub(crate) struct Aws {
    pub(crate) endpoint: String,
    client: Client,
    bus: String,
    pub(crate) queue: String,
    dead_letters: String,
    feed: Arc<Remembering>,
}

/// The feed, and what it has delivered.
#[derive(Debug)]
struct Remembering {
    feed: SqsEventFeed,
    delivered: Mutex<Vec<Receipt>>,
}

#[async_trait]
impl EventFeed for Remembering {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        let events = self.feed.receive().await?;
        let receipts = events.iter().map(|event| event.receipt.clone());
        self.delivered.lock().unwrap().extend(receipts);
        Ok(events)
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        self.feed.settle(receipts).await
    }
}

impl Aws {
    pub(crate) async fn new() -> Self {
        let endpoint = tokio::task::spawn_blocking(|| Moto::shared().url());
        let endpoint = endpoint.await.unwrap();
        let config = sdk_config(&endpoint);
        let client = Client::new(&config);
        let name = unique_name();
        let dead_letters = create_queue(&client, &format!("{name}-dead"), HashMap::new()).await;
        let redrive = json!({
            "deadLetterTargetArn": attribute(&client, &dead_letters, QueueAttributeName::QueueArn).await,
            "maxReceiveCount": MAX_RECEIVE_COUNT,
        });
        let attributes = HashMap::from([
            (
                QueueAttributeName::VisibilityTimeout,
                VISIBILITY_SECONDS.to_string(),
            ),
            (QueueAttributeName::RedrivePolicy, redrive.to_string()),
        ]);
        let queue = create_queue(&client, &name, attributes).await;
        let feed = SqsEventFeed::new(&config, &queue).unwrap();
        let aws = Self {
            feed: Arc::new(Remembering {
                feed: feed.waiting_at_most(Duration::from_secs(1)),
                delivered: Mutex::default(),
            }),
            endpoint,
            client,
            bus: name,
            queue,
            dead_letters,
        };
        aws.make_rule().await;
        aws
    }

    /// The rule that the documentation asks for.
    async fn make_rule(&self) {
        let (bus, rule) = (&self.bus, &self.bus);
        let pattern = json!({
            "source": ["aws.batch"],
            "detail-type": ["Batch Job State Change", "Batch Job Queue Blocked"],
        });
        let arn = attribute(&self.client, &self.queue, QueueAttributeName::QueueArn).await;
        self.event_bridge("CreateEventBus", json!({"Name": bus}))
            .await;
        self.event_bridge(
            "PutRule",
            json!({"Name": rule, "EventBusName": bus, "EventPattern": pattern.to_string()}),
        )
        .await;
        self.event_bridge(
            "PutTargets",
            json!({"Rule": rule, "EventBusName": bus, "Targets": [{"Id": "queue", "Arn": arn}]}),
        )
        .await;
    }

    /// moto looks at no signature, only at what it is for.
    async fn event_bridge(&self, action: &str, body: Value) -> Value {
        let target = format!("AWSEvents.{action}");
        let scope = format!("Credential=test/20260301/{REGION}/events/aws4_request");
        let url = self.endpoint.clone();
        let call = move || {
            let answer = ureq::post(&url)
                .header("X-Amz-Target", &target)
                .header("Content-Type", "application/x-amz-json-1.1")
                .header(
                    "Authorization",
                    &format!("AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0"),
                )
                .send(body.to_string());
            let text = answer.unwrap().body_mut().read_to_string().unwrap();
            serde_json::from_str(&text).unwrap_or(Value::Null)
        };
        tokio::task::spawn_blocking(call).await.unwrap()
    }

    /// AWS Batch, or somebody else, tells EventBridge something.
    pub(crate) async fn put_event(&self, event: &Value) {
        let entry = json!({
            "Source": event["source"],
            "DetailType": event["detail-type"],
            "Detail": event["detail"].to_string(),
            "EventBusName": self.bus,
        });
        let answer = self
            .event_bridge("PutEvents", json!({"Entries": [entry]}))
            .await;
        assert_eq!(answer["FailedEntryCount"], 0, "{answer}");
    }

    /// Somebody puts something into the queue.
    pub(crate) async fn send(&self, body: &str) -> String {
        let message = self.client.send_message();
        let sent = message.queue_url(&self.queue).message_body(body).send();
        sent.await.unwrap().message_id.unwrap()
    }

    pub(crate) async fn create_bare_queue(&self) -> String {
        create_queue(&self.client, &unique_name(), HashMap::new()).await
    }

    /// What was put aside.
    pub(crate) async fn dead_letters(&self) -> usize {
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        count(&self.client, &self.dead_letters, visible).await
    }

    /// How many messages are in the queue, delivered or not.
    pub(crate) async fn remaining(&self) -> usize {
        let visible = QueueAttributeName::ApproximateNumberOfMessages;
        let delivered = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        count(&self.client, &self.queue, visible).await
            + count(&self.client, &self.queue, delivered).await
    }
}

/// A change of a job's state, as AWS Batch tells it.
pub(crate) fn state_change(id: &str, name: &str) -> Value {
    let mut event: Value = serde_json::from_str(SUCCEEDED).unwrap();
    event["detail"]["jobId"] = json!(id);
    event["detail"]["jobName"] = json!(name);
    event
}

fn unique_name() -> String {
    static SERIAL: AtomicU32 = AtomicU32::new(0);
    let serial = SERIAL.fetch_add(1, Ordering::Relaxed);
    let folder = tempfile::tempdir().unwrap();
    let random = folder.path().file_name().unwrap().to_str().unwrap();
    let random = random.trim_start_matches('.');
    format!("batchway-{random}-{serial}")
}

async fn create_queue(
    client: &Client,
    name: &str,
    attributes: HashMap<QueueAttributeName, String>,
) -> String {
    let queue = client.create_queue().queue_name(name);
    let queue = queue.set_attributes(Some(attributes)).send().await;
    queue.unwrap().queue_url.unwrap()
}

async fn attribute(client: &Client, queue: &str, name: QueueAttributeName) -> String {
    let attributes = client.get_queue_attributes().queue_url(queue);
    let answer = attributes.attribute_names(name.clone()).send().await;
    answer.unwrap().attributes.unwrap()[&name].clone()
}

async fn count(client: &Client, queue: &str, name: QueueAttributeName) -> usize {
    attribute(client, queue, name).await.parse().unwrap()
}

#[async_trait]
impl EventFeedFixture for Aws {
    fn feed(&self) -> Arc<dyn EventFeed> {
        self.feed.clone()
    }

    async fn publish(&self, published: Published) {
        match published {
            Published::Changed(job) => {
                let name = job.name.to_string();
                self.put_event(&state_change(&job.backend_id.0, &name))
                    .await;
            }
            Published::Foreign => {
                let id = "5f0e1d2c-0000-4000-8000-000000000000";
                self.put_event(&state_change(id, "nightly-report")).await;
            }
            Published::Unreadable => {
                self.send("<event>this is no JSON</event>").await;
            }
        }
    }

    async fn until_redelivery(&self) {
        let delivered = std::mem::take(&mut *self.feed.delivered.lock().unwrap());
        for Receipt(receipt) in delivered {
            let now = self.client.change_message_visibility();
            let now = now.queue_url(&self.queue).receipt_handle(receipt);
            // What was settled is not there any more.
            let _ = now.visibility_timeout(0).send().await;
        }
        let delivered = QueueAttributeName::ApproximateNumberOfMessagesNotVisible;
        while count(&self.client, &self.queue, delivered.clone()).await > 0 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    async fn put_aside(&self) -> usize {
        self.dead_letters().await
    }
}
