//! # The embedded job store
//!
//! Jobs, API keys, past runs and webhooks on their way in one SQLite file. [`SqliteJobStore`]
//! implements the ports `JobStore`, `ApiKeys`, `RunHistory`, `SweepLedger`, `WebhookOutbox`,
//! `WebhookSecrets`, `MirrorBacklog` and `CallBudget` of the domain, the last in memory.
//!
//! * **Durable**: a write-ahead log with `synchronous=FULL`. What is answered with `Ok` is on the
//!   disk: it survives the death of the process, and of the machine as far as the disk keeps what
//!   it says it has written.
//! * **One writer** (`writer`): all that waits goes together in one commit, each item under its
//!   own savepoint and with its own answer.
//! * **Readers** (`readers`) never wait for the writer. A caller's read checks the API key in the
//!   transaction that reads.
//! * **Indexed** (`migrations/`): what a page, a claim or an admission costs does not grow with
//!   the number of jobs. Ids sort by time of creation, so conditions on time are bounds on the
//!   id; limits are held against counters that triggers keep.
//!
//! * **Full disk**: a call that finds no room answers `StoreError::Full` and changes nothing; its
//!   neighbours in the same commit are written without it, and with room again the store goes on.
//! * **Events**: the last 10,000 of each user are kept. Numbers go on, whatever is forgotten.
//! * **Sweeps**: a file keeps jobs since it was made, or since it was brought up to the schema that
//!   says so. Of what a backend took before, an older file may have lost the record, or another
//!   may have it: too late a time leaves an orphan to a person, too early a time ends somebody's
//!   job.
//! * **Webhooks**: what a job tells its receiver is written by the commit of the event, in the
//!   same savepoint. Receivers take turns (`receivers`); the backlog of one makes nobody else's
//!   turn later or dearer.
//! * **Mirror**: a store that is opened to do so keeps in mind which jobs have changed since they
//!   were mirrored, by the commit of the change. Otherwise it writes nothing for it.
//!
//! Another process may read and write the file at the same time, as `batchway keys` does beside
//! `batchway serve`: a write waits up to twenty seconds for the other's.

mod admission;
mod call_budget;
mod connection;
mod deliveries;
mod due;
mod events;
mod idempotency;
mod key_register;
mod listing;
mod migrations;
mod mirror_backlog;
mod open;
mod ports;
mod readers;
mod receivers;
mod records;
mod runs;
mod settings;
mod store_error;
mod sweep_ledger;
mod tenants;
#[cfg(test)]
mod tests;
mod turns;
mod webhook_secrets;
mod webhooks;
mod writer;

pub use open::{OpenError, SqliteJobStore};
