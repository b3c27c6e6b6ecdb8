//! AWS Batch of one account and region, in memory.
//!
//! [`Account`] is a state machine without clock, randomness or I/O: time is a parameter, ids come
//! from a seed, and whoever holds it runs the containers, or plays that they run. The same
//! requests at the same moments make the same answers. What AWS Batch does that people stumble
//! over, it does too: see the documentation of [`account`].
//!
//! [`wire`] has the requests and answers with AWS's names; [`faults`] what goes wrong between a
//! client and Batch, as data; [`server`] puts it all behind HTTP.

#![warn(missing_docs)]

pub mod account;
pub mod faults;
pub mod server;
pub mod wire;

pub use account::{
    Account, ApiError, BlockingReason, EventKind, Exit, Millis, Pace, Settings, Signal, Start,
    StateChange, Stop,
};
pub use faults::{Fault, FaultRule, Faults, Operation};
