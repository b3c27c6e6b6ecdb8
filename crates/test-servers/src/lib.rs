//! # Servers that the tests of Batchway run against: Redis, moto, a container engine
mod build_folder;
mod deadline;
mod leash;
mod moto;
mod port;
mod program;
mod redis;
mod shared;
mod socket;

pub use moto::Moto;
pub use redis::{RedisReply, RedisServer};

/// Ends what this build folder's tests share, without waiting until it is idle.
///
/// # Panics
///
/// Where a server does not end.
pub fn end_shared_servers() {
    Moto::shared_server().end();
}
