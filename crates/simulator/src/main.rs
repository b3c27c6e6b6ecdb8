//! `batchway-simulator`: lives through histories, many of them, or one of them step by step.

use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use batchway_simulator::{Plant, Verdict, live};
use clap::Parser;

/// A history is little more than small things that come and go.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Lives through simulated histories of the gateway and looks for a broken promise.
#[derive(Debug, Parser)]
#[command(name = "batchway-simulator", version)]
struct CommandLine {
    /// How many histories, each from a seed of its own.
    #[arg(long, default_value_t = 10_000)]
    seeds: u64,
    /// The first seed.
    #[arg(long, default_value_t = 0)]
    from: u64,
    /// This history alone, step by step.
    #[arg(long, conflicts_with_all = ["seeds", "from", "plants"])]
    seed: Option<u64>,
    /// With this bug on purpose.
    #[arg(long)]
    plant: Option<Plant>,
    /// Every bug on purpose, one after the other, each until it is caught or the seeds are over.
    #[arg(long)]
    plants: bool,
    /// How many histories at once.
    #[arg(long)]
    threads: Option<NonZeroUsize>,
}

fn main() -> ExitCode {
    let asked = CommandLine::parse();
    let good = match (asked.seed, asked.plants) {
        (Some(seed), _) => tell(seed, asked.plant),
        (None, true) => catch_all(&asked),
        (None, false) => search(&asked),
    };
    if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

#[expect(
    clippy::print_stdout,
    reason = "this is what the command is asked to print"
)]
fn print(line: &str) {
    println!("{line}");
}

/// One history, step by step.
fn tell(seed: u64, plant: Option<Plant>) -> bool {
    let verdict = live(seed, plant, true);
    for line in &verdict.trace {
        print(line);
    }
    match &verdict.violation {
        None => print(&format!(
            "seed {seed}: every promise was kept; {} jobs, {} copies, {} faults, resolved {} s \
             after the last",
            verdict.jobs,
            verdict.copies,
            verdict.faults,
            verdict.resolved_after.as_secs()
        )),
        Some(violation) => print(&format!("seed {seed}: {violation}")),
    }
    verdict.violation.is_none()
}

/// What many histories came to.
#[derive(Debug, Default)]
struct Totals {
    histories: u64,
    jobs: usize,
    copies: usize,
    faults: u64,
    slowest: Duration,
    /// The lowest seed that broke a promise, and how.
    broken: Option<(u64, String)>,
}

impl Totals {
    fn add(&mut self, seed: u64, verdict: Verdict) {
        self.histories += 1;
        self.jobs += verdict.jobs;
        self.copies += verdict.copies;
        self.faults += verdict.faults;
        self.slowest = self.slowest.max(verdict.resolved_after);
        if let Some(violation) = verdict.violation
            && self
                .broken
                .as_ref()
                .is_none_or(|(lowest, _)| seed < *lowest)
        {
            self.broken = Some((seed, violation));
        }
    }
}

/// Lives through the histories of these seeds until one breaks a promise.
fn live_all(asked: &CommandLine, plant: Option<Plant>) -> Totals {
    let threads = asked
        .threads
        .or_else(|| thread::available_parallelism().ok());
    let next = AtomicU64::new(asked.from);
    let end = asked.from + asked.seeds;
    let totals = Mutex::new(Totals::default());
    thread::scope(|scope| {
        for _ in 0..threads.map_or(1, NonZeroUsize::get) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= end {
                        return;
                    }
                    let verdict = live(seed, plant, false);
                    let mut totals = totals.lock().expect("nobody panics while adding");
                    totals.add(seed, verdict);
                    if totals.broken.is_some() {
                        next.store(end, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    totals.into_inner().expect("nobody panics while adding")
}

#[expect(
    clippy::disallowed_methods,
    reason = "how long the search took is told to whoever waits for it"
)]
fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let began = Instant::now();
    let answer = work();
    (answer, began.elapsed())
}

fn search(asked: &CommandLine) -> bool {
    let (totals, took) = timed(|| live_all(asked, asked.plant));
    print(&format!(
        "{} histories from seed {}: {} jobs, {} copies at the backend, {} faults; resolved at the \
         latest {} s after the last fault; {:.1} s",
        totals.histories,
        asked.from,
        totals.jobs,
        totals.copies,
        totals.faults,
        totals.slowest.as_secs(),
        took.as_secs_f64()
    ));
    match &totals.broken {
        None => print("every promise was kept"),
        Some((seed, violation)) => {
            print(&format!("seed {seed}: {violation}"));
            print(&format!("replay: {}", replay(*seed, asked.plant)));
        }
    }
    totals.broken.is_none()
}

fn replay(seed: u64, plant: Option<Plant>) -> String {
    let plant = plant.map_or_else(String::new, |plant| format!(" --plant {plant}"));
    format!("just simulate --seed {seed}{plant}")
}

/// Each planted bug has to be caught.
fn catch_all(asked: &CommandLine) -> bool {
    let mut missed = 0;
    print("| planted bug | caught by | seeds needed | seconds |");
    print("|---|---|---|---|");
    for plant in Plant::ALL {
        let (totals, took) = timed(|| live_all(asked, Some(*plant)));
        let (needed, how) = match &totals.broken {
            Some((seed, violation)) => (
                (seed - asked.from + 1).to_string(),
                violation.chars().take(90).collect(),
            ),
            None => {
                missed += 1;
                ("not caught".to_owned(), String::new())
            }
        };
        let name = plant.name();
        print(&format!(
            "| `{name}` | {how} | {needed} | {:.1} |",
            took.as_secs_f64()
        ));
    }
    if missed > 0 {
        print(&format!("{missed} of {} were not caught", Plant::ALL.len()));
    }
    missed == 0
}
