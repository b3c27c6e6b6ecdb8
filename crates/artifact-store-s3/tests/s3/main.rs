//! The promises of the port, and what S3 adds to them: signatures, pages, parts, replies that are
//! lost, refusals in plenty.
//!
//! Two servers play S3: moto, which is widely used and checks no signature, and one in this
//! process that does, on the protocol library `s3s`.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod amazon;
mod checking_server;
mod contract;
mod creating;
mod links;
mod listing;
mod moto;
mod reading;
mod refusals;
mod stores;
mod uploads;
mod wire;
