//! # Jobs on AWS Batch
#![warn(missing_docs)]

mod backend;
mod call;
mod catalog;
mod classification;
mod clients;
mod description;
mod failure;
mod fargate;
mod log;
mod lookup;
mod overrides;
mod submission;
mod tags;
mod target;
mod waiting;

pub use backend::{AwsBatchBackend, AwsBatchConfig};
pub use clients::Timeouts;
