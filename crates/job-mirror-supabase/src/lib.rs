//! # Jobs in a table of Supabase
//!
//! The port [`JobMirror`](batchway_domain::ports::JobMirror), through PostgREST, which is the REST
//! API of a Supabase project: one `POST /rest/v1/{table}?on_conflict=job_id` a batch, which puts
//! each row in the place of the one with its `job_id`.
//!
//! * **Order** is kept by the table itself: a trigger of `infra/supabase/migrations` ignores a row
//!   that is not newer than the one there. So a request that is sent again, or comes late, or from
//!   another replica, harms nobody.
//! * **Answers** become errors of three kinds (`answer.rs`): away, to be mended by the operator,
//!   and one row that is not taken.
//! * **Bounds**: 15 s for a request, 64 KiB of an answer, no redirects, no proxy.
//! * **The key** is in no error, log or `Debug` output.
//!
//! `docs/adr/0031-the-mirror-in-supabase.md` has the reasons.
#![warn(missing_docs)]

mod answer;
mod body;
mod client;
mod config;
mod mirror;

pub use config::{InvalidConfig, SupabaseConfig};
pub use mirror::SupabaseMirror;
