//! What callers and runners ask for. One file each; all are methods of [`crate::Application`].

mod authenticate;
mod cancel_job;
mod check_readiness;
mod explain_job;
mod fingerprint;
mod get_job;
mod list_artifacts;
mod list_job_types;
mod list_jobs;
mod open_link;
mod read_logs;
mod report_progress;
mod request_size;
mod submit_job;
mod view;
mod wait_for_job;
mod webhook_deliveries;
mod webhook_secret;

pub use cancel_job::Cancellation;
pub use check_readiness::NotReady;
pub use list_artifacts::{ArtifactList, ListedArtifact};
pub use list_jobs::{JobList, ListRequest};
pub use open_link::LinkRequest;
pub use read_logs::{LogRequest, LogSource, LogStart, LogView, MAX_LOG_LINES};
pub use submit_job::{SubmitRequest, Submitted};
pub use view::JobView;
pub use webhook_deliveries::{DeliveryList, MAX_DELIVERIES_LISTED};
pub use webhook_secret::{FORMER_SECRET_SIGNS_FOR, WebhookSecretError};

pub(crate) use submit_job::input_runs;
