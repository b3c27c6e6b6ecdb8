//! Each fake keeps the whole contract of its port: as it is, behind a decorator that injects
//! nothing, and behind one that fails every other call, for a caller that tries again.

mod artifact_store;
mod bad_days;
mod compute_backend;
mod event_feed;
mod job_store;
mod retrying;
mod retrying_mirror;
mod retrying_webhooks;
