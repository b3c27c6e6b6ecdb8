//! The feed against moto, which plays SQS and EventBridge, and against servers that answer what
//! moto never would.
#![expect(clippy::unwrap_used, reason = "a test that can't go on fails")]

mod aws;
mod bad_days;
mod canned;
mod contract;
mod messages;
mod queue_check;
