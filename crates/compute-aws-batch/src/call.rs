//! How a call to AWS failed, as far as its error proves anything.

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_batch::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_batch::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_batch::error::{BoxError, DisplayErrorContext, ProvideErrorMetadata, SdkError};
use aws_sdk_batch::primitives::{DateTime, DateTimeFormat};
use batchway_domain::Timestamp;
use batchway_domain::ports::{BackendError, Clock};

use crate::classification::{Verdict, classify};

/// A call that gave no result.
#[derive(Debug)]
pub(crate) struct CallFailure {
    /// The action as IAM names it, such as `batch:SubmitJob`.
    pub(crate) action: &'static str,
    pub(crate) cause: Cause,
    /// The error itself, where it holds nothing that AWS answered: an answer may quote the
    /// request that it refuses, session token included.
    pub(crate) source: Option<BoxError>,
}

/// What is certain about it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Cause {
    /// There are no credentials to sign with; nothing was sent.
    NoCredentials,
    /// The request was not made; nothing was sent.
    NotSent,
    /// No connection came about, so no byte of the request was sent.
    NotConnected,
    /// There is no whole answer, for whatever reason.
    NoAnswer,
    /// There is an answer of success that can't be read.
    Unreadable,
    /// AWS, or something before it, refused.
    Answered(Answer),
}

/// An answer that is no success.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// The name of the error, such as `ClientException`.
    pub(crate) code: Option<String>,
    pub(crate) message: String,
    pub(crate) retry_after: Option<Duration>,
    /// The time of day at the other end.
    pub(crate) date: Option<Timestamp>,
}

impl CallFailure {
    /// `may_be_sent` is false where it is known that the request was not handed over for sending.
    pub(crate) fn of<E>(action: &'static str, may_be_sent: bool, error: SdkError<E>) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let cause = cause_of(may_be_sent, &error);
        let source: Option<BoxError> = match cause {
            Cause::Answered(_) | Cause::Unreadable => None,
            _ => Some(error.into()),
        };
        Self {
            action,
            cause,
            source,
        }
    }

    pub(crate) fn verdict(&self, now: Timestamp) -> Verdict {
        classify(&self.cause, now)
    }

    /// A sentence for the operator.
    pub(crate) fn reason(&self) -> String {
        let action = self.action;
        match &self.cause {
            Cause::NoCredentials => format!("there are no AWS credentials for {action}"),
            Cause::NotSent => format!("the request {action} could not be made"),
            Cause::NotConnected => format!("no connection to AWS for {action}"),
            Cause::NoAnswer => format!("AWS gave no whole answer to {action}"),
            Cause::Unreadable => format!("the answer to {action} can't be read"),
            Cause::Answered(answer) => {
                let code = answer.code.as_deref().unwrap_or("no error code");
                let said = answer.quotable();
                format!("AWS answered {} ({code}) to {action}{said}", answer.status)
            }
        }
    }

    /// Not before this much later, where AWS says so.
    pub(crate) fn retry_after(&self) -> Option<Duration> {
        match &self.cause {
            Cause::Answered(answer) => answer.retry_after,
            _ => None,
        }
    }

    pub(crate) fn into_backend_error(self, now: Timestamp) -> BackendError {
        let verdict = self.verdict(now);
        let reason = match &verdict {
            Verdict::Held(cause) => format!("{} {}", self.reason(), cause.mend(self.action)),
            _ => self.reason(),
        };
        BackendError {
            reason,
            throttled: verdict == Verdict::Throttled,
            source: self.source,
        }
    }
}

impl Answer {
    /// The message of AWS, unless it is one about a signature: those quote the request, with the
    /// session token in it.
    fn quotable(&self) -> String {
        let is_about_signing = self
            .code
            .as_deref()
            .is_some_and(|code| code.contains("Signature"));
        if self.message.is_empty() || is_about_signing {
            String::new()
        } else {
            format!(": {}", self.message)
        }
    }
}

fn cause_of<E>(may_be_sent: bool, error: &SdkError<E>) -> Cause
where
    E: Error + ProvideErrorMetadata + 'static,
{
    if find::<CredentialsError>(error).is_some() {
        return Cause::NoCredentials;
    }
    if !may_be_sent {
        return Cause::NotSent;
    }
    match error {
        SdkError::ConstructionFailure(_) => Cause::NotSent,
        SdkError::DispatchFailure(_) if failed_to_connect(error) => Cause::NotConnected,
        SdkError::ServiceError(context) if context.raw().status().is_success() => Cause::Unreadable,
        SdkError::ServiceError(context) => {
            let header = |name| context.raw().headers().get(name);
            Cause::Answered(Answer {
                status: context.raw().status().as_u16(),
                code: error.code().map(str::to_owned),
                message: error.message().unwrap_or_default().to_owned(),
                retry_after: header("retry-after")
                    .and_then(|seconds| seconds.parse().ok())
                    .map(Duration::from_secs),
                date: header("date").and_then(http_date),
            })
        }
        _ => Cause::NoAnswer,
    }
}

/// Whether resolving the name, connecting or the TLS handshake failed, or took too long. A
/// request is written only after that. Nothing else that the HTTP client reports proves that no
/// byte was sent.
fn failed_to_connect(error: &(dyn Error + 'static)) -> bool {
    find::<hyper_util::client::legacy::Error>(error).is_some_and(|error| error.is_connect())
}

fn find<'a, E: Error + 'static>(error: &'a (dyn Error + 'static)) -> Option<&'a E> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(found) = error.downcast_ref() {
            return Some(found);
        }
        next = error.source();
    }
    None
}

fn http_date(text: &str) -> Option<Timestamp> {
    let date = DateTime::from_str(text, DateTimeFormat::HttpDate).ok()?;
    Some(Timestamp::from_millis(date.to_millis().ok()?))
}

/// The error and its causes, for a log.
pub(crate) fn with_causes(source: Option<&BoxError>) -> String {
    source.map_or_else(String::new, |source| {
        format!("{}", DisplayErrorContext(source.as_ref()))
    })
}

/// Whether a request was handed to the HTTP client. Loading credentials, finding the endpoint and
/// signing come before that, so what fails there was certainly not sent. A request that is ready
/// too late, as its machine has slept, is not handed over: by then others may have concluded that
/// there is none.
#[derive(Clone, Debug)]
pub(crate) struct Transmission {
    has_begun: Arc<AtomicBool>,
    clock: Arc<dyn Clock>,
    not_after: Timestamp,
}

impl Transmission {
    pub(crate) fn within(time: Duration, clock: Arc<dyn Clock>) -> Self {
        Self {
            has_begun: Arc::default(),
            not_after: clock.now().plus(time),
            clock,
        }
    }

    pub(crate) fn has_begun(&self) -> bool {
        self.has_begun.load(Ordering::SeqCst)
    }
}

impl Intercept for Transmission {
    fn name(&self) -> &'static str {
        "Transmission"
    }

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _runtime_components: &RuntimeComponents,
        _cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.clock.now() > self.not_after {
            return Err("the request was ready too late to be sent".into());
        }
        self.has_begun.store(true, Ordering::SeqCst);
        Ok(())
    }
}
