//! The port on top of it all.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{
    BatchResultErrorEntry, DeleteMessageBatchRequestEntry, Message, MessageSystemAttributeName,
    QueueAttributeName,
};
use aws_types::SdkConfig;
use batchway_domain::ports::{EventFeed, FeedError, FeedEvent, Receipt};
use tracing::warn;

use crate::connection;
use crate::event;
use crate::failure::feed_error;
use crate::queue::{InvalidQueueUrl, QueueUrl};
use crate::refusal::Request;

/// The most messages that SQS gives, or deletes, at once.
const PORTION: usize = 10;

/// The longest that SQS lets a call wait for messages.
const LONGEST_WAIT: Duration = Duration::from_secs(20);

/// Hears of changes of AWS Batch jobs from a queue of Amazon SQS.
#[derive(Clone)]
pub struct SqsEventFeed {
    client: Client,
    queue: QueueUrl,
    wait_seconds: i32,
}

/// Why a queue that can be reached is still not as it should be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum QueueWarning {
    /// Nothing puts messages aside that can't be read.
    #[error(
        "the queue {queue} has no dead-letter queue, so that what can't be read comes again until \
         the queue's retention is over; give it a redrive policy"
    )]
    NoDeadLetterQueue {
        /// The queue's URL.
        queue: String,
    },
}

impl SqsEventFeed {
    /// A feed from the queue at this URL. Requests go to the region that the URL names, whatever
    /// region is configured, and to a configured endpoint where there is one. Makes no call.
    ///
    /// # Errors
    /// [`InvalidQueueUrl`].
    pub fn new(config: &SdkConfig, queue_url: &str) -> Result<Self, InvalidQueueUrl> {
        let queue = QueueUrl::parse(queue_url)?;
        Ok(Self {
            client: connection::open(config, &queue),
            queue,
            wait_seconds: 20,
        })
    }

    /// The same feed, whose `receive` waits no longer than this for events: whole seconds, at
    /// most 20. With less than a second SQS may miss messages that are there.
    #[must_use]
    pub fn waiting_at_most(mut self, wait: Duration) -> Self {
        self.wait_seconds = i32::try_from(wait.min(LONGEST_WAIT).as_secs()).unwrap_or(20);
        self
    }

    /// Whether the queue is there and as it should be.
    ///
    /// # Errors
    /// [`FeedError`] where it can't be asked.
    pub async fn check(&self) -> Result<Option<QueueWarning>, FeedError> {
        let answer = self
            .client
            .get_queue_attributes()
            .queue_url(self.queue.as_str())
            .attribute_names(QueueAttributeName::RedrivePolicy)
            .send()
            .await
            .map_err(|error| feed_error(error, &self.request("sqs:GetQueueAttributes")))?;
        let attributes = answer.attributes.unwrap_or_default();
        let is_redriven = attributes.contains_key(&QueueAttributeName::RedrivePolicy);
        Ok((!is_redriven).then(|| QueueWarning::NoDeadLetterQueue {
            queue: self.queue.to_string(),
        }))
    }

    fn request(&self, permission: &'static str) -> Request<'_> {
        let region = self.client.config().region();
        Request {
            permission,
            queue: &self.queue,
            region: region.map_or("(none is set)", AsRef::as_ref),
        }
    }

    /// The event in a message; `None` for what can't be read, which the queue's redrive policy
    /// puts aside.
    fn event_in(&self, message: Message) -> Option<FeedEvent> {
        let read = event::read(message.body.as_deref().unwrap_or_default());
        match (read, message.receipt_handle) {
            (Ok(job), Some(handle)) => Some(FeedEvent {
                receipt: Receipt(handle),
                job,
            }),
            (Ok(_), None) => None,
            (Err(reason), _) => {
                let attributes = message.attributes.unwrap_or_default();
                let count = MessageSystemAttributeName::ApproximateReceiveCount;
                warn!(
                    queue = %self.queue,
                    message_id = message.message_id.as_deref().unwrap_or_default(),
                    receive_count = attributes.get(&count).map_or("", String::as_str),
                    "a message can't be read and is left to the queue's redrive policy: {reason}"
                );
                None
            }
        }
    }

    /// Deletes up to ten messages. Says how many are still there, and why.
    async fn delete(&self, receipts: &[Receipt]) -> Result<Vec<BatchResultErrorEntry>, FeedError> {
        let entries = receipts.iter().enumerate().map(|(index, receipt)| {
            DeleteMessageBatchRequestEntry::builder()
                .id(index.to_string())
                .receipt_handle(&receipt.0)
                .build()
                .expect("id and receipt handle are given")
        });
        let answer = self
            .client
            .delete_message_batch()
            .queue_url(self.queue.as_str())
            .set_entries(Some(entries.collect()))
            .send()
            .await
            .map_err(|error| feed_error(error, &self.request("sqs:DeleteMessage")))?;
        Ok(answer.failed)
    }

    /// Deletes up to ten messages, those that SQS failed to delete once more.
    async fn delete_insisting(&self, receipts: &[Receipt]) -> Result<(), FeedError> {
        let failed = self.delete(receipts).await?;
        let again: Vec<Receipt> = failed
            .iter()
            .filter(|entry| !entry.sender_fault)
            .filter_map(|entry| receipts.get(entry.id.parse::<usize>().ok()?).cloned())
            .collect();
        let mut lasting: Vec<_> = failed.into_iter().filter(|e| e.sender_fault).collect();
        if !again.is_empty() {
            lasting.extend(self.delete(&again).await?);
        }
        match lasting.first() {
            None => Ok(()),
            Some(first) => Err(self.not_deleted(lasting.len(), first)),
        }
    }

    fn not_deleted(&self, count: usize, first: &BatchResultErrorEntry) -> FeedError {
        let message = first.message.as_deref().unwrap_or("no reason was given");
        FeedError {
            reason: format!(
                "{count} messages of {} were not deleted and will come again ({}: {message}); \
                 where that goes on, give the queue a longer visibility timeout",
                self.queue, first.code
            ),
            source: None,
        }
    }
}

#[async_trait]
impl EventFeed for SqsEventFeed {
    async fn receive(&self) -> Result<Vec<FeedEvent>, FeedError> {
        let answer = self
            .client
            .receive_message()
            .queue_url(self.queue.as_str())
            .max_number_of_messages(10)
            .wait_time_seconds(self.wait_seconds)
            .message_system_attribute_names(MessageSystemAttributeName::ApproximateReceiveCount)
            .customize()
            .config_override(connection::receiving())
            .send()
            .await
            .map_err(|error| feed_error(error, &self.request("sqs:ReceiveMessage")))?;
        let messages = answer.messages.unwrap_or_default().into_iter();
        Ok(messages
            .filter_map(|message| self.event_in(message))
            .collect())
    }

    async fn settle(&self, receipts: Vec<Receipt>) -> Result<(), FeedError> {
        let mut settled = Ok(());
        for portion in receipts.chunks(PORTION) {
            // A portion that fails keeps none of the others from being deleted.
            settled = settled.and(self.delete_insisting(portion).await);
        }
        settled
    }
}

impl fmt::Debug for SqsEventFeed {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("SqsEventFeed")
            .field("queue", &self.queue.as_str())
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::config::Region;

    use super::*;

    #[test]
    fn requests_go_to_the_region_of_the_url() {
        let config = SdkConfig::builder()
            .region(Region::new("eu-central-1"))
            .build();
        for (host, region) in [
            ("https://sqs.eu-west-1.amazonaws.com", "eu-west-1"),
            ("http://localhost:4566", "eu-central-1"),
        ] {
            let url = format!("{host}/123456789012/events");
            let feed = SqsEventFeed::new(&config, &url).unwrap();
            let used = feed.client.config().region();
            assert_eq!(used.map(AsRef::as_ref), Some(region));
        }
    }
}
