//! The mirror over a real PostgreSQL, with the table and the rights of `infra/supabase`.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod misbehaviour;
mod project;
mod refusals;
mod rights;
mod upserts;
