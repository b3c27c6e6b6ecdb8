//! One start of a job's program.

use serde::{Deserialize, Serialize};

use super::{BackendId, Failure};
use crate::Timestamp;

/// One start of the program by the backend. A try has one attempt, or more where the backend
/// repeats it by itself after the loss of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The try it belongs to, from 1.
    pub try_number: u32,
    /// The backend's id of that try.
    pub backend_id: BackendId,
    /// When the program was started; absent where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}
