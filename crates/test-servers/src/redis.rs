//! Redis, alone and as a cluster.

mod server;
mod wire;

pub use server::RedisServer;
pub use wire::RedisReply;
