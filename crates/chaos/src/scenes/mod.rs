//! What is done to the system, one file each.

pub(crate) mod gateways;
pub(crate) mod idempotency;
pub(crate) mod redis;
pub(crate) mod webhooks;
