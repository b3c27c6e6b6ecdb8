//! # Chaos
//!
//! Scripted runs against real parts: three `batchway serve` processes on one `redis-server`, each
//! part behind a [fault proxy](batchway_fault_proxy), under load, while processes are ended by
//! SIGKILL at random instants. When it is over the faults stop, everything is waited for with a
//! bound, and the books are compared: what callers were told, what the store says, what ran, and
//! what was left.
//!
//! | scene | what is killed | the books |
//! |---|---|---|
//! | [`Gateways`] | gateways, with faults on the way to AWS Batch, Redis and S3 | every 2xx has one job, one run, one result |
//! | [`Redis`] | Redis, with `appendfsync always` | the same |
//! | [`Idempotency`] | gateways now and then, if asked for | one key, one job, the same words for all |
//! | [`Webhooks`] | gateways, with a receiver that fails at three of ten and a dead one | every event is taken, nothing else is sent |
//!
//! `just chaos` runs them long, the tests of this crate short. A run that finds a broken promise
//! says which, with ids, where the logs of all processes are, and the command that repeats it.

use std::error::Error;

mod aws;
mod books;
mod bucket;
mod caller;
mod delivery_books;
mod dice;
mod flaw;
mod hook_load;
mod http;
mod job_types;
mod killer;
mod ledger;
mod load;
mod notebook;
mod programs;
mod receiver;
mod reckoning;
mod replica;
mod report;
mod scenes;
mod stage;
mod weather;

pub use flaw::Flaw;
pub use reckoning::Patience;
pub use report::{Figures, Report, Table};
pub use scenes::gateways::{Gateways, Jobs};
pub use scenes::idempotency::Idempotency;
pub use scenes::redis::Redis;
pub use scenes::webhooks::Webhooks;
pub use stage::Store;

/// What a run comes to, or why it could not be made.
pub type Outcome<T> = Result<T, Box<dyn Error + Send + Sync>>;
