//! The fake as its clients see it: over HTTP, through the SDKs of AWS and its command line.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod clients;
mod containers;
mod control;
mod events;
mod faults;
mod fixture;
mod processes;
mod program;
mod sdk;
