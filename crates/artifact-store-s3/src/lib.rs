//! # Artifacts in a bucket of Amazon S3, or of a server that is compatible with it
#![warn(missing_docs)]

mod bucket;
mod checking;
mod connection;
mod content;
mod creating;
mod failure;
mod links;
mod listing;
mod multipart;
mod parts;
mod presentation;
mod reading;
mod refusal;
mod server_clock;
mod settings;
mod signing;
mod store;
mod upload;
mod writing;

pub use links::UploadLink;
pub use settings::S3Settings;
pub use store::S3ArtifactStore;
