//! The program as an operator starts it, on real servers: what it picks, what it refuses, and
//! what it does when what it stands on is not there.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    reason = "these tests look at another process from outside, in real time"
)]

mod aws;
mod drain;
mod explanations;
mod mirror;
mod program;
mod redis;
mod refusals;
mod replicas;
mod rolling_upgrade;
mod secrecy;
mod smoke;
