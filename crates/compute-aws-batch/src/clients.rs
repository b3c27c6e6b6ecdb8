//! The clients of AWS, set so that one call is one request.

use std::time::Duration;

use aws_config::SdkConfig;
use aws_sdk_batch::config::StalledStreamProtectionConfig;
use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::config::timeout::TimeoutConfig;

/// How long AWS may take.
#[derive(Clone, Copy, Debug)]
pub struct Timeouts {
    /// To take a connection, name resolution and TLS included.
    pub connect: Duration,
    /// For a whole call, from the loading of credentials to the last byte of the answer.
    pub operation: Duration,
}

impl Default for Timeouts {
    /// 3 s and 15 s: less than the 20 s that the gateway gives to one sending.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            operation: Duration::from_secs(15),
        }
    }
}

impl Timeouts {
    fn for_sdk(self) -> TimeoutConfig {
        TimeoutConfig::builder()
            .connect_timeout(self.connect)
            .operation_timeout(self.operation)
            .build()
    }
}

// By default the SDK sends SubmitJob up to three times on a dropped connection, a timeout or a
// 5xx, and sets no limit to the time of a call. Reading calls are not repeated either: the loops
// do that, at the pace of the call budget, which would not learn of what the SDK repeats. Whether
// a stream stalls is not watched, as the timeout ends it anyway.

pub(crate) fn batch(sdk: &SdkConfig, timeouts: Timeouts) -> aws_sdk_batch::Client {
    let config = aws_sdk_batch::config::Builder::from(sdk)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.for_sdk())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    aws_sdk_batch::Client::from_conf(config.build())
}

pub(crate) fn logs(sdk: &SdkConfig, timeouts: Timeouts) -> aws_sdk_cloudwatchlogs::Client {
    let config = aws_sdk_cloudwatchlogs::config::Builder::from(sdk)
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts.for_sdk())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled());
    aws_sdk_cloudwatchlogs::Client::from_conf(config.build())
}
