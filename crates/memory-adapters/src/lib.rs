//! # The ports in memory
//!
//! Fakes that behave: each keeps the truth in memory and does what its port promises, and proves
//! it by the same contract as the adapters that run in production. Tests ask them what became of
//! things; nothing recites what was called in which order.
//!
//! * [`ManualClock`] and [`SeededEntropy`]: time and chance by hand.
//! * [`MemoryJobStore`], which is also the register of keys, the history of runs, the budget
//!   of calls, the ledger of sweeps, the outbox of webhooks, the keeper of their secrets and the
//!   backlog of a mirror.
//! * [`MemoryArtifactStore`], with links that can be followed.
//! * [`MemoryComputeBackend`], whose jobs move when a test moves them.
//! * [`MemoryEventFeed`], whose events are those that a test pushes.
//! * [`MemoryJobMirror`], which is there or away as a test says.
//! * [`MemoryWebhookReceivers`], which answer as a test says and keep what they got.
//! * [`FailingJobStore`], [`FailingCallBudget`], [`FailingSweepLedger`],
//!   [`FailingWebhookOutbox`], [`FailingWebhookSecrets`], [`FailingMirrorBacklog`],
//!   [`FailingArtifactStore`],
//!   [`FailingComputeBackend`] and [`FailingEventFeed`] stand before any adapter and let calls fail as [`Faults`] says: before or after they took effect.
//!
//! ```
//! use std::sync::Arc;
//! use batchway_memory_adapters::{ManualClock, MemoryJobStore};
//!
//! let clock = Arc::new(ManualClock::default());
//! let store = MemoryJobStore::new(clock.clone());
//! let key = store.register_user("user123");
//! # let _ = key;
//! ```
#![warn(missing_docs)]

mod artifact_store;
mod clock;
mod compute_backend;
mod entropy;
mod event_feed;
mod failing;
mod job_mirror;
mod job_store;
mod webhook_receivers;

pub use artifact_store::MemoryArtifactStore;
pub use clock::ManualClock;
pub use compute_backend::MemoryComputeBackend;
pub use entropy::SeededEntropy;
pub use event_feed::MemoryEventFeed;
pub use failing::{
    ArtifactStoreCall, CallBudgetCall, ComputeBackendCall, EventFeedCall, FailingArtifactStore,
    FailingCallBudget, FailingComputeBackend, FailingEventFeed, FailingJobStore,
    FailingMirrorBacklog, FailingSweepLedger, FailingWebhookOutbox, FailingWebhookSecrets, Fault,
    Faults, JobStoreCall, MirrorBacklogCall, SweepLedgerCall, WebhookOutboxCall,
    WebhookSecretsCall,
};
pub use job_mirror::MemoryJobMirror;
pub use job_store::{MemoryJobStore, StoreSnapshot};
pub use webhook_receivers::{Behaviour, MemoryWebhookReceivers};
