//! Calls of AWS as data, and their answers as they came.
//!
//! The services speak four dialects. Here are as much of them as a doctor needs: what is read is
//! small, and so is what is asked.

use std::fmt::{self, Debug};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::form_urlencoded;

use super::xml;

/// Who answers calls: AWS, or a fake of it.
#[async_trait]
pub trait AwsServices: Send + Sync + Debug {
    /// Makes one call, once.
    async fn call(&self, call: &Call) -> Result<Reply, Unreached>;
}

/// A service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Service {
    /// AWS Batch.
    Batch,
    /// CloudWatch Logs.
    Logs,
    /// The registry of images.
    Ecr,
    /// Users, roles and policies.
    Iam,
    /// Buckets.
    S3,
    /// Queues of messages.
    Sqs,
    /// Who one is.
    Sts,
}

/// One call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Call {
    pub(crate) service: Service,
    /// As IAM names it, for sentences.
    pub(crate) action: String,
    pub(crate) method: &'static str,
    /// Scheme and host, where they are known from elsewhere and no endpoint is configured.
    pub(crate) origin: Option<String>,
    /// With its query, encoded.
    pub(crate) path: String,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: String,
}

/// An answer, of whatever status.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reply {
    /// Of HTTP.
    pub status: u16,
    /// As text.
    pub body: String,
    /// The time of day at the other end.
    pub date: Option<Timestamp>,
    /// In which region a bucket lies.
    pub bucket_region: Option<String>,
    /// The name of an error, where a header bears it.
    pub error_type: Option<String>,
}

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unreached {
    /// Nobody gave credentials to sign with.
    #[error("there are no AWS credentials: {0}")]
    NoCredentials(String),
    /// Nothing came back.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// Nothing came back in time.
    #[error("no answer within {} s", .0.as_secs())]
    TooLate(Duration),
}

/// Why a call gave nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Trouble {
    Unreached(Unreached),
    Refused(Refusal),
    /// A success that does not look like one.
    Unreadable(String),
}

/// An answer that is no success.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    pub(crate) status: u16,
    pub(crate) code: String,
    message: String,
}

impl Call {
    fn post(service: Service, action: String, path: &str, body: String) -> Self {
        Self {
            service,
            action,
            method: "POST",
            origin: None,
            path: path.to_owned(),
            headers: Vec::new(),
            body,
        }
    }

    /// An operation of AWS Batch.
    pub(crate) fn batch(operation: &str, body: &Value) -> Self {
        let path = format!("/v1/{}", operation.to_lowercase());
        let action = format!("batch:{operation}");
        let call = Self::post(Service::Batch, action, &path, body.to_string());
        call.header("content-type", "application/json")
    }

    /// An operation of a service that is named in a header.
    pub(crate) fn json(service: Service, operation: &str, body: &Value) -> Self {
        let (prefix, target, version) = match service {
            Service::Ecr => ("ecr", "AmazonEC2ContainerRegistry_V20150921", "1.1"),
            Service::Sqs => ("sqs", "AmazonSQS", "1.0"),
            _ => ("logs", "Logs_20140328", "1.1"),
        };
        let action = format!("{prefix}:{operation}");
        Self::post(service, action, "/", body.to_string())
            .header("content-type", &format!("application/x-amz-json-{version}"))
            .header("x-amz-target", &format!("{target}.{operation}"))
    }

    /// An operation of IAM or STS, which take forms and answer in XML.
    pub(crate) fn query(service: Service, operation: &str, fields: &[(String, String)]) -> Self {
        let (prefix, version) = match service {
            Service::Iam => ("iam", "2010-05-08"),
            _ => ("sts", "2011-06-15"),
        };
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("Action", operation)
            .append_pair("Version", version);
        for (name, value) in fields {
            form.append_pair(name, value);
        }
        let action = format!("{prefix}:{operation}");
        Self::post(service, action, "/", form.finish())
            .header("content-type", "application/x-www-form-urlencoded")
    }

    /// An operation on a bucket, or on an object in it.
    pub(crate) fn s3(action: &str, method: &'static str, path: String) -> Self {
        Self {
            method,
            ..Self::post(Service::S3, action.to_owned(), &path, String::new())
        }
    }

    #[must_use]
    pub(crate) fn at(self, origin: Option<String>) -> Self {
        Self { origin, ..self }
    }

    fn header(mut self, name: &'static str, value: &str) -> Self {
        self.headers.push((name, value.to_owned()));
        self
    }
}

/// The answer to a call, where it is a success.
pub(crate) async fn ask(aws: &dyn AwsServices, call: Call) -> Result<Reply, Trouble> {
    let reply = aws.call(&call).await.map_err(Trouble::Unreached)?;
    match reply.refusal() {
        Some(refusal) => Err(Trouble::Refused(refusal)),
        None => Ok(reply),
    }
}

/// The same, read as JSON.
pub(crate) async fn ask_json<T: DeserializeOwned>(
    aws: &dyn AwsServices,
    call: Call,
) -> Result<T, Trouble> {
    let reply = ask(aws, call).await?;
    serde_json::from_str(&reply.body)
        .map(without_nulls)
        .and_then(serde_json::from_value)
        .map_err(|error| Trouble::Unreadable(error.to_string()))
}

/// What is null is as good as left out: some servers write the one, some the other.
fn without_nulls(value: Value) -> Value {
    match value {
        Value::Object(fields) => fields
            .into_iter()
            .filter(|(_, value)| !value.is_null())
            .map(|(name, value)| (name, without_nulls(value)))
            .collect(),
        Value::Array(values) => values.into_iter().map(without_nulls).collect(),
        other => other,
    }
}

impl Reply {
    pub(crate) fn refusal(&self) -> Option<Refusal> {
        if (200..300).contains(&self.status) {
            return None;
        }
        let json: Value = serde_json::from_str(&self.body).unwrap_or_default();
        let of_json = |names: [&str; 2]| {
            let found = names.iter().find_map(|name| json[*name].as_str());
            found.map(str::to_owned)
        };
        let of_xml = |name| xml::texts(&self.body, name).next();
        let code = of_json(["__type", "code"])
            .or_else(|| self.error_type.clone())
            .or_else(|| of_xml("Code"))
            .unwrap_or_default();
        // Some bear a namespace before it, some an address behind it.
        let code = code.rsplit('#').next().unwrap_or_default();
        let code = code.split(':').next().unwrap_or_default();
        Some(Refusal {
            status: self.status,
            code: code.to_owned(),
            message: of_json(["message", "Message"])
                .or_else(|| of_xml("Message"))
                .unwrap_or_default(),
        })
    }
}

impl Trouble {
    /// Whether IAM says no.
    pub(crate) fn is_denied(&self) -> bool {
        matches!(self, Self::Refused(refusal) if refusal.is_denied())
    }

    pub(crate) fn refusal(&self) -> Option<&Refusal> {
        match self {
            Self::Refused(refusal) => Some(refusal),
            _ => None,
        }
    }
}

impl fmt::Display for Trouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreached(unreached) => write!(formatter, "{unreached}"),
            Self::Refused(refusal) => write!(formatter, "{refusal}"),
            Self::Unreadable(error) => write!(formatter, "the answer can't be read: {error}"),
        }
    }
}

impl Refusal {
    pub(crate) fn is_denied(&self) -> bool {
        let denials = [
            "AccessDenied",
            "AccessDeniedException",
            "NotAuthorized",
            "UnauthorizedOperation",
            "AuthorizationError",
        ];
        denials.contains(&self.code.as_str()) || (self.code.is_empty() && self.status == 403)
    }

    /// Whether it is the signature that is refused, or who signed.
    pub(crate) fn is_about_credentials(&self) -> bool {
        let codes = [
            "ExpiredToken",
            "ExpiredTokenException",
            "InvalidClientTokenId",
            "UnrecognizedClientException",
            "InvalidAccessKeyId",
            "InvalidToken",
            "AuthFailure",
            "MissingAuthenticationToken",
            "IncompleteSignature",
            "SignatureDoesNotMatch",
            "InvalidSignatureException",
            "RequestTimeTooSkewed",
            "RequestExpired",
        ];
        codes.contains(&self.code.as_str())
    }

    /// Messages about a signature quote the request, with the session token in it.
    fn quotable(&self) -> Option<&str> {
        let quotes = self.code.contains("Signature") || self.message.is_empty();
        (!quotes).then_some(self.message.as_str())
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let code = match self.code.as_str() {
            "" => "no error code",
            code => code,
        };
        write!(formatter, "AWS answered {} ({code})", self.status)?;
        match self.quotable() {
            Some(message) => write!(formatter, ": {message}"),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(status: u16, body: &str) -> Refusal {
        let reply = Reply {
            status,
            body: body.to_owned(),
            ..Reply::default()
        };
        reply.refusal().unwrap()
    }

    #[test]
    fn errors_are_read_in_every_dialect() {
        let table = [
            r#"{"__type": "AccessDeniedException", "message": "no"}"#,
            r#"{"__type": "com.amazonaws.ecr#AccessDeniedException", "message": "no"}"#,
            r#"{"code": "AccessDeniedException:http://internal.amazon.com/", "Message": "no"}"#,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>no</Message></Error></ErrorResponse>",
            "<Error><Code>AccessDenied</Code><Message>no</Message></Error>",
        ];
        for body in table {
            let refusal = refusal(403, body);
            assert!(refusal.is_denied(), "{body}");
            assert_eq!(refusal.message, "no", "{body}");
        }
        assert!(refusal(403, "").is_denied());
        assert!(!refusal(400, r#"{"__type": "ClientException"}"#).is_denied());
    }

    #[test]
    fn what_quotes_the_request_is_not_repeated() {
        let body = r#"{"__type": "InvalidSignatureException", "message": "token hunter2"}"#;
        let refusal = refusal(403, body);
        assert!(refusal.is_about_credentials());
        assert!(!refusal.to_string().contains("hunter2"), "{refusal}");
    }
}
