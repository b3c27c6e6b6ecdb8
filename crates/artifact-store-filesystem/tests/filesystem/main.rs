//! The promises of the port, and what a folder adds to them: ways out of it, files that broken writers
//! leave, disks that are full.
#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod contract;
mod crashes;
mod escapes;
mod names;
mod room;
mod support;
mod whole;
