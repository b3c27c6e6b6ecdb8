//! Measures the gateway, in release, as its callers and AWS see it.
//!
//! * `api`: requests a second on Redis, beside a ceiling in the same run and on the same server.
//! * `aws`: how soon a job is sent to AWS Batch, and how many calls AWS gets, from a stand-in
//!   that answers at once.
//!
//! Figures are printed as tables of Markdown, for `docs/performance.md`.
#![expect(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a program that measures time prints it"
)]

mod api;
mod aws;
mod ceiling;
mod gateway;
mod load;
mod stand_in;
mod table;

use std::net::SocketAddr;
use std::time::Duration;

use clap::{Parser, Subcommand};

type Outcome<T = ()> = Result<T, Box<dyn std::error::Error + Send + Sync>>;

#[derive(Parser)]
#[command(name = "batchway-benchmarks", about)]
struct CommandLine {
    #[command(subcommand)]
    what: What,
}

#[derive(Subcommand)]
enum What {
    /// POST, GET and list on Redis, beside the ceiling and redis-benchmark.
    Api {
        /// How long each figure is measured, in seconds.
        #[arg(long, default_value_t = 5)]
        seconds: u64,
        /// How often the gateway and the ceiling take turns; the median is reported.
        #[arg(long, default_value_t = 3)]
        turns: usize,
        /// How many jobs the long list has.
        #[arg(long, default_value_t = 1_000_000)]
        jobs: u64,
    },
    /// From POST to SubmitJob, and calls to AWS a minute.
    Aws {
        /// How many jobs are sent and then run on.
        #[arg(long, default_value_t = 1_000)]
        jobs: u64,
        /// How long calls are counted once all run, in seconds.
        #[arg(long, default_value_t = 60)]
        seconds: u64,
    },
    /// Serves the ceiling. `api` starts it.
    #[command(hide = true)]
    Ceiling {
        #[arg(long)]
        listen: SocketAddr,
        #[arg(long)]
        redis: String,
    },
}

#[tokio::main]
async fn main() -> Outcome {
    match CommandLine::parse().what {
        What::Api {
            seconds,
            turns,
            jobs,
        } => api::measure(Duration::from_secs(seconds), turns, jobs).await,
        What::Aws { jobs, seconds } => aws::measure(jobs, Duration::from_secs(seconds)).await,
        What::Ceiling { listen, redis } => ceiling::serve(listen, &redis).await,
    }
}
