//! `batchway-chaos`: the long runs.

use std::process::ExitCode;

use batchway_chaos::{Gateways, Idempotency, Outcome, Redis, Report, Table};
use clap::{Args, Parser, Subcommand};

/// Kills gateways and Redis under load, on real parts, and compares the books.
#[derive(Debug, Parser)]
#[command(name = "batchway-chaos")]
struct CommandLine {
    #[command(subcommand)]
    scene: Scene,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Scene {
    /// Gateways die at random instants, while AWS Batch, Redis and S3 fail now and then.
    Gateways(Kills<200>),
    /// Redis dies at random instants.
    Redis(Kills<100>),
    /// Fifty clients, one key, three replicas, all at once.
    Idempotency {
        /// Keys that are raced for.
        #[arg(long, default_value_t = 1000)]
        rounds: u32,
        /// Kill a replica now and then meanwhile.
        #[arg(long)]
        with_kills: bool,
        /// Repeats a plan.
        #[arg(long)]
        seed: Option<u64>,
    },
}

#[derive(Clone, Copy, Debug, Args)]
struct Kills<const MANY: u32> {
    /// How many.
    #[arg(long, default_value_t = MANY)]
    kills: u32,
    /// Repeats a plan.
    #[arg(long)]
    seed: Option<u64>,
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments = CommandLine::parse();
    match run(arguments.scene).await {
        Ok(reports) => {
            print(&Table(&reports).to_string());
            if reports.iter().all(Report::is_good) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            }
        }
        Err(error) => {
            print(&format!("could not be run: {error}\n"));
            ExitCode::from(2)
        }
    }
}

async fn run(scene: Scene) -> Outcome<Vec<Report>> {
    match scene {
        Scene::Gateways(Kills { kills, seed }) => {
            let seed = seed_or_any(seed)?;
            Ok(vec![Gateways { kills, seed }.run().await?])
        }
        Scene::Redis(Kills { kills, seed }) => {
            let seed = seed_or_any(seed)?;
            Ok(vec![Redis { kills, seed }.run().await?])
        }
        Scene::Idempotency {
            rounds,
            with_kills,
            seed,
        } => {
            let scene = Idempotency {
                rounds,
                with_kills,
                seed: seed_or_any(seed)?,
            };
            Ok(vec![scene.run().await?])
        }
    }
}

fn seed_or_any(seed: Option<u64>) -> Outcome<u64> {
    let any = getrandom::u64()?;
    // Short enough to be typed again.
    Ok(seed.unwrap_or(any % 1_000_000))
}

#[expect(clippy::print_stdout, reason = "it is what the program is for")]
fn print(text: &str) {
    print!("{text}");
}
