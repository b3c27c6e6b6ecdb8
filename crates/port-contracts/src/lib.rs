//! # The duties of the ports
//!
//! Each MUST in the docs of a port is a case here, and one line puts all cases of a port on an
//! adapter, each as a test of its own:
//!
//! ```text
//! mod job_store {
//!     use super::*;
//!     batchway_port_contracts::job_store_contract!(SqliteFixture::open());
//! }
//! ```
//!
//! The argument is an expression that gives a future of a fixture; it is evaluated anew for each
//! case, so that no two cases share a store. What an adapter needs besides the port (to move its
//! clock, to be opened again, to fetch a link) is in the fixture:
//!
//! * [`JobStoreFixture`](job_store::JobStoreFixture) for [`job_store_contract!`], which also
//!   holds the duties of `ApiKeys`, `RunHistory` and `CallBudget`: the four are one store.
//! * [`SweepLedgerFixture`](sweep_ledger::SweepLedgerFixture) for [`sweep_ledger_contract!`], on
//!   the same store.
//! * [`WebhookOutboxFixture`](webhook_outbox::WebhookOutboxFixture) for
//!   [`webhook_outbox_contract!`] and
//!   [`WebhookSecretsFixture`](webhook_secrets::WebhookSecretsFixture) for
//!   [`webhook_secrets_contract!`], on the same store too.
//! * [`MirrorBacklogFixture`](mirror_backlog::MirrorBacklogFixture) for
//!   [`mirror_backlog_contract!`], on the same store, opened to keep one.
//! * [`ArtifactStoreFixture`](artifact_store::ArtifactStoreFixture) for
//!   [`artifact_store_contract!`].
//! * [`ComputeBackendFixture`](compute_backend::ComputeBackendFixture) for
//!   [`compute_backend_contract!`].
//! * [`EventFeedFixture`](event_feed::EventFeedFixture) for [`event_feed_contract!`].
//! * [`WebhookSenderFixture`](webhook_sender::WebhookSenderFixture) for
//!   [`webhook_sender_contract!`].
//!
//! Adapters differ, and say how as *capabilities*. A case asks for a capability, never for the
//! name of an adapter, and no case passes by doing nothing: where a capability is missing, it
//! proves what then holds instead.
//!
//! The cases run on a runtime of their own with several threads, each within [`DEADLINE`]; the
//! adapter's crate needs no test attribute and no runtime for them.
#![warn(missing_docs)]

pub mod api_keys;
pub mod artifact_store;
pub mod call_budget;
pub mod compute_backend;
mod concurrency;
pub mod event_feed;
mod execution;
pub mod job_store;
pub mod mirror_backlog;
pub mod run_history;
pub mod specimens;
pub mod sweep_ledger;
pub mod webhook_outbox;
pub mod webhook_secrets;
pub mod webhook_sender;

pub use execution::{DEADLINE, run_case};
