//! How a job begins.

use super::machine::{Change, Transition};
use super::{CurrentTry, EventKind, Job, JobState, Progress, RequestHash};
use crate::Timestamp;
use crate::identity::{BackendName, Environment, JobId, JobTypeName, UserName};
use crate::security::WebhookTarget;

/// A job that has been checked and not yet recorded. Its owner is whoever the API key belongs
/// to, which the store finds in the same step that records it.
#[derive(Clone, Debug, PartialEq)]
pub struct NewJob {
    /// Its id; says when it is accepted and which shard its owner lies in.
    pub id: JobId,
    /// First part of its keys.
    pub environment: Environment,
    /// What kind of job.
    pub job_type: JobTypeName,
    /// Where it will run.
    pub backend: BackendName,
    /// Size of the work in the unit of its type.
    pub work: f64,
    /// How long it will take, in seconds.
    pub estimated_seconds: u64,
    /// Whom to tell.
    pub webhook: Option<WebhookTarget>,
    /// Over job type, params and target.
    pub request_hash: RequestHash,
}

impl NewJob {
    /// The first row of the transition table: recorded, Accepted, with the job's first event.
    pub fn admit(&self, user: UserName) -> Transition {
        let now = self.id.created_at();
        let job = Job {
            id: self.id.clone(),
            user,
            environment: self.environment.clone(),
            job_type: self.job_type.clone(),
            backend: self.backend.clone(),
            created_at: now,
            work: self.work,
            estimated_seconds: self.estimated_seconds,
            webhook: self.webhook.clone(),
            request_hash: self.request_hash.clone(),
            state: JobState::Accepted {
                not_before: now,
                waiting: None,
            },
            state_since: now,
            current_try: first_try(),
            cancel_requested_at: None,
            candidates: Vec::new(),
            surplus: Vec::new(),
            surplus_absence: None,
            attempts: Vec::new(),
            progress: Progress::default(),
            progress_event_at: None,
            last_checked_at: None,
            backend_unreachable_since: None,
            next_check_at: Timestamp::MAX,
            completed_at: None,
            main_result: None,
            archive_logs_at: None,
            remove_at: None,
            version: 0,
            events: 0,
        };
        Transition::finish(job, Change::Event(EventKind::Queued), now)
    }
}

const fn first_try() -> CurrentTry {
    CurrentTry {
        number: 1,
        epoch: 0,
        signed_at: None,
        target: None,
        gated: None,
        in_doubt: false,
        admitted: false,
        earlier_epochs: 0,
    }
}
