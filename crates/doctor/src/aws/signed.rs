//! Calls that are signed by hand, with the SDK's own signer and connector.
//!
//! The SDKs of IAM and ECR alone would add minutes to a build for three calls. See
//! `docs/adr/0030-the-doctor.md`.

use std::sync::Arc;
use std::time::{Duration, SystemTime};

use async_trait::async_trait;
use aws_credential_types::provider::ProvideCredentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4::SigningParams;
use aws_smithy_runtime_api::client::http::{HttpConnector, SharedHttpConnector};
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::byte_stream::ByteStream;
use aws_smithy_types::date_time::Format;
use aws_types::SdkConfig;
use aws_types::service_config::ServiceConfigKey;
use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;
use tokio::time::timeout;

use super::call::{AwsServices, Call, Reply, Service, Unreached};
use crate::rights::partition_of;

/// One call, from the loading of credentials to the last byte of its answer.
const CALL: Duration = Duration::from_secs(7);

/// AWS, or what the endpoints of the SDK's configuration lead to.
#[derive(Clone, Debug)]
pub struct SignedCalls {
    sdk: SdkConfig,
    connector: SharedHttpConnector,
    clock: Arc<dyn Clock>,
}

impl SignedCalls {
    /// With the region, the credentials and the endpoints of the SDK's configuration. Requests
    /// are signed by `clock`, and not by that of AWS: where it is off, AWS says so.
    pub fn new(sdk: &SdkConfig, clock: Arc<dyn Clock>) -> Self {
        Self {
            sdk: sdk.clone(),
            connector: batchway_aws_http_client::https_connector(),
            clock,
        }
    }

    /// The answer to a GET that nobody signs, such as that of a link.
    ///
    /// # Errors
    /// [`Unreached`].
    pub async fn get(&self, url: &str) -> Result<Reply, Unreached> {
        let request = HttpRequest::get(url).map_err(not_connected)?;
        timeout(CALL, self.send(request))
            .await
            .map_err(|_| Unreached::TooLate(CALL))?
    }

    fn region(&self) -> &str {
        self.sdk
            .region()
            .map_or("us-east-1", |region| region.as_ref())
    }

    fn url(&self, call: &Call) -> String {
        let origin = self
            .configured(call.service)
            .or_else(|| call.origin.clone())
            .unwrap_or_else(|| call.service.endpoint(self.region()));
        format!("{}{}", origin.trim_end_matches('/'), call.path)
    }

    fn configured(&self, service: Service) -> Option<String> {
        let key = ServiceConfigKey::builder()
            .service_id(service.id())
            .env("AWS_ENDPOINT_URL")
            .profile("endpoint_url")
            .build()
            .ok()?;
        let of_service = self
            .sdk
            .service_config()
            .and_then(|config| config.load_config(key));
        of_service.or_else(|| self.sdk.endpoint_url().map(str::to_owned))
    }

    async fn identity(&self) -> Result<Identity, Unreached> {
        let provider = self.sdk.credentials_provider();
        let provider =
            provider.ok_or_else(|| Unreached::NoCredentials("nobody provides any".to_owned()))?;
        let credentials = provider.provide_credentials().await;
        credentials
            .map(Identity::from)
            .map_err(|error| Unreached::NoCredentials(root_of(&error)))
    }

    fn request(&self, call: &Call, identity: &Identity) -> Result<HttpRequest, Unreached> {
        let url = self.url(call);
        let headers = call
            .headers
            .iter()
            .map(|(name, value)| (*name, value.as_str()));
        let body = SignableBody::Bytes(call.body.as_bytes());
        let signable =
            SignableRequest::new(call.method, &url, headers, body).map_err(not_connected)?;
        let parameters = SigningParams::builder()
            .identity(identity)
            .region(call.service.signing_region(self.region()))
            .name(call.service.signing_name())
            .time(system_time(self.clock.now()))
            .settings(call.service.signing_settings())
            .build()
            .map_err(not_connected)?
            .into();
        let (instructions, _) = sign(signable, &parameters)
            .map_err(not_connected)?
            .into_parts();
        let mut request = HttpRequest::new(SdkBody::from(call.body.as_str()));
        request.set_method(call.method).map_err(not_connected)?;
        request.set_uri(url).map_err(not_connected)?;
        for (name, value) in &call.headers {
            request.headers_mut().insert(*name, value.clone());
        }
        for (name, value) in instructions.headers() {
            request
                .headers_mut()
                .insert(name.to_owned(), value.to_owned());
        }
        Ok(request)
    }

    async fn send(&self, request: HttpRequest) -> Result<Reply, Unreached> {
        let response = self.connector.call(request).await;
        read(response.map_err(|error| Unreached::NotConnected(root_of(&error)))?).await
    }
}

#[async_trait]
impl AwsServices for SignedCalls {
    async fn call(&self, call: &Call) -> Result<Reply, Unreached> {
        let whole = async {
            let identity = self.identity().await?;
            self.send(self.request(call, &identity)?).await
        };
        timeout(CALL, whole)
            .await
            .map_err(|_| Unreached::TooLate(CALL))?
    }
}

impl Service {
    /// As the SDKs name it in the variables of endpoints.
    fn id(self) -> &'static str {
        match self {
            Self::Batch => "Batch",
            Self::Logs => "CloudWatch Logs",
            Self::Ecr => "ECR",
            Self::Iam => "IAM",
            Self::S3 => "S3",
            Self::Sqs => "SQS",
            Self::Sts => "STS",
        }
    }

    fn signing_name(self) -> &'static str {
        match self {
            Self::Batch => "batch",
            Self::Logs => "logs",
            Self::Ecr => "ecr",
            Self::Iam => "iam",
            Self::S3 => "s3",
            Self::Sqs => "sqs",
            Self::Sts => "sts",
        }
    }

    /// IAM is one for all regions of a partition.
    fn signing_region(self, region: &str) -> &str {
        match (self, partition_of(region)) {
            (Self::Iam, "aws-cn") => "cn-north-1",
            (Self::Iam, "aws-us-gov") => "us-gov-west-1",
            (Self::Iam, _) => "us-east-1",
            _ => region,
        }
    }

    fn endpoint(self, region: &str) -> String {
        let (partition, name) = (partition_of(region), self.signing_name());
        match (self, partition) {
            (Self::Iam, "aws-cn") => "https://iam.cn-north-1.amazonaws.com.cn".to_owned(),
            (Self::Iam, "aws-us-gov") => "https://iam.us-gov.amazonaws.com".to_owned(),
            (Self::Iam, _) => "https://iam.amazonaws.com".to_owned(),
            (Self::Ecr, "aws-cn") => format!("https://api.ecr.{region}.amazonaws.com.cn"),
            (Self::Ecr, _) => format!("https://api.ecr.{region}.amazonaws.com"),
            (_, "aws-cn") => format!("https://{name}.{region}.amazonaws.com.cn"),
            _ => format!("https://{name}.{region}.amazonaws.com"),
        }
    }

    fn signing_settings(self) -> SigningSettings {
        let mut settings = SigningSettings::default();
        if self == Self::S3 {
            settings.percent_encoding_mode = PercentEncodingMode::Single;
            settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
            settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        }
        settings
    }
}

async fn read(response: HttpResponse) -> Result<Reply, Unreached> {
    let header = |name| response.headers().get(name).map(str::to_owned);
    let reply = Reply {
        status: response.status().as_u16(),
        body: String::new(),
        date: header("date").and_then(|date| http_date(&date)),
        bucket_region: header("x-amz-bucket-region"),
        error_type: header("x-amzn-errortype"),
    };
    let body = ByteStream::new(response.into_body()).collect().await;
    let body = body.map_err(not_connected)?.into_bytes();
    Ok(Reply {
        body: String::from_utf8_lossy(&body).into_owned(),
        ..reply
    })
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = aws_smithy_types::DateTime::from_str(text, Format::HttpDate).ok()?;
    Some(Timestamp::from_millis(date.to_millis().ok()?))
}

fn system_time(now: Timestamp) -> SystemTime {
    let millis = u64::try_from(now.as_millis()).unwrap_or_default();
    SystemTime::UNIX_EPOCH + Duration::from_millis(millis)
}

fn not_connected(error: impl std::error::Error + 'static) -> Unreached {
    Unreached::NotConnected(root_of(&error))
}

/// The words of the innermost cause: the outer ones say only that something failed.
fn root_of(error: &(dyn std::error::Error + 'static)) -> String {
    std::iter::successors(Some(error), |&error| error.source())
        .last()
        .unwrap_or(error)
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endpoints_by_service_and_partition() {
        let table = [
            (
                Service::Batch,
                "eu-central-1",
                "https://batch.eu-central-1.amazonaws.com",
            ),
            (
                Service::Ecr,
                "eu-central-1",
                "https://api.ecr.eu-central-1.amazonaws.com",
            ),
            (Service::Iam, "eu-central-1", "https://iam.amazonaws.com"),
            (
                Service::Iam,
                "us-gov-east-1",
                "https://iam.us-gov.amazonaws.com",
            ),
            (
                Service::S3,
                "cn-north-1",
                "https://s3.cn-north-1.amazonaws.com.cn",
            ),
            (
                Service::Ecr,
                "cn-north-1",
                "https://api.ecr.cn-north-1.amazonaws.com.cn",
            ),
        ];
        for (service, region, endpoint) in table {
            assert_eq!(service.endpoint(region), endpoint);
        }
        assert_eq!(Service::Iam.signing_region("eu-central-1"), "us-east-1");
        assert_eq!(Service::Sts.signing_region("eu-central-1"), "eu-central-1");
    }
}
