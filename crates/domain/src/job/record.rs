//! What is recorded of a job.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{Absence, Attempt, JobState, JobStatus, Progress};
use crate::Timestamp;
use crate::artifacts::JobFolder;
use crate::identity::{
    BackendName, DeploymentId, Environment, JobId, JobTypeName, TryName, UserName,
};
use crate::security::WebhookTarget;

/// What a backend calls one of our tries, such as AWS Batch's job id. Opaque to us.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct BackendId(pub String);

impl fmt::Display for BackendId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// SHA-256, in lower-case hex, over job type, params and target: tells whether something found
/// under our name is really ours.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct RequestHash(pub String);

/// What exactly a try is sent to, fixed at its first claim, so that a change of configuration
/// does not hide it. Opaque to all but its backend.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Target(pub String);

/// The try that is being made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CurrentTry {
    /// From 1.
    pub number: u32,
    /// How often the right to send this job was given out, over all tries. Only the holder of
    /// the present epoch moves the job.
    pub epoch: u64,
    /// When this try was first sent, or may have been.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signed_at: Option<Timestamp>,
    /// What it is sent to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<Target>,
    /// Whether it runs under our runner, fixed at its first claim: a job type that is changed, or
    /// taken out, says nothing of what already runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gated: Option<bool>,
    /// An earlier sending of this same try ended without anyone knowing how.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub in_doubt: bool,
    /// The gate names the copy that counts, so that no other of this try can work.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub admitted: bool,
    /// The last epoch of the tries before this one: what was sent under it or an earlier one
    /// bears another name.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub earlier_epochs: u64,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde hands out references"
)]
const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// Everything that is recorded of a job but its params, which are kept beside it and never
/// change. Fields that change do so in [`super::machine`] and nowhere else.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// Its owner.
    pub user: UserName,
    /// First part of its keys.
    pub environment: Environment,
    /// What kind of job.
    pub job_type: JobTypeName,
    /// Where it runs.
    pub backend: BackendName,
    /// When it was accepted.
    pub created_at: Timestamp,
    /// Size of the work in the unit of its type, for estimates.
    pub work: f64,
    /// The estimate given at POST, in seconds.
    pub estimated_seconds: u64,
    /// Whom to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook: Option<WebhookTarget>,
    /// Tells our tries from what else bears the name.
    pub request_hash: RequestHash,

    /// Where it is.
    #[serde(flatten)]
    pub state: JobState,
    /// Since when.
    pub state_since: Timestamp,
    /// The try that is being made, or was made last.
    pub current_try: CurrentTry,
    /// When its owner asked for it to be stopped. A fact beside the state.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub cancel_requested_at: Option<Timestamp>,
    /// Ids seen under this try's name, besides the one that counts, that the gate has not
    /// judged yet.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub candidates: Vec<BackendId>,
    /// Copies that must not go on, and have not been seen to end.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub surplus: Vec<BackendId>,
    /// The backend has been answering without some of these.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub surplus_absence: Option<Absence>,
    /// Every start of its program, oldest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub attempts: Vec<Attempt>,
    /// The last report out of the container.
    #[serde(default)]
    pub progress: Progress,
    /// When the last progress event was made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub progress_event_at: Option<Timestamp>,
    /// When its backend was last asked about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_checked_at: Option<Timestamp>,
    /// Since when the backend has not been answering.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backend_unreachable_since: Option<Timestamp>,
    /// When its backend is to be asked next.
    pub next_check_at: Timestamp,
    /// When it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub completed_at: Option<Timestamp>,
    /// Name of the result that counts most, once it is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub main_result: Option<String>,
    /// When what its programs wrote is to be put beside its artifacts; absent before its end, and
    /// once that is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub archive_logs_at: Option<Timestamp>,
    /// When it is to be forgotten.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub remove_at: Option<Timestamp>,
    /// Raised by one with every change of this record.
    pub version: u64,
    /// How many events there have been.
    pub events: u64,
}

impl Job {
    /// The version of the stored form that this code writes, and the newest that it reads.
    pub const RECORD_VERSION: u32 = 1;

    /// The status that clients see.
    pub const fn status(&self) -> JobStatus {
        self.state.status()
    }

    /// Where its artifacts lie.
    pub fn folder(&self) -> JobFolder {
        JobFolder::new(&self.environment, &self.user, &self.id)
    }

    /// The name of the present try at its backend.
    pub fn try_name(&self, deployment: &DeploymentId) -> TryName {
        TryName {
            deployment: deployment.clone(),
            job: self.id.clone(),
            number: self.current_try.number,
        }
    }

    /// The backend's id of the copy that counts, or did at the end.
    pub fn backend_id(&self) -> Option<&BackendId> {
        self.state.backend_id().or_else(|| {
            let last = self.attempts.last()?;
            (last.try_number == self.current_try.number).then_some(&last.backend_id)
        })
    }

    /// What must be told to stop now: the copy that counts, where the owner wants the job
    /// stopped, and every copy that must not go on. Asked for again and again until each has
    /// been seen to end, as the success of a stop proves nothing.
    pub fn stops(&self) -> Vec<BackendId> {
        let cancelled = self.cancel_requested_at.and(self.state.backend_id());
        cancelled
            .into_iter()
            .chain(&self.surplus)
            .cloned()
            .collect()
    }

    /// The record as stores keep it.
    pub fn encode(&self) -> Vec<u8> {
        #[derive(Serialize)]
        struct Versioned<'a> {
            v: u32,
            #[serde(flatten)]
            job: &'a Job,
        }
        serde_json::to_vec(&Versioned {
            v: Self::RECORD_VERSION,
            job: self,
        })
        .expect("a record holds only text and numbers")
    }

    /// Reads a stored record.
    ///
    /// # Errors
    /// [`UnreadableRecord`], which says whether a newer gateway wrote it.
    pub fn decode(bytes: &[u8]) -> Result<Self, UnreadableRecord> {
        if !bytes.starts_with(PRESENT_VERSION) {
            check_version(bytes)?;
        }
        serde_json::from_slice(bytes).map_err(UnreadableRecord::Damaged)
    }
}

/// How [`Job::encode`] begins, so that the version of such a record is known without a look at the
/// whole of it.
const PRESENT_VERSION: &[u8] = br#"{"v":1,"#;

/// The version of a record may stand anywhere in it.
fn check_version(bytes: &[u8]) -> Result<(), UnreadableRecord> {
    #[derive(Deserialize)]
    struct Version {
        v: u32,
    }
    let version: Version = serde_json::from_slice(bytes).map_err(UnreadableRecord::Damaged)?;
    if version.v > Job::RECORD_VERSION {
        return Err(UnreadableRecord::Newer { found: version.v });
    }
    Ok(())
}

/// A stored record that this code can't read.
#[derive(Debug, thiserror::Error)]
pub enum UnreadableRecord {
    /// Written by a newer gateway.
    #[error(
        "the record has version {found} and this gateway reads up to {newest}: upgrade it",
        newest = Job::RECORD_VERSION
    )]
    Newer {
        /// The version it has.
        found: u32,
    },
    /// Not a record.
    #[error("the record is damaged")]
    Damaged(#[source] serde_json::Error),
}
