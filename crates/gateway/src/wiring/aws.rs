//! One configuration of the AWS SDK for all that speaks to AWS.
//!
//! Nothing is sent to AWS here: credentials are looked for when they are first needed, so that
//! the gateway starts, and takes jobs, while AWS can't be reached.

use std::time::Duration;

use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_credential_types::Credentials;
use aws_types::service_config::{LoadServiceConfig, ServiceConfigKey};
use batchway_aws_http_client::https_client;

use crate::configuration::{AwsSettings, Secret};

/// Until a connection stands.
const CONNECT: Duration = Duration::from_secs(3);
/// Until an answer begins.
const ANSWER: Duration = Duration::from_secs(10);
/// One call, with all that the SDK does for it.
const CALL: Duration = Duration::from_secs(30);

/// What every client of AWS begins with. Adapters narrow it where they promise more.
pub(crate) async fn sdk_config(settings: &AwsSettings) -> SdkConfig {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .region(Region::new(settings.region.clone()))
        .timeout_config(timeouts())
        .http_client(https_client());
    if let Some(key) = &settings.credentials {
        let token = key.session_token.as_ref().map(Secret::reveal);
        loader = loader.credentials_provider(Credentials::new(
            &key.id,
            key.secret.reveal(),
            token.map(str::to_owned),
            None,
            "the gateway's configuration",
        ));
    }
    if let Some(profile) = &settings.profile {
        loader = loader.profile_name(profile);
    }
    let sdk = loader.load().await;
    let endpoints = Endpoints {
        configured: settings.clone(),
        sdk: sdk.clone(),
    };
    sdk.into_builder().service_config(endpoints).build()
}

/// The SDK itself would wait for an answer for ever.
fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT)
        .read_timeout(ANSWER)
        .operation_attempt_timeout(ANSWER)
        .operation_timeout(CALL)
        .build()
}

/// Endpoints that are configured for us, also in `.env`, and then those that the SDK knows of.
#[derive(Debug)]
struct Endpoints {
    configured: AwsSettings,
    sdk: SdkConfig,
}

impl LoadServiceConfig for Endpoints {
    fn load_config(&self, key: ServiceConfigKey<'_>) -> Option<String> {
        if key.env() == "AWS_ENDPOINT_URL" {
            let service = key.service_id().replace([' ', '-'], "_").to_uppercase();
            if let Some(endpoint) = self.configured.endpoint(&service) {
                return Some(endpoint.to_owned());
            }
        }
        self.sdk.service_config()?.load_config(key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::configuration::{Adapters, Variables};
    use aws_credential_types::provider::ProvideCredentials;

    fn settings(more: &[(&str, &str)]) -> AwsSettings {
        let mut pairs = vec![("AWS_S3_BUCKET", "live2-artifacts")];
        pairs.extend(more);
        let adapters = Adapters::select(&Variables::of_pairs(&pairs)).unwrap();
        adapters.aws.unwrap()
    }

    fn endpoint(config: &SdkConfig, service: &str) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service)
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .unwrap();
        config.service_config().unwrap().load_config(key)
    }

    #[tokio::test]
    async fn what_stands_in_env_files_reaches_the_sdk() {
        let config = sdk_config(&settings(&[
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "hunter2"),
            ("AWS_SESSION_TOKEN", "hunter3"),
            ("AWS_REGION", "eu-west-1"),
            ("AWS_ENDPOINT_URL", "http://127.0.0.1:5000"),
            ("AWS_ENDPOINT_URL_CLOUDWATCH_LOGS", "http://127.0.0.1:5001"),
        ]))
        .await;
        assert_eq!(config.region().unwrap().as_ref(), "eu-west-1");
        let provider = config.credentials_provider().unwrap();
        let credentials = provider.provide_credentials().await.unwrap();
        assert_eq!(credentials.access_key_id(), "AKIDEXAMPLE");
        assert_eq!(credentials.session_token(), Some("hunter3"));
        for (service, url) in [
            ("Batch", "http://127.0.0.1:5000"),
            ("S3", "http://127.0.0.1:5000"),
            ("CloudWatch Logs", "http://127.0.0.1:5001"),
        ] {
            assert_eq!(endpoint(&config, service).as_deref(), Some(url));
        }
        assert!(!format!("{config:?}").contains("hunter"));
    }

    #[tokio::test]
    async fn nothing_waits_for_ever() {
        let config = sdk_config(&settings(&[])).await;
        assert_eq!(config.region().unwrap().as_ref(), "eu-central-1");
        let timeouts = config.timeout_config().unwrap();
        assert_eq!(timeouts.connect_timeout(), Some(CONNECT));
        assert_eq!(timeouts.read_timeout(), Some(ANSWER));
        assert_eq!(timeouts.operation_timeout(), Some(CALL));
    }
}
