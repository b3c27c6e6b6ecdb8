//! From the SDK's errors to those of the port.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{BoxError, ProvideErrorMetadata, SdkError};
use batchway_domain::ports::ArtifactError;

use crate::refusal::{self, Meaning, Reply, Request};
use crate::server_clock::Lead;

/// Why a request was no success.
#[derive(Debug)]
pub(crate) struct Failure {
    pub(crate) meaning: Meaning,
    source: BoxError,
}

impl Failure {
    pub(crate) fn of<E>(error: SdkError<E>, request: &Request<'_>, lead: Lead) -> Self
    where
        E: Error + ProvideErrorMetadata + Send + Sync + 'static,
    {
        let meaning = match &error {
            SdkError::ServiceError(_) if is_unreadable(&error) => not_understood(&error, request),
            SdkError::ServiceError(refused) => {
                let raw = refused.raw();
                let reply = Reply {
                    status: raw.status().as_u16(),
                    code: refused.err().code(),
                    message: refused.err().message(),
                    bucket_region: raw.headers().get("x-amz-bucket-region"),
                    lead,
                };
                refusal::meaning(&reply, request)
            }
            SdkError::TimeoutError(_) => Meaning::Unavailable(format!(
                "there was no answer to {request} in time; check the network and the endpoint"
            )),
            SdkError::ResponseError(_) => not_understood(&error, request),
            _ => unsent(&error, request),
        };
        // The SDK's own error shows the whole reply; its source, what is known of it.
        let source = error.into_source().unwrap_or_else(Into::into);
        Self { meaning, source }
    }

    /// For the caller of the port.
    pub(crate) fn into_error(self, request: &Request<'_>) -> ArtifactError {
        let source = Some(self.source);
        match (self.meaning, request.key) {
            (Meaning::NotFound, Some(key)) => ArtifactError::NotFound { key: key.clone() },
            (Meaning::Forbidden(reason) | Meaning::ClockOff(reason), _) => {
                ArtifactError::Forbidden { reason, source }
            }
            (Meaning::Full(reason), _) => ArtifactError::Full { reason, source },
            (Meaning::NotNow(reason) | Meaning::Unavailable(reason), _) => {
                ArtifactError::Unavailable { reason, source }
            }
            (
                Meaning::NotFound
                | Meaning::ConditionFailed
                | Meaning::RangeNotSatisfiable
                | Meaning::NoSuchUpload,
                _,
            ) => ArtifactError::Unavailable {
                reason: format!("the server's answer does not fit {request}; try again"),
                source,
            },
        }
    }
}

/// Whether it is a success that is not written as S3 writes it.
fn is_unreadable<E: ProvideErrorMetadata>(error: &SdkError<E>) -> bool {
    let raw = error.raw_response();
    raw.is_some_and(|raw| raw.status().is_success()) && error.code().is_none()
}

fn not_understood(error: &(dyn Error + 'static), request: &Request<'_>) -> Meaning {
    Meaning::Unavailable(format!(
        "the answer to {request} can't be understood ({}); check that AWS_ENDPOINT_URL leads to \
         an S3 server",
        root_of(error)
    ))
}

/// A request that was not sent, or whose connection broke.
fn unsent(error: &(dyn Error + 'static), request: &Request<'_>) -> Meaning {
    let is_about_credentials = chain(error).any(<dyn Error>::is::<CredentialsError>);
    let root = root_of(error);
    if is_about_credentials {
        Meaning::Forbidden(no_credentials(&root))
    } else {
        Meaning::Unavailable(format!(
            "{request} did not reach S3 or its answer was lost ({root}); check the network, \
             AWS_REGION and AWS_ENDPOINT_URL"
        ))
    }
}

/// What to do without credentials.
pub(crate) fn no_credentials(cause: &str) -> String {
    format!(
        "there are no credentials for S3 ({cause}); set AWS_ACCESS_KEY_ID and \
         AWS_SECRET_ACCESS_KEY, or give the machine or container a role"
    )
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The words of the innermost cause: the outer ones of the SDK say only "dispatch failure".
pub(crate) fn root_of(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}
