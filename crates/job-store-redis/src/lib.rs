//! # The job store on Redis and Redis Cluster
//!
//! Jobs, API keys, past runs, webhooks and call budgets in one Redis (7.0 or later) that any
//! number of gateways share. [`RedisJobStore`] implements the ports `JobStore`, `ApiKeys`,
//! `RunHistory`, `CallBudget`, `SweepLedger`, `WebhookOutbox`, `WebhookSecrets` and
//! `MirrorBacklog` of the domain.
//! `docs/adr/0013-redis-layout.md` says why it is as it is.
//!
//! ## Keys
//! A tenant's shard is in its API key and in its job ids. All keys of a shard carry one hash tag,
//! `{bw:SHARD}`, or `{bw-NAMESPACE:SHARD}`, and so lie in one slot, so that one script can change
//! them whole. Every script names every key that it touches, as a slot that is being moved shows
//! a script only what it has named.
//!
//! | key of a shard | is | holds |
//! |---|---|---|
//! | `keys` | hash | digest of an API key: whether it is revoked, when, whose |
//! | `jobs` | hash | job id: version, operation, status, lane, idempotency key, packed record |
//! | `params` | hash | job id: params as they came |
//! | `index:USER` | sorted set, scores 0 | status letter, type, `:`, id |
//! | `events:USER` | stream | `NUMBER-TIME`: packed event, under its job's id |
//! | `counts` | hash | `queued`; `active:USER`; `events:USER` |
//! | `due:LANE` | sorted set | job id by due time |
//! | `turns:BACKEND` | sorted set, scores 0 | of its dispatch lane: user, due time, job id |
//! | `ages:BACKEND` | sorted set, scores 0 | of its dispatch lane: job id, user |
//! | `idempotency` | hash | user and key: fingerprint, end, job id, last record |
//! | `idempotency-expiry` | list | end, user and key, in the order of admission |
//! | `runs:TYPE` | sorted set | job id, work, running time by end; the last 100 |
//! | `deliveries` | hash | id of a delivery: version, packed record |
//! | `deliveries-of` | hash | job id: the numbers of its events that are delivered |
//! | `deliveries-due` | sorted set | id of a delivery that is to be sent, by due time |
//! | `deliveries-turns` | sorted set, scores 0 | of the same: user and origin, due time, id |
//! | `mirror-backlog` | sorted set | where jobs are mirrored, id of a job that has changed since, by when it is taken |
//! | `webhook-secrets` | hash | user: its webhook secrets, sealed |
//! | `taken:REPLICA:LANE` | string | what a replica took last, for a minute; `deliveries` and `mirror` are lanes here |
//! | `removed:ID` | string | the call that removed a job, for a minute |
//! | `barrier` | number | counts durability barriers |
//!
//! `{bw}` stands before the keys of the whole store:
//!
//! | key of the store | is | holds |
//! |---|---|---|
//! | `settings` | hash | what was decided once: `shards`, `deployment`, `kept-since`, … |
//! | `replicas` | sorted set | who lives, by when it was last heard of |
//! | `budget:BUCKET` | hash | tokens, pace and the last call |
//! | `sweeps` | hash | queue: up to when it is swept |
//! | `orphans` | hash | backend and id: when noted, when taken, name, queue; 1,000 at most |
//! | `barrier` | number | counts durability barriers |
//!
//! ## Scripts
//! All races are decided in a few scripts (`lua/`), which Redis runs one after the other. Each
//! checks everything before it writes, and can be sent again, as the client does when a
//! connection breaks: every call has a number of its own, which stays with what it changed, and a
//! repetition answers as the first did. A record is opaque to them: what they need of it stands
//! before it (`envelope`) or comes as an argument.
//!
//! * **Admission** is one call for all that wait in a shard (`admission`), with the check of the
//!   API key, the idempotency key and the limits in it. It is the only one that stops where
//!   memory is full.
//! * **Lists** read an index of the tenant by status and type; their cost is that of the page.
//! * **Taking** (`due`, `turns`) begins with what this process knows of all shards (`outlook`):
//!   one cheap read a shard and second for all loops together.
//!
//! ## Limits
//! A user's active jobs are counted in its shard, exactly. The jobs that wait, of all users, are
//! counted by shard; each process adds up what it last heard of the others. What it changed
//! itself counts at once, what others changed within about a second: so long the limit can be
//! passed by what other processes admit.
//!
//! ## Durability
//! [`Durability`] says what "recorded" means; [`RedisJobStore::durability_summary`] puts it in
//! words. A server that throws data away when it is full (`maxmemory-policy`) is refused, and so
//! is one that can't keep what is asked. Above 85 % of `maxmemory` nothing is admitted, so that
//! the jobs that are there can go on.
//!
//! ## Time
//! Leases, due times and the ends of idempotency keys go by the server's clock, read inside the
//! scripts ([`StoreTime::Server`]); tests hand in a clock of their own.

mod admission;
mod backlog;
mod barrier;
mod budget;
mod check;
mod config;
mod connect;
mod connect_error;
mod connection;
mod core;
mod deliveries;
mod due;
mod due_set;
mod envelope;
mod events;
mod examination;
mod inspection;
mod jobs;
mod key_register;
mod keyspace;
mod link;
mod listing;
mod mirror_backlog;
mod outlook;
mod packing;
mod ports;
mod replicas;
mod reply;
mod runs;
mod script;
mod servers;
mod settings;
mod store_error;
mod sweep_ledger;
#[cfg(test)]
mod tests;
mod tls;
mod turns;
mod webhook_secrets;

pub use config::{DEFAULT_PORT, Durability, InvalidDurability, RedisConfig};
pub use connect::RedisJobStore;
pub use connect_error::ConnectError;
pub use core::StoreTime;
pub use examination::{Aspect, AspectKind, Examination, Fitness, ServerExamination};
