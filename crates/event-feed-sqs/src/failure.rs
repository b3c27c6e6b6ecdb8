//! From the SDK's errors to the one of the port.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_sqs::error::{ProvideErrorMetadata, SdkError};
use batchway_domain::ports::FeedError;

use crate::refusal::{Reply, Request, sentence};

/// Why a call was no success.
pub(crate) fn feed_error<E>(error: SdkError<E>, request: &Request<'_>) -> FeedError
where
    E: Error + ProvideErrorMetadata + Send + Sync + 'static,
{
    let reason = match &error {
        SdkError::ServiceError(refused) => {
            let reply = Reply {
                status: refused.raw().status().as_u16(),
                code: refused.err().code(),
                message: refused.err().message(),
            };
            sentence(&reply, request)
        }
        SdkError::TimeoutError(_) => format!(
            "SQS did not answer for {} in time; check the network, AWS_REGION and AWS_ENDPOINT_URL",
            request.queue
        ),
        SdkError::ResponseError(_) => format!(
            "the answer for {} can't be understood ({}); check that AWS_ENDPOINT_URL leads to SQS",
            request.queue,
            root_of(&error)
        ),
        _ => unsent(&error, request),
    };
    // The SDK's own error shows the whole answer; its source, what is known of it.
    let source = Some(error.into_source().unwrap_or_else(Into::into));
    FeedError { reason, source }
}

/// A request that was not sent, or whose connection broke.
fn unsent(error: &(dyn Error + 'static), request: &Request<'_>) -> String {
    let Request { queue, region, .. } = request;
    let root = root_of(error);
    if chain(error).any(<dyn Error>::is::<CredentialsError>) {
        return format!(
            "there are no credentials for {queue} ({root}); set AWS_ACCESS_KEY_ID and \
             AWS_SECRET_ACCESS_KEY, or give the machine or container a role"
        );
    }
    format!(
        "SQS was not reached for {queue} in the region {region}, or its answer was lost ({root}); \
         check the network, AWS_REGION and AWS_ENDPOINT_URL"
    )
}

fn chain<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| error.source())
}

/// The words of the innermost cause: the outer ones of the SDK say only "dispatch failure".
fn root_of(error: &(dyn Error + 'static)) -> String {
    chain(error).last().unwrap_or(error).to_string()
}
