//! What can be typed.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

use clap::{Parser, Subcommand};

/// Runs long jobs, follows them, stops them, and hands out their results, exactly once.
#[derive(Debug, Parser)]
#[command(name = "batchway", version)]
pub(crate) struct CommandLine {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the HTTP API and run jobs. Configured by environment variables and `.env`;
    /// `.env.example` explains each.
    Serve {
        /// Serve the API only; a `batchway worker` elsewhere runs the jobs.
        #[arg(long)]
        no_worker: bool,
        /// Address to listen on, instead of BATCHWAY_LISTEN. Port 0 takes any free one.
        #[arg(long)]
        listen: Option<SocketAddr>,
    },
    /// Run jobs without serving the API.
    Worker,
    /// Make, list and revoke API keys. Works while the gateway runs.
    #[command(subcommand)]
    Keys(KeysCommand),
    /// Show and replace the secrets that webhooks are signed with. Works while the gateway runs.
    #[command(subcommand)]
    WebhookSecret(WebhookSecretCommand),
    /// Look through the queues of AWS Batch for jobs of this deployment that no record knows, and
    /// say what becomes of them. Works while the gateway runs.
    Sweep(SweepArguments),
    /// Look at what this configuration leads to, and say what is wrong and how to mend it. Changes
    /// nothing. Ends with 1 where something failed, and with 2 where the configuration can't be
    /// used.
    Doctor(DoctorArguments),
    /// Use the gateway that is configured, as a user does: submit a small simulation, cancel another,
    /// download and verify what comes of it; then clean up. Ends with 1 where a step failed, and with
    /// 2 where the configuration can't be used.
    Smoke(SmokeArguments),
    /// Print the OpenAPI document of this version.
    Openapi,
    /// Show it all: start a gateway with nothing configured, run a simulation, show its results.
    Demo(DemoArguments),
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key. Prints the key alone on standard output; it is never shown again.
    Create {
        /// Whose key: 1 to 64 letters, digits, _ and -, the first a letter or digit.
        #[arg(long)]
        user: String,
    },
    /// List keys: the first digits of their digests, users, and when they were made and revoked.
    List {
        /// Only this user's.
        #[arg(long)]
        user: Option<String>,
    },
    /// Revoke a key. Holds for every request from then on.
    Revoke {
        /// The first eight digits of its digest, as `keys list` shows them.
        digest: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum WebhookSecretCommand {
    /// Print a user's secret alone on standard output. Made at the first time.
    Show {
        /// Whose jobs' webhooks it signs.
        #[arg(long)]
        user: String,
    },
    /// Make a new secret and print it. The one before signs too for 24 hours.
    Rotate {
        /// Whose jobs' webhooks it signs.
        #[arg(long)]
        user: String,
    },
}

#[derive(Clone, Copy, Debug, clap::Args)]
pub(crate) struct SweepArguments {
    /// End the jobs without a record now, whatever becomes of them by itself.
    #[arg(long)]
    pub(crate) apply: bool,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct DoctorArguments {
    /// Look at one job instead, whoever's it is, and say why it waits or why it failed.
    #[arg(long, value_name = "JOB", conflicts_with = "policy")]
    pub(crate) job: Option<String>,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the least IAM policy that this configuration needs, and look at nothing.
    #[arg(long, conflicts_with = "json")]
    pub(crate) policy: bool,
}

#[derive(Clone, Debug, clap::Args)]
pub(crate) struct SmokeArguments {
    /// Address of the gateway, instead of BATCHWAY_PUBLIC_URL or BATCHWAY_LISTEN.
    #[arg(long)]
    pub(crate) url: Option<String>,
    /// How long all of it may take, such as 10m. On AWS Batch the first job starts a machine.
    #[arg(long, default_value = "30m", value_parser = humantime::parse_duration)]
    pub(crate) timeout: Duration,
    /// Print JSON, at the end.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, clap::Args)]
pub(crate) struct DemoArguments {
    /// End when the job has ended: with status 0 if it completed, 1 if not.
    #[arg(long)]
    pub(crate) exit: bool,
    /// Port to listen on, on 127.0.0.1.
    #[arg(long, default_value_t = 8000)]
    pub(crate) port: u16,
    /// Folder for the demo's jobs and results.
    #[arg(long, default_value = "batchway-demo")]
    pub(crate) folder: PathBuf,
    /// Number of particles.
    #[arg(long, default_value_t = 1000)]
    pub(crate) particles: u32,
    /// Number of time steps.
    #[arg(long, default_value_t = 50_000)]
    pub(crate) steps: u32,
}
