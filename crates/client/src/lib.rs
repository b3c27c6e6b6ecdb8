//! # Rust SDK of Batchway
//!
//! Batchway is an HTTP gateway that runs long jobs. A [`Client`] speaks to one gateway with one
//! API key; each operation of its API is a method that makes a request, and `send` sends it.
//!
//! ```no_run
//! use batchway_client::{Client, types::SubmitJobRequest};
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! let client = Client::new("http://127.0.0.1:8000", "bw_…")?;
//!
//! let request: SubmitJobRequest = serde_json::from_str(
//!     r#"{
//!         "job_type": "run_simulation",
//!         "params": {"simulation_config": {
//!             "mode": "open_chemistry",
//!             "config": {"num_particles": 1000, "temperature": 300, "steps": 50000}
//!         }}
//!     }"#,
//! )?;
//! // Sent twice under one key, it still starts one job.
//! let submitted = client.submit_job().idempotency_key("run-42").body(request).send().await?;
//! let job = client.wait_until_ended(&submitted.job_id).await?;
//! println!("{}: {}", job.job_id, job.status);
//! # Ok(())
//! # }
//! ```
//!
//! What goes wrong is an [`Error`]; [`CarriesProblem::problem`] is what the gateway says about it.
//! Results are fetched by [`Client::download`].
//!
//! Besides operations and [`types`], which are generated from the gateway's OpenAPI document, there
//! is what makes them pleasant: a client with its key, waiting, downloads, problems as errors.
//! TLS is rustls with the cryptography of ring, and trusts whom the system trusts.
#![warn(missing_docs)]

mod connection;
mod downloads;
#[allow(
    missing_docs,
    unreachable_pub,
    clippy::all,
    reason = "the generator's, which describes types and operations, but not their builders"
)]
mod generated;
mod problems;
mod waiting;

pub use connection::{Authorization, ConnectionError};
pub use downloads::DownloadError;
pub use generated::{Client, ResponseValue, builder, types};
pub use problems::{CarriesProblem, Error};
