//! The process backend with real runners and real programs.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod contract;
mod ends;
mod fixture;
mod killed_gateway;
mod killed_runner;
mod logs;
mod secrets;
mod starts;
