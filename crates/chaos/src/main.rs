//! `batchway-chaos`: the long runs.

use std::process::ExitCode;

use batchway_chaos::{
    Gateways, Idempotency, Jobs, Outcome, Patience, Redis, Report, Store, Table, Webhooks,
};
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Kills gateways and Redis under load, on real parts, and compares the books.
#[derive(Debug, Parser)]
#[command(name = "batchway-chaos")]
struct CommandLine {
    #[command(subcommand)]
    scene: Scene,
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum Scene {
    /// One after the other, at full length.
    All {
        /// Repeats a plan.
        #[arg(long)]
        seed: Option<u64>,
    },
    /// Gateways die at random instants, while AWS Batch, Redis and S3 fail now and then.
    Gateways(Kills<200>),
    /// The same with jobs in containers, at moto.
    Containers(Kills<20>),
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
    /// Gateways die now and then while events go to receivers that fail.
    Webhooks(Events),
}

#[derive(Clone, Copy, Debug, Args)]
struct Events {
    /// How many, at least.
    #[arg(long, default_value_t = 10_000)]
    events: u32,
    /// How many gateways are killed.
    #[arg(long, default_value_t = 40)]
    kills: u32,
    /// Where they are kept.
    #[arg(long, value_enum, default_value = "redis")]
    store: Where,
    /// Repeats a plan.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum Where {
    /// Three gateways share it.
    Redis,
    /// One gateway has it.
    Sqlite,
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
    let mut reports = Vec::new();
    match scene {
        Scene::All { seed } => {
            let seed = seed_or_any(seed)?;
            reports.push(races(1000, false, seed).await?);
            reports.push(races(200, true, seed).await?);
            reports.push(gateways(Jobs::Processes, 200, seed).await?);
            reports.push(gateways(Jobs::Containers, 20, seed).await?);
            reports.push(redis(100, seed).await?);
            reports.push(webhooks(10_000, 40, Store::Redis, seed).await?);
            reports.push(webhooks(2000, 20, Store::Sqlite, seed).await?);
        }
        Scene::Gateways(Kills { kills, seed }) => {
            reports.push(gateways(Jobs::Processes, kills, seed_or_any(seed)?).await?);
        }
        Scene::Containers(Kills { kills, seed }) => {
            reports.push(gateways(Jobs::Containers, kills, seed_or_any(seed)?).await?);
        }
        Scene::Redis(Kills { kills, seed }) => {
            reports.push(redis(kills, seed_or_any(seed)?).await?);
        }
        Scene::Idempotency {
            rounds,
            with_kills,
            seed,
        } => reports.push(races(rounds, with_kills, seed_or_any(seed)?).await?),
        Scene::Webhooks(Events {
            events,
            kills,
            store,
            seed,
        }) => {
            let store = match store {
                Where::Redis => Store::Redis,
                Where::Sqlite => Store::Sqlite,
            };
            reports.push(webhooks(events, kills, store, seed_or_any(seed)?).await?);
        }
    }
    Ok(reports)
}

async fn gateways(jobs: Jobs, kills: u32, seed: u64) -> Outcome<Report> {
    announce(&format!(
        "gateways, jobs as {jobs:?}: {kills} kills, seed {seed}"
    ));
    let scene = Gateways {
        kills,
        seed,
        patience: Patience::All,
        flaw: None,
        jobs,
    };
    scene.run().await
}

async fn redis(kills: u32, seed: u64) -> Outcome<Report> {
    announce(&format!("redis: {kills} kills, seed {seed}"));
    let scene = Redis {
        kills,
        seed,
        patience: Patience::All,
        flaw: None,
    };
    scene.run().await
}

async fn webhooks(events: u32, kills: u32, store: Store, seed: u64) -> Outcome<Report> {
    announce(&format!(
        "webhooks on {store:?}: {events} events, {kills} kills, seed {seed}"
    ));
    let scene = Webhooks {
        events,
        kills,
        seed,
        patience: Patience::All,
        flaw: None,
        store,
    };
    scene.run().await
}

async fn races(rounds: u32, with_kills: bool, seed: u64) -> Outcome<Report> {
    announce(&format!("idempotency: {rounds} rounds, seed {seed}"));
    let scene = Idempotency {
        rounds,
        with_kills,
        seed,
    };
    scene.run().await
}

/// A run that hangs or is ended can be repeated too.
fn announce(what: &str) {
    print(&format!("{what}\n"));
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
