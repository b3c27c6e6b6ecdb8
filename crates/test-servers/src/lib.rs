//! # Servers that the tests of Batchway run against
//!
//! | server | whose | start |
//! |---|---|---|
//! | [`RedisServer`] | one test's | 30 ms; in a container 600 ms |
//! | [`RedisCluster`] | one test's | 3 s, mostly of waiting |
//! | [`Moto`] (AWS) | all tests', or one test's | 1 to 2 s |
//! | [`LocalBatch`] (AWS Batch) | all tests' | 1 s |
//! | [`Postgres`] | one test's | 1.5 s |
//! | [`Supabase`] (a stand-in for PostgREST over it) | one test's | 2 s |
//! | [`DockerEngine`] | all tests' | 0.5 s; its base image 35 s, once |
//!
//! There is nothing to set up and nothing to tear down: a test asks for a server
//! and has it. One test's server dies with the value, or with the test's process
//! however that ends. What all tests share is started by the first and ends by
//! itself when it is idle; a process that has asked for it uses it until it ends.
//!
//! Everything blocks, from milliseconds to the times above, and may be called from
//! async code that has the test for itself. A server that can't be had panics with
//! a sentence that says what to install: no test is skipped for it.
//!
//! ## Which Redis
//!
//! `redis-server` from the `PATH`; where there is none, a container of `redis:7`
//! through `testcontainers`, where an engine answers. Hundreds of tests start one
//! each, and a process takes a twentieth of the time. [`RedisServer::in_container`]
//! always goes through `testcontainers`.
//!
//! ## By hand
//!
//! `cargo run -p batchway-test-servers -- redis` (or `moto`, `start`, `stop`).
//!
//! `docs/adr/0011-test-servers.md` has the reasons.

mod batch_environment;
mod build_folder;
mod deadline;
mod docker;
mod leash;
mod local_batch;
mod moto;
mod port;
mod postgres;
mod program;
mod redis;
mod shared;
mod socket;
mod supabase;

pub use batch_environment::BatchEnvironment;
pub use docker::DockerEngine;
pub use local_batch::LocalBatch;
pub use moto::Moto;
pub use port::Port;
pub use postgres::Postgres;
pub use redis::{RedisCluster, RedisReply, RedisServer};
pub use supabase::Supabase;

/// A program of the Python environment that the tests have, such as `aws` or `python3`.
///
/// # Panics
///
/// With what to run, where it is missing.
#[must_use]
pub fn python_program(name: &str) -> std::path::PathBuf {
    program::of_python(name)
}

/// Ends what this build folder's tests share, without waiting until it is idle.
///
/// # Panics
///
/// Where a server does not end.
pub fn end_shared_servers() {
    LocalBatch::shared_server().end();
    Moto::shared_server().end();
    docker::end_own_engine();
}
