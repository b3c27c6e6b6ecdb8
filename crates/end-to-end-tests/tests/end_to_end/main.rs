//! Runs the `batchway` program as a user would, over HTTP and the command line, on real parts:
//! its own SQLite file, real processes, a real folder of artifacts; and, under `production`, AWS
//! Batch with real containers, S3 and Redis.
//!
//! Each test has a gateway, a folder and a port of its own. The programs are taken from
//! `BATCHWAY_TEST_BIN_DIR`, or from beside this test; `cargo xtask test` builds them first.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "these tests look at other processes from outside, in real time"
)]

mod api;
mod cancel;
mod chemistry;
mod command_line;
mod crash;
mod demo;
mod disk_full;
mod doctor;
mod failures;
mod gateway;
mod idempotency;
mod job_types;
mod keys;
mod limits;
mod logs_endpoint;
mod other_tenants;
mod production;
mod refusals;
mod sdks;
mod shutdown;
mod webhooks;
