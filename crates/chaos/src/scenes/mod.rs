//! What is done to the system, one file each.

pub(crate) mod idempotency;
