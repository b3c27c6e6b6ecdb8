//! Who and what: job ids, shards, and the names that become paths and Batch names as they are.

mod base32;
mod job_id;
mod names;
#[cfg(test)]
mod properties;
mod shard;
mod try_name;

pub use job_id::{InvalidJobId, JobId};
pub use names::{
    BackendName, DeploymentId, Environment, IdempotencyKey, InvalidName, JobTypeName, UserName,
};
pub use shard::{InvalidShard, Shard};
pub use try_name::TryName;

pub(crate) use base32::CROCKFORD;
