//! # Servers that the tests of Batchway run against: Redis, moto, a container engine
mod build_folder;
mod deadline;
mod docker;
mod leash;
mod local_batch;
mod moto;
mod port;
mod program;
mod redis;
mod shared;
mod socket;

pub use docker::DockerEngine;
pub use local_batch::LocalBatch;
pub use moto::Moto;
pub use redis::{RedisCluster, RedisReply, RedisServer};

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
