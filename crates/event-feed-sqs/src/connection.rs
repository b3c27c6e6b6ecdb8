//! The SDK's client, set up for what this feed promises.

use std::time::Duration;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::retry::RetryConfig;
use aws_sdk_sqs::config::timeout::TimeoutConfig;
use aws_sdk_sqs::config::{BehaviorVersion, Builder, Region};
use aws_types::SdkConfig;

use crate::queue::QueueUrl;

const CONNECT: Duration = Duration::from_secs(5);

/// The longest that a call may take which waits for messages: SQS lets it wait 20 seconds.
const RECEIVE: Duration = Duration::from_secs(30);

/// The longest that the answer to another call may take, and all tries of it together.
const ANSWER: Duration = Duration::from_secs(9);
const ALL_ANSWERS: Duration = Duration::from_secs(30);

pub(crate) fn open(config: &SdkConfig, queue: &QueueUrl) -> Client {
    let region = queue.region().map(|region| Region::new(region.to_owned()));
    let region = region.or_else(|| config.region().cloned());
    let config = Builder::from(config)
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(region)
        .retry_config(RetryConfig::standard().with_max_attempts(3))
        .timeout_config(timeouts(ANSWER, ALL_ANSWERS))
        .build();
    Client::from_conf(config)
}

/// For a call that waits for messages. It is made once: what an unheard answer held comes again.
pub(crate) fn receiving() -> Builder {
    Builder::default()
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts(RECEIVE, RECEIVE))
}

fn timeouts(one: Duration, all: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(one)
        .operation_attempt_timeout(one)
        .operation_timeout(all)
        .build()
}
