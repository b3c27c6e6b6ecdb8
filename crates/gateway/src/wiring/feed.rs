//! What tells of changes at AWS Batch, sooner than asking would.

use std::sync::Arc;

use aws_config::SdkConfig;
use batchway_domain::ports::EventFeed;
use batchway_event_feed_sqs::SqsEventFeed;

use crate::configuration::Adapters;
use crate::failure::Failure;

/// The queue that is configured, where one is. Whether it is as it should be is told in the log,
/// and nobody waits for that: jobs are watched without it too.
pub(super) fn open(
    adapters: &Adapters,
    sdk: Option<&SdkConfig>,
) -> Result<Option<Arc<dyn EventFeed>>, Failure> {
    let queue = adapters
        .batch
        .as_ref()
        .and_then(|batch| batch.events_queue_url.as_deref());
    let (Some(queue), Some(sdk)) = (queue, sdk) else {
        return Ok(None);
    };
    let feed = SqsEventFeed::new(sdk, queue)
        .map_err(|error| Failure::misconfigured(format!("BATCHWAY_EVENTS_QUEUE_URL: {error}")))?;
    let feed = Arc::new(feed);
    tokio::spawn(tell_what_is_wrong(feed.clone()));
    Ok(Some(feed))
}

async fn tell_what_is_wrong(feed: Arc<SqsEventFeed>) {
    match feed.check().await {
        Ok(None) => {}
        Ok(Some(warning)) => tracing::warn!("BATCHWAY_EVENTS_QUEUE_URL: {warning}"),
        Err(error) => tracing::warn!("BATCHWAY_EVENTS_QUEUE_URL: {error}"),
    }
}
