//! One file per operation: what it takes, what it answers, its handler, its notes for the
//! document, its tests.

mod cancel_job;
mod check_health;
mod check_readiness;
mod explain_job;
mod get_job;
mod list_artifacts;
mod list_job_types;
mod list_jobs;
mod list_webhook_deliveries;
pub(crate) mod read_logs;
mod replay_webhook_delivery;
mod report_progress;
mod submit_job;

use batchway_application::Application;
use poem_openapi::Tags;
use serde_json::Value;

use crate::problem::ProblemKind;

/// The part of the path that all operations on jobs share.
pub(crate) const API_PREFIX: &str = "/api/v1";

/// Groups of operations in the document.
#[derive(Tags)]
enum Tag {
    /// Start, follow, stop jobs and get their results.
    Jobs,
    /// Follow and repeat what is sent to a job's `webhook_url`.
    Webhooks,
    /// What kinds of job there are.
    #[oai(rename = "Job types")]
    JobTypes,
    /// What the program inside a container says to the gateway.
    Runner,
    /// For whoever runs the gateway.
    Health,
}

/// What the document says of an operation beyond its types.
pub(crate) struct Notes {
    /// Which operation.
    pub(crate) operation_id: &'static str,
    /// Every problem that it answers with, and none besides.
    pub(crate) problems: &'static [&'static [ProblemKind]],
    /// An example of its body, where it has one.
    pub(crate) request: Option<Value>,
    /// An example of each answer, by status.
    pub(crate) answers: Vec<(u16, Value)>,
}

impl Notes {
    /// Whether it may answer so.
    pub(crate) fn declare(&self, kind: ProblemKind) -> bool {
        self.problems.iter().any(|kinds| kinds.contains(&kind))
    }
}

/// Problems of any operation that does something.
const ANY: &[ProblemKind] = &[ProblemKind::InvalidQuery, ProblemKind::InternalError];

/// Problems of an operation that finds its caller in the job store.
const CALLER: &[ProblemKind] = &[
    ProblemKind::Unauthorized,
    ProblemKind::JobStoreUnavailable,
    ProblemKind::RecordUnreadable,
];

/// Problems of an operation on one job, which may show links to its results.
const ONE_JOB: &[ProblemKind] = &[
    ProblemKind::JobNotFound,
    ProblemKind::ArtifactStoreUnavailable,
];

/// Problems of an operation that takes a body.
const BODY: &[ProblemKind] = &[
    ProblemKind::MalformedJson,
    ProblemKind::IncompleteBody,
    ProblemKind::RequestTimeout,
    ProblemKind::PayloadTooLarge,
    ProblemKind::UnsupportedMediaType,
    ProblemKind::InvalidRequest,
];

/// Every operation, as poem-openapi takes them.
pub(crate) type Operations = (
    submit_job::SubmitJob,
    list_jobs::ListJobs,
    get_job::GetJob,
    cancel_job::CancelJob,
    list_artifacts::ListArtifacts,
    read_logs::ReadLogs,
    explain_job::ExplainJob,
    list_webhook_deliveries::ListWebhookDeliveries,
    replay_webhook_delivery::ReplayWebhookDelivery,
    list_job_types::ListJobTypes,
    report_progress::ReportProgress,
    check_health::CheckHealth,
    check_readiness::CheckReadiness,
);

/// Every operation, over this application.
pub(crate) fn all(application: &Application) -> Operations {
    let application = || application.clone();
    (
        submit_job::SubmitJob(application()),
        list_jobs::ListJobs(application()),
        get_job::GetJob(application()),
        cancel_job::CancelJob(application()),
        list_artifacts::ListArtifacts(application()),
        read_logs::ReadLogs(application()),
        explain_job::ExplainJob(application()),
        list_webhook_deliveries::ListWebhookDeliveries(application()),
        replay_webhook_delivery::ReplayWebhookDelivery(application()),
        list_job_types::ListJobTypes(application()),
        report_progress::ReportProgress(application()),
        check_health::CheckHealth,
        check_readiness::CheckReadiness(application()),
    )
}

/// The notes of every operation.
pub(crate) fn notes() -> Vec<Notes> {
    vec![
        submit_job::notes(),
        list_jobs::notes(),
        get_job::notes(),
        cancel_job::notes(),
        list_artifacts::notes(),
        read_logs::notes(),
        explain_job::notes(),
        list_webhook_deliveries::notes(),
        replay_webhook_delivery::notes(),
        list_job_types::notes(),
        report_progress::notes(),
        check_health::notes(),
        check_readiness::notes(),
    ]
}
