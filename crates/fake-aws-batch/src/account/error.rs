//! How AWS Batch refuses.

/// An answer that is not a 200.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{code} (HTTP {status}): {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// `ClientException`, `ServerException`, `TooManyRequestsException`, `AccessDeniedException`.
    pub code: &'static str,
    /// For people.
    pub message: String,
}

impl ApiError {
    /// The request is at fault, or what it names does not exist: Batch has one code for both.
    pub fn client(message: impl Into<String>) -> Self {
        Self {
            status: 400,
            code: "ClientException",
            message: message.into(),
        }
    }

    /// Batch is at fault.
    pub fn server() -> Self {
        Self {
            status: 500,
            code: "ServerException",
            message: "Service unavailable. Please try again later.".to_owned(),
        }
    }

    /// Too fast. The SDKs don't model it: its code is read from the answer.
    pub fn too_many_requests() -> Self {
        Self {
            status: 429,
            code: "TooManyRequestsException",
            message: "Too Many Requests".to_owned(),
        }
    }

    /// IAM says no. `action` is one of IAM's, such as `batch:SubmitJob`.
    pub fn access_denied(action: &str) -> Self {
        Self {
            status: 403,
            code: "AccessDeniedException",
            message: format!(
                "User: arn:aws:sts::123456789012:assumed-role/fake/session is not authorized to \
                 perform: {action} because no identity-based policy allows the {action} action"
            ),
        }
    }
}
