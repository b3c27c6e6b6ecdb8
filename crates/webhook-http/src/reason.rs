//! Why there was no answer, in words for the job's owner.

use std::error::Error;
use std::time::Duration;

use batchway_domain::ports::WebhookUnanswered;
use batchway_domain::security::ForbiddenTarget;

/// Why there was no answer. The sentences tell of the receiver, never of what is inside the
/// gateway's network: which address was refused, and what listens there, stands in none.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Reason {
    #[error("The webhook URL {0}.")]
    Forbidden(ForbiddenTarget),
    #[error("The webhook URL can't be called: it can't be written as an HTTP request.")]
    Unwritable,
    #[error("The host name could not be resolved.")]
    Unresolved,
    #[error("The host name could not be resolved within {} s.", .0.as_secs_f64())]
    UnresolvedWithin(Duration),
    #[error("The host name resolves to an address that is not public.")]
    Inside,
    #[error("The receiver refused the connection.")]
    Refused,
    #[error("The receiver could not be reached.")]
    Unreachable,
    #[error("The receiver could not be reached within {} s.", .0.as_secs_f64())]
    UnreachableWithin(Duration),
    #[error("The receiver did not complete the TLS handshake.")]
    NoHandshake,
    #[error("The receiver's TLS certificate is not valid.")]
    Certificate,
    #[error("The receiver's TLS certificate has expired.")]
    CertificateExpired,
    #[error("The receiver's TLS certificate is not valid yet.")]
    CertificateNotYetValid,
    #[error("The receiver's TLS certificate is for another host name.")]
    CertificateForAnother,
    #[error("The receiver's TLS certificate is not issued by an authority that is trusted here.")]
    CertificateUntrusted,
    #[error("The receiver closed the connection without an answer.")]
    Closed,
    #[error("The receiver's answer is not HTTP/1.1.")]
    NotHttp,
    #[error("The head of the receiver's answer is too long.")]
    TooLong,
    #[error("The receiver did not answer within {} s.", .0.as_secs_f64())]
    UnansweredWithin(Duration),
}

impl Reason {
    /// With a cause, for the gateway's log.
    pub(crate) fn because(
        self,
        cause: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> WebhookUnanswered {
        WebhookUnanswered {
            reason: self.to_string(),
            source: Some(cause.into()),
        }
    }
}

impl From<Reason> for WebhookUnanswered {
    fn from(reason: Reason) -> Self {
        Self {
            reason: reason.to_string(),
            source: None,
        }
    }
}
