//! The one place where the use cases' errors become problems. The match is exhaustive, so that
//! a new error can't be forgotten.

use std::time::Duration;

use batchway_application::RequestError;
use poem::http::header;

use super::{Problem, ProblemKind};

/// After this a store that could not be used is worth another attempt.
const STORE_PAUSE: Duration = Duration::from_secs(2);
/// After this there may be room for another job.
const ADMISSION_PAUSE: Duration = Duration::from_secs(30);

impl From<RequestError> for Problem {
    fn from(error: RequestError) -> Self {
        let detail = error.to_string();
        match error {
            RequestError::Unauthorized => Self::unauthorized(
                "The API key is unknown or revoked. Ask the operator for a new one.",
            ),
            RequestError::TokenRefused => Self::new(
                ProblemKind::InvalidJobToken,
                "The job token is not valid, or no longer: it is good for one try of one job, \
                 until its end.",
            )
            .with_header(header::WWW_AUTHENTICATE, "Bearer realm=\"batchway-runner\""),
            RequestError::JobNotFound { job } => Self::new(
                ProblemKind::JobNotFound,
                format!("There is no job {job} among yours. GET /api/v1/jobs lists them."),
            )
            .about_job(job),
            RequestError::DeliveryNotFound { delivery } => Self::new(
                ProblemKind::DeliveryNotFound,
                format!(
                    "The job has no webhook delivery {delivery}. GET \
                     /api/v1/jobs/{{job_id}}/webhook-deliveries lists those that it has."
                ),
            ),
            RequestError::AttemptNotFound { attempt, attempts } => Self::new(
                ProblemKind::InvalidQuery,
                format!(
                    "attempt is {attempt}, and the job has had {attempts} so far, which are counted \
                     from 1."
                ),
            ),
            RequestError::InvalidCursor => Self::new(
                ProblemKind::InvalidCursor,
                "The cursor is not one that this gateway gave out. Start without it, or take \
                 next_cursor from the page before, unchanged.",
            ),
            RequestError::Invalid(violations) => Self::invalid(violations),
            RequestError::IdempotencyKeyReused { job } => Self::new(
                ProblemKind::IdempotencyKeyReused,
                format!(
                    "The idempotency key was used for a different request, which made {job}. \
                     Send that request again unchanged, or use a new key."
                ),
            )
            .about_job(job.to_string()),
            RequestError::TooManyActiveJobs { limit } => Self::new(
                ProblemKind::TooManyActiveJobs,
                format!(
                    "You have {limit} jobs that have not ended, which is the limit. Wait for one \
                     to end, or cancel one."
                ),
            )
            .retry_after(ADMISSION_PAUSE),
            RequestError::BacklogFull { limit } => Self::new(
                ProblemKind::BacklogFull,
                format!(
                    "{limit} jobs of all users wait to be started, which is the limit. Nothing \
                     was recorded; try again later."
                ),
            )
            .retry_after(ADMISSION_PAUSE),
            RequestError::LinkRefused => Self::new(
                ProblemKind::LinkRefused,
                "The link was not made by this gateway for this artifact, or was changed on the \
                 way. List the job's artifacts for a new one.",
            ),
            RequestError::LinkExpired { expired_at } => Self::new(
                ProblemKind::LinkExpired,
                format!(
                    "The link expired at {expired_at}. List the job's artifacts for a new one."
                ),
            ),
            RequestError::ArtifactNotFound => Self::new(
                ProblemKind::ArtifactNotFound,
                "The link is good, but the artifact is no longer there.",
            ),
            RequestError::RangeNotSatisfiable { size } => Self::new(
                ProblemKind::RangeNotSatisfiable,
                format!("The artifact has {size} bytes, and the range begins after its end."),
            )
            .with_header(header::CONTENT_RANGE, format!("bytes */{size}")),
            RequestError::JobStoreUnavailable(cause) => Self::new(
                ProblemKind::JobStoreUnavailable,
                "The job store can't be used now. Send the request again later, a POST with the \
                 same idempotency key.",
            )
            .retry_after(STORE_PAUSE)
            .caused_by(cause),
            RequestError::RecordUnreadable(cause) => Self::new(
                ProblemKind::RecordUnreadable,
                format!("Sorry: {detail}. Show the operator the request_id."),
            )
            .caused_by(cause),
            RequestError::BackendUnavailable(cause) => Self::new(
                ProblemKind::BackendUnavailable,
                "What runs the job can't be asked now, or is asked too often. Send the request \
                 again later; the job goes on meanwhile.",
            )
            .retry_after(STORE_PAUSE)
            .caused_by(cause),
            RequestError::ArtifactStoreUnavailable(cause) => Self::new(
                ProblemKind::ArtifactStoreUnavailable,
                "The artifact store can't be used now. Send the request again later.",
            )
            .retry_after(STORE_PAUSE)
            .caused_by(cause),
        }
    }
}
