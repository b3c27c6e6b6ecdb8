//! The backend on servers that answer as AWS does, as AWS may on a bad day, and as others imagine
//! that it does.
#![allow(clippy::unwrap_used, reason = "what fails here fails a test")]

mod bad_days;
mod contract;
mod fixture;
mod gateway;
mod logs;
mod lost_replies;
mod obstacles;
mod queries;
mod scripted_aws;
mod sending;
mod targets;
