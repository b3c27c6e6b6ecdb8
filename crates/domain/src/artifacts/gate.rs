//! The gate: one object per try that decides which copy of it may work.

use serde::{Deserialize, Serialize};

use crate::identity::DeploymentId;
use crate::job::BackendId;

/// What stands in the gate of a try. It is written once, by a conditional create, and never
/// changed; who reads another's name in it does no work.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "snake_case")]
pub enum GateEntry {
    /// The one backend job of this try that may work.
    Admitted {
        /// Its id at the backend.
        backend_id: BackendId,
    },
    /// The try was cancelled before any copy of it worked; none may.
    Cancelled {
        /// Which installation cancelled it.
        deployment: DeploymentId,
    },
}

impl GateEntry {
    /// The entry as it is stored.
    pub fn encode(&self) -> Vec<u8> {
        serde_json::to_vec(self).expect("an entry holds only text")
    }

    /// Reads a stored entry; `None` for anything else.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        serde_json::from_slice(bytes).ok()
    }
}
