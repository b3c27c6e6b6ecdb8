//! The queue's URL, and what it says.

use std::fmt;

use url::{Host, Url};

/// Where the queue is, such as `https://sqs.eu-central-1.amazonaws.com/123456789012/events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct QueueUrl {
    url: String,
    region: Option<String>,
    account: Option<String>,
    name: String,
}

/// The text is no queue's URL.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not the URL of a queue, which looks like \
     https://sqs.eu-central-1.amazonaws.com/123456789012/batch-events; \
     `aws sqs get-queue-url --queue-name NAME` tells it"
)]
pub struct InvalidQueueUrl {
    text: String,
}

impl QueueUrl {
    pub(crate) fn parse(text: &str) -> Result<Self, InvalidQueueUrl> {
        read(text).ok_or_else(|| InvalidQueueUrl {
            text: text.to_owned(),
        })
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.url
    }

    /// The region that it lies in, where the host is one of Amazon's.
    pub(crate) fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// How IAM policies name it; without what the URL doesn't tell.
    pub(crate) fn arn(&self) -> String {
        let partition = match self.region() {
            Some(region) if region.starts_with("cn-") => "aws-cn",
            Some(region) if region.starts_with("us-gov-") => "aws-us-gov",
            _ => "aws",
        };
        let region = self.region().unwrap_or("*");
        let account = self.account.as_deref().unwrap_or("*");
        format!("arn:{partition}:sqs:{region}:{account}:{}", self.name)
    }
}

impl fmt::Display for QueueUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.url)
    }
}

fn read(text: &str) -> Option<QueueUrl> {
    let url = Url::parse(text).ok()?;
    let is_bare = url.username().is_empty()
        && url.password().is_none()
        && url.query().is_none()
        && url.fragment().is_none();
    if !matches!(url.scheme(), "http" | "https") || !is_bare {
        return None;
    }
    let region = match url.host()? {
        Host::Domain(host) => region_in(host).map(str::to_owned),
        Host::Ipv4(_) | Host::Ipv6(_) => None,
    };
    let segments: Vec<&str> = url.path_segments()?.collect();
    let (name, before) = segments.split_last()?;
    let is_account = |segment: &&&str| segment.len() == 12 && segment.bytes().all(is_digit);
    Some(QueueUrl {
        url: text.to_owned(),
        region,
        account: before
            .last()
            .filter(is_account)
            .map(|text| (*text).to_owned()),
        name: (!name.is_empty()).then(|| (*name).to_owned())?,
    })
}

fn is_digit(byte: u8) -> bool {
    byte.is_ascii_digit()
}

/// Of `sqs.{region}.amazonaws.com`, its dual-stack, FIPS and VPC variants, and the oldest form
/// `{region}.queue.amazonaws.com`.
fn region_in(host: &str) -> Option<&str> {
    let host = [".amazonaws.com", ".amazonaws.com.cn", ".api.aws"]
        .iter()
        .find_map(|domain| host.strip_suffix(domain))?;
    if let Some(region) = host.strip_suffix(".queue") {
        return Some(region);
    }
    let labels: Vec<&str> = host.split('.').collect();
    let service = labels
        .iter()
        .position(|label| matches!(*label, "sqs" | "sqs-fips"))?;
    labels.get(service + 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_region_is_read_from_amazons_hosts() {
        for (host, region) in [
            ("sqs.eu-central-1.amazonaws.com", Some("eu-central-1")),
            ("sqs.cn-north-1.amazonaws.com.cn", Some("cn-north-1")),
            ("sqs-fips.us-east-1.amazonaws.com", Some("us-east-1")),
            ("sqs.us-west-2.api.aws", Some("us-west-2")),
            ("eu-west-1.queue.amazonaws.com", Some("eu-west-1")),
            (
                "vpce-1-2.sqs.eu-west-3.vpce.amazonaws.com",
                Some("eu-west-3"),
            ),
            ("127.0.0.1:5000", None),
            ("sqs.eu-central-1.localhost.localstack.cloud:4566", None),
            ("sqs.eu-central-1.amazonaws.com.example.com", None),
        ] {
            let url = format!("https://{host}/123456789012/events");
            let queue = QueueUrl::parse(&url).unwrap();
            assert_eq!(queue.region(), region, "{url}");
            assert_eq!(queue.as_str(), url);
        }
    }

    #[test]
    fn the_arn_is_what_policies_need() {
        for (url, arn) in [
            (
                "https://sqs.eu-central-1.amazonaws.com/123456789012/events",
                "arn:aws:sqs:eu-central-1:123456789012:events",
            ),
            (
                "https://sqs.cn-north-1.amazonaws.com.cn/123456789012/e.fifo",
                "arn:aws-cn:sqs:cn-north-1:123456789012:e.fifo",
            ),
            ("http://localhost:9324/queue/e", "arn:aws:sqs:*:*:e"),
        ] {
            assert_eq!(QueueUrl::parse(url).unwrap().arn(), arn);
        }
    }

    #[test]
    fn what_is_no_url_of_a_queue_is_refused_with_an_example() {
        for text in [
            "",
            "events",
            "arn:aws:sqs:eu-central-1:123456789012:events",
            "https://sqs.eu-central-1.amazonaws.com",
            "https://sqs.eu-central-1.amazonaws.com/123456789012/",
            "ftp://sqs.eu-central-1.amazonaws.com/123456789012/events",
            "https://user:secret@sqs.eu-central-1.amazonaws.com/1/events",
            "https://sqs.eu-central-1.amazonaws.com/1/events?Action=x",
        ] {
            let error = QueueUrl::parse(text).unwrap_err();
            assert!(error.to_string().contains("get-queue-url"), "{error}");
        }
    }
}
