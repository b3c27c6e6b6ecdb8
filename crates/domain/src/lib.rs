//! # The domain of Batchway
//!
//! What a job is and how it moves, without a clock, randomness or a runtime.
//!
//! * [`job`]: the record of a job and, in [`job::machine`], the one state machine that changes it.
//! * [`diagnosis`]: why a job waits or why it failed, for a person, and what mends it.
//! * [`ports`]: what the use cases need of the world, as traits, each with its guarantees.
//! * [`identity`]: ids and names, checked once and then safe as paths and Batch names.
//! * [`artifacts`]: where results lie; the gate and the manifest of a try.
//! * [`security`]: API keys, job tokens, signed links, and which webhook targets are taken.
//! * [`job_type`]: kinds of job, as configured.
//! * [`webhooks`]: deliveries of events to whoever wants to be told.
//! * [`runner`]: what the gateway and the program inside the container say to each other.
//!
//! Time is a parameter ([`Timestamp`]), and so are ids: functions here give the same answer to
//! the same arguments, always.
#![warn(missing_docs)]

pub mod artifacts;
pub mod diagnosis;
pub mod identity;
pub mod job;
pub mod job_type;
pub mod ports;
pub mod runner;
pub mod security;
mod timestamp;
pub mod webhooks;

pub use timestamp::{InvalidTimestamp, Timestamp};
