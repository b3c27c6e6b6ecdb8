//! What the use cases need of the world. Each trait says what it refuses to be, then what it
//! guarantees; each MUST is a case in the `port-contracts` crate.

mod api_keys;
mod artifact_store;
mod call_budget;
mod clock;
mod compute_backend;
mod entropy;
mod event_feed;
mod job_logs;
mod job_mirror;
mod job_store;
mod mirror_backlog;
mod run_history;
mod sweep_ledger;
mod webhook_outbox;
mod webhook_secrets;
mod webhook_sender;

pub use api_keys::{ApiKeys, KeyError, KeyRecord};
pub use artifact_store::{
    ArtifactError, ArtifactMetadata, ArtifactRead, ArtifactStore, ByteRange, ByteStream, Created,
    Disposition, Link,
};
pub use call_budget::{
    CallBucket, CallBudget, CallGrant, CallLimit, RECOVERY, SLOWEST, TokenBucket, TokenBuckets,
};
pub use clock::Clock;
pub use compute_backend::{
    BackendAttempt, BackendError, BackendState, CallLimits, Candidate, Capacity, ComputeBackend,
    Description, Held, ParamsDelivery, Queue, QueuePage, QueuePosition, QueuedJob, RequestSize,
    StopEvidence, Submission, SubmitError,
};
pub use entropy::Entropy;
pub use event_feed::{ChangedJob, EventFeed, FeedError, FeedEvent, Receipt};
pub use job_logs::{LogCursor, LogError, LogLine, LogPage, LogPosition};
pub use job_mirror::{JobMirror, MirrorError, MirrorRow};
pub use job_store::{
    Admission, AdmissionLimits, AdmitError, Admitted, CommitError, DueRequest, Idempotency,
    JobCommit, JobPage, JobQuery, JobStore, ReadError, StoreError,
};
pub use mirror_backlog::MirrorBacklog;
pub use run_history::{FinishedRun, RunHistory};
pub use sweep_ledger::{MAX_ORPHANS, Orphan, SweepLedger};
pub use webhook_outbox::{DeliveryRequest, Receiver, WebhookOutbox};
pub use webhook_secrets::WebhookSecrets;
pub use webhook_sender::{WebhookAnswer, WebhookRequest, WebhookSender, WebhookUnanswered};
