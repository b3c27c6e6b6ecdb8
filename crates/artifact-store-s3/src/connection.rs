//! The SDK's client, set up for what this store promises.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{
    BehaviorVersion, Builder, RequestChecksumCalculation, ResponseChecksumValidation,
    StalledStreamProtectionConfig,
};
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;

use crate::server_clock::ServerClock;

const CONNECT: Duration = Duration::from_secs(5);

/// The longest that the answer to a small request may take, and all tries of it together.
const ANSWER: Duration = Duration::from_secs(20);
const ALL_ANSWERS: Duration = Duration::from_secs(60);

/// The longest that one part may take on its way, and all tries of it together: 8 MiB within
/// ten minutes are 14 kB a second. What makes no progress at all is given up sooner.
const TRANSFER: Duration = Duration::from_secs(600);
const ALL_TRANSFERS: Duration = Duration::from_secs(1800);

/// A transfer without any progress for so long is given up.
const STALL: Duration = Duration::from_secs(20);

/// The behaviour of the SDK that this crate was written for.
pub(crate) fn behavior() -> BehaviorVersion {
    BehaviorVersion::v2026_01_12()
}

pub(crate) fn open(config: &SdkConfig, server_clock: ServerClock) -> Client {
    let stalls = StalledStreamProtectionConfig::enabled()
        .grace_period(STALL)
        .build();
    let mut builder = Builder::from(config)
        .behavior_version(behavior())
        .timeout_config(timeouts(ANSWER, ALL_ANSWERS))
        .stalled_stream_protection(stalls)
        .interceptor(server_clock);
    if is_compatible_server(config) {
        builder = builder
            .force_path_style(true)
            .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
            .response_checksum_validation(ResponseChecksumValidation::WhenRequired);
    }
    Client::from_conf(builder.build())
}

/// For a request that carries content.
pub(crate) fn transfer() -> Builder {
    Builder::default().timeout_config(timeouts(TRANSFER, ALL_TRANSFERS))
}

/// For a request that must be sent once only.
pub(crate) fn once() -> Builder {
    Builder::default().retry_config(RetryConfig::disabled())
}

/// `one` attempt, whose answer begins within the same time, and `all` attempts together.
fn timeouts(one: Duration, all: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(one)
        .operation_attempt_timeout(one)
        .operation_timeout(all)
        .build()
}

/// Whether an endpoint is set that is not one of Amazon's own, such as that of a VPC.
pub(crate) fn is_compatible_server(config: &SdkConfig) -> bool {
    endpoint(config).is_some_and(|url| !is_of_amazon(&url))
}

/// The endpoint that the SDK goes by: the one for S3 before the one for all services, and what
/// a program sets before both.
fn endpoint(config: &SdkConfig) -> Option<String> {
    let general = config.endpoint_url().map(str::to_owned);
    if config.get_origin("endpoint_url").is_client_config() {
        return general;
    }
    let key = ServiceConfigKey::builder()
        .service_id("S3")
        .env("AWS_ENDPOINT_URL")
        .profile("endpoint_url")
        .build()
        .expect("all three are given");
    let of_service = config
        .service_config()
        .and_then(|service| service.load_config(key));
    of_service.or(general)
}

fn is_of_amazon(url: &str) -> bool {
    let authority = url.split("://").last().unwrap_or(url);
    let host = authority
        .split(['/', ':'])
        .next()
        .unwrap_or_default()
        .to_ascii_lowercase();
    [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
        .iter()
        .any(|domain| host.ends_with(domain))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_endpoint_of_somebody_else_is_a_compatible_server() {
        for url in [
            "https://s3.eu-central-1.amazonaws.com",
            "https://bucket.vpce-1-2.s3.eu-central-1.vpce.amazonaws.com:443/",
            "https://s3.cn-north-1.amazonaws.com.cn",
            "https://s3.dualstack.eu-central-1.API.aws",
        ] {
            assert!(is_of_amazon(url), "{url}");
        }
        for url in [
            "http://127.0.0.1:9000",
            "https://minio.example.com/amazonaws.com",
            "https://amazonaws.com.example.com",
            "https://notamazonaws.com",
        ] {
            assert!(!is_of_amazon(url), "{url}");
        }
    }

    #[test]
    fn without_an_endpoint_it_is_amazon() {
        let plain = SdkConfig::builder().build();
        assert!(!is_compatible_server(&plain));
        let own = SdkConfig::builder()
            .endpoint_url("http://localhost:9000")
            .build();
        assert!(is_compatible_server(&own));
    }
}
