//! Why a request is not fulfilled, by meaning. The HTTP edge has one match over it.

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{AdmitError, ArtifactError, BackendError, ReadError, StoreError};
use batchway_domain::security::InvalidLink;

/// One thing that is wrong with a request's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// JSON Pointer (RFC 6901) into the body.
    pub pointer: String,
    /// A sentence for the caller.
    pub detail: String,
}

impl Violation {
    pub(crate) fn new(pointer: impl Into<String>, detail: impl Into<String>) -> Self {
        Self {
            pointer: pointer.into(),
            detail: detail.into(),
        }
    }
}

/// Why a request is not fulfilled. `Display` is fit for a caller's eyes; sources are not.
#[derive(Debug, thiserror::Error)]
pub enum RequestError {
    /// The API key is unknown or revoked.
    #[error("the API key is unknown or revoked")]
    Unauthorized,
    /// The runner's token is not valid, or no longer.
    #[error("the job token is not valid, or no longer")]
    TokenRefused,
    /// There is no such job, or it is someone else's.
    #[error("there is no job {job}")]
    JobNotFound {
        /// What was asked for, as it was written.
        job: String,
    },
    /// The job has no such delivery.
    #[error("the job has no webhook delivery {delivery}")]
    DeliveryNotFound {
        /// What was asked for, as it was written.
        delivery: String,
    },
    /// The job has had no such attempt.
    #[error("the job has had {attempts} attempts, and none of number {attempt}")]
    AttemptNotFound {
        /// What was asked for.
        attempt: u32,
        /// How many there were so far.
        attempts: u32,
    },
    /// The cursor was not given out by this gateway.
    #[error("the cursor is not one that this gateway gave out")]
    InvalidCursor,
    /// The content is well-formed and wrong.
    #[error("the request is not valid")]
    Invalid(Vec<Violation>),
    /// The idempotency key stands for another request.
    #[error("the idempotency key was used for a different request, which made {job}")]
    IdempotencyKeyReused {
        /// The job that it stands for.
        job: JobId,
    },
    /// The caller has as many active jobs as are allowed.
    #[error("you have {limit} jobs that have not ended, which is the limit")]
    TooManyActiveJobs {
        /// The limit.
        limit: u64,
    },
    /// As many jobs wait as may.
    #[error("{limit} jobs wait to be started, which is the limit")]
    BacklogFull {
        /// The limit.
        limit: u64,
    },
    /// The link was not made here for this.
    #[error("the link was not made by this gateway for this artifact")]
    LinkRefused,
    /// The link is too old.
    #[error("the link expired at {expired_at}")]
    LinkExpired {
        /// When it ended.
        expired_at: Timestamp,
    },
    /// The object behind a genuine link is gone.
    #[error("the artifact is no longer there")]
    ArtifactNotFound,
    /// The range begins after the object's end.
    #[error("the artifact has only {size} bytes")]
    RangeNotSatisfiable {
        /// Size of the object in bytes.
        size: u64,
    },
    /// The job store can't serve the request now.
    #[error("the job store can't be used now")]
    JobStoreUnavailable(#[source] StoreError),
    /// A stored record can't be read.
    #[error("the job's record can't be read by this version of the gateway")]
    RecordUnreadable(#[source] StoreError),
    /// What runs the job can't be asked now.
    #[error("the job's backend can't be asked now")]
    BackendUnavailable(#[source] BackendError),
    /// The artifact store can't serve the request now.
    #[error("the artifact store can't be used now")]
    ArtifactStoreUnavailable(#[source] ArtifactError),
}

impl From<StoreError> for RequestError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Unreadable { .. } => Self::RecordUnreadable(error),
            StoreError::Unavailable { .. } | StoreError::Full { .. } => {
                Self::JobStoreUnavailable(error)
            }
        }
    }
}

impl From<ReadError> for RequestError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Unauthorized => Self::Unauthorized,
            ReadError::Store(error) => error.into(),
        }
    }
}

impl From<AdmitError> for RequestError {
    fn from(error: AdmitError) -> Self {
        match error {
            AdmitError::Unauthorized => Self::Unauthorized,
            AdmitError::FingerprintMismatch { job } => Self::IdempotencyKeyReused { job },
            AdmitError::TooManyActive { limit } => Self::TooManyActiveJobs { limit },
            AdmitError::BacklogFull { limit } => Self::BacklogFull { limit },
            AdmitError::Store(error) => error.into(),
        }
    }
}

impl From<ArtifactError> for RequestError {
    fn from(error: ArtifactError) -> Self {
        match error {
            ArtifactError::NotFound { .. } => Self::ArtifactNotFound,
            ArtifactError::RangeNotSatisfiable { size } => Self::RangeNotSatisfiable { size },
            ArtifactError::BrokenInput(_)
            | ArtifactError::Full { .. }
            | ArtifactError::Forbidden { .. }
            | ArtifactError::Unavailable { .. } => Self::ArtifactStoreUnavailable(error),
        }
    }
}

impl From<InvalidLink> for RequestError {
    fn from(error: InvalidLink) -> Self {
        match error {
            InvalidLink::Refused => Self::LinkRefused,
            InvalidLink::Expired { expired_at } => Self::LinkExpired { expired_at },
        }
    }
}
