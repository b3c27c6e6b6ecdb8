//! Redis, alone and as a cluster.

mod certificate;
mod cluster;
mod container;
mod process;
mod server;
mod wire;

pub use cluster::RedisCluster;
pub use server::RedisServer;
pub use wire::RedisReply;
