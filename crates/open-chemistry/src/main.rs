//! The program `open-chemistry`: the command line around the library.

mod surroundings;

use std::fmt::Display;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use batchway_open_chemistry::dataset::{self, DatasetError};
use batchway_open_chemistry::params::{DatasetParams, SimulationParams, parse_document};
use batchway_open_chemistry::results;
use batchway_open_chemistry::simulation::checkpoint::{CheckpointFolder, Restored};
use batchway_open_chemistry::simulation::{Ending, Host, Simulation};
use clap::{Parser, Subcommand};
use signal_hook::consts::{SIGINT, SIGTERM};
use surroundings::{Flags, Surroundings};

/// Exit code for params and inputs that can't be used: trying again won't help.
const REFUSED: u8 = 2;

/// Simulates particles that meet, bond and part, and makes datasets from the
/// results of such simulations.
#[derive(Debug, Parser)]
#[command(name = "open-chemistry", version, after_help = AFTER_HELP)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run a simulation and write results.h5, tables, a summary and plots.
    #[command(after_help = AFTER_HELP)]
    Simulate(Flags),
    /// Make a dataset from the results.h5 of one or more simulations.
    #[command(after_help = AFTER_HELP)]
    Dataset(Flags),
}

const AFTER_HELP: &str = "\
Where a flag is left out, the environment decides:
  --params       BATCHWAY_PARAMS_FILE, or the JSON text in JOB_PARAMS
  --output       BATCHWAY_OUTPUT_DIR (.)
  --input        BATCHWAY_INPUT_DIR (.); holds {job_id}/results.h5 of each run
  --checkpoints  BATCHWAY_CHECKPOINT_DIR (no checkpoints)
  --progress     BATCHWAY_PROGRESS (no progress)

Example:
  echo '{\"simulation_config\": {\"mode\": \"open_chemistry\", \"config\":
        {\"num_particles\": 1000, \"temperature\": 300, \"steps\": 50000}}}' > params.json
  open-chemistry simulate --params params.json --output out

Exit codes:
  0    done
  1    a file can't be read or written
  2    params or inputs were refused; the message names the field or the run
  143  stopped by SIGTERM; a checkpoint was written, where there is a folder for it";

fn main() -> ExitCode {
    let started = stopwatch();
    let CommandLine { command } = CommandLine::parse();
    let outcome = match command {
        Command::Simulate(flags) => simulate(&Surroundings::of(flags), started),
        Command::Dataset(flags) => make_dataset(&Surroundings::of(flags), started),
    };
    outcome.unwrap_or_else(|failure| {
        say(&failure.message);
        ExitCode::from(failure.exit_code)
    })
}

/// Why the program ends early.
struct Failure {
    message: String,
    exit_code: u8,
}

impl Failure {
    fn refused(problem: impl Display) -> Self {
        Self {
            message: problem.to_string(),
            exit_code: REFUSED,
        }
    }

    fn broken(problem: impl Display) -> Self {
        Self {
            message: problem.to_string(),
            exit_code: 1,
        }
    }
}

fn simulate(
    surroundings: &Surroundings,
    elapsed: impl Fn() -> Duration,
) -> Result<ExitCode, Failure> {
    let params = parse_document(&surroundings.params_text().map_err(Failure::refused)?)
        .and_then(|document| SimulationParams::from_json(&document))
        .map_err(Failure::refused)?;
    // Found out now rather than when the work is done.
    results::create_folder(&surroundings.output).map_err(Failure::broken)?;

    let (stop, signal) = stop_on_signals().map_err(Failure::broken)?;
    let checkpoints = surroundings.checkpoints.clone().map(CheckpointFolder::at);
    let mut simulation = resume_or_begin(checkpoints.as_ref(), params)?;
    let mut host = Host {
        elapsed,
        stop: &stop,
        progress: surroundings.progress_writer(),
        checkpoints,
    };
    let unwritten = |error| Failure::broken(format!("can't write a checkpoint: {error}"));
    match simulation.run(&mut host).map_err(unwritten)? {
        Ending::Completed => {
            results::write_all(&surroundings.output, &simulation).map_err(Failure::broken)?;
            Ok(ExitCode::SUCCESS)
        }
        Ending::Stopped => {
            say(&stopped(&simulation, host.checkpoints.as_ref()));
            let signal = signal.load(Ordering::Relaxed);
            Ok(ExitCode::from(
                128 + u8::try_from(signal).expect("signals are small numbers"),
            ))
        }
    }
}

fn resume_or_begin(
    checkpoints: Option<&CheckpointFolder>,
    params: SimulationParams,
) -> Result<Simulation, Failure> {
    let Some(folder) = checkpoints else {
        return Ok(Simulation::new(params));
    };
    let file = folder.file();
    let unreadable = |error| Failure::broken(format!("can't read {}: {error}", file.display()));
    match folder.restore(&params).map_err(unreadable)? {
        Restored::Nothing => Ok(Simulation::new(params)),
        Restored::Simulation(simulation) => {
            say(&format!(
                "going on from step {} of {}",
                simulation.step(),
                file.display()
            ));
            Ok(*simulation)
        }
        Restored::Unusable(why) => {
            say(&format!(
                "starting from the beginning: {} is of no use, {why}",
                file.display()
            ));
            Ok(Simulation::new(params))
        }
    }
}

fn stopped(simulation: &Simulation, checkpoints: Option<&CheckpointFolder>) -> String {
    let step = simulation.step();
    match checkpoints {
        Some(folder) => {
            format!(
                "stopped at step {step}; {} holds the state",
                folder.file().display()
            )
        }
        None => format!("stopped at step {step}; nothing is kept, as no checkpoint folder is set"),
    }
}

fn make_dataset(
    surroundings: &Surroundings,
    elapsed: impl Fn() -> Duration,
) -> Result<ExitCode, Failure> {
    let params = parse_document(&surroundings.params_text().map_err(Failure::refused)?)
        .and_then(|document| DatasetParams::from_json(&document))
        .map_err(Failure::refused)?;
    let mut progress = surroundings.progress_writer();
    dataset::generate(
        &params,
        &surroundings.input,
        &surroundings.output,
        |fraction, message| {
            progress.report(elapsed(), fraction, || message.to_owned());
        },
    )
    .map_err(|error| match error {
        DatasetError::Run { .. } => Failure::refused(error),
        DatasetError::Write(_) | DatasetError::Parquet { .. } => Failure::broken(error),
    })
    .map(|rows| {
        progress.finish(&format!("{rows} rows written"));
        ExitCode::SUCCESS
    })
}

/// Flags that SIGTERM and SIGINT set: that there was a signal, and which.
fn stop_on_signals() -> std::io::Result<(Arc<AtomicBool>, Arc<AtomicUsize>)> {
    let stop = Arc::new(AtomicBool::new(false));
    let number = Arc::new(AtomicUsize::new(0));
    for signal in [SIGTERM, SIGINT] {
        // The number first: whoever sees `stop` must find it.
        signal_hook::flag::register_usize(signal, Arc::clone(&number), signal as usize)?;
        signal_hook::flag::register(signal, Arc::clone(&stop))?;
    }
    Ok((stop, number))
}

/// Time since the program started.
#[expect(
    clippy::disallowed_methods,
    reason = "here the clock enters the program"
)]
fn stopwatch() -> impl Fn() -> Duration {
    let started = Instant::now();
    move || started.elapsed()
}

#[expect(
    clippy::print_stderr,
    reason = "standard error is where a program speaks to people"
)]
fn say(message: &str) {
    eprintln!("open-chemistry: {message}");
}
