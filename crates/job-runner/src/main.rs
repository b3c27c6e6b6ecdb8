//! `batchway-runner`: chooses the mode and puts a run together.

mod artifact_store;

use std::ffi::OsString;
use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::ports::Clock;
use batchway_domain::runner::exit_codes;
use batchway_domain::runner::run_folder::RunExit;
use batchway_job_runner::Runner;
use batchway_job_runner::configuration::Configuration;
use batchway_job_runner::detach::{FolderArgument, detach, say_ready, take_lock};
use batchway_job_runner::exec_limited::ExecLimited;
use batchway_job_runner::run_folder::RunFolder;
use batchway_job_runner::stopping::{StopCause, StopSignals, stop_channel};
use clap::{Parser, Subcommand};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// Runs one job's program and stores what it leaves.
#[derive(Debug, Parser)]
#[command(name = "batchway-runner", version)]
struct Arguments {
    #[command(subcommand)]
    mode: Mode,
}

#[derive(Debug, Subcommand)]
enum Mode {
    /// Runs a program in this container, as its environment says
    Run {
        /// The program and its arguments
        #[arg(last = true, required = true)]
        command: Vec<OsString>,
    },
    /// Starts a runner for a folder of the process backend that outlives its parents
    #[command(hide = true)]
    Detach(FolderArgument),
    /// Is that runner
    #[command(hide = true)]
    Supervise(FolderArgument),
    /// Limits itself, then becomes the program
    #[command(hide = true)]
    ExecLimited(ExecLimited),
}

fn main() -> ExitCode {
    let mode = Arguments::parse().mode;
    if !matches!(mode, Mode::ExecLimited(_)) {
        // The environment of this process holds what the program must not have.
        keep_memory_private();
    }
    match mode {
        Mode::Run { command } => run_here(command),
        Mode::Supervise(folder) => supervise(RunFolder::new(folder.folder)),
        Mode::Detach(folder) => match detach(&folder.folder) {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => {
                say(&format!("The run could not be detached: {error}."));
                ExitCode::FAILURE
            }
        },
        Mode::ExecLimited(helper) => {
            helper.run();
            exit_code(exit_codes::NOT_STARTED)
        }
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "this is the one place that reads the environment"
)]
fn run_here(command: Vec<OsString>) -> ExitCode {
    let variables = std::env::vars_os().collect();
    match Configuration::read(command, variables) {
        Ok(configuration) => in_runtime(run(configuration, None)),
        Err(error) => {
            say(&format!("The program was not started: {error}."));
            exit_code(exit_codes::NOT_STARTED)
        }
    }
}

fn supervise(folder: RunFolder) -> ExitCode {
    let lock = take_lock();
    let ended = in_runtime(async {
        match folder.configuration() {
            Ok(configuration) => run(configuration, Some(folder)).await,
            Err(error) => not_started(error.to_string()),
        }
    });
    // Alive means that the lock is held, and this is the end.
    drop(lock);
    ended
}

/// No other process can read this one's environment and memory, but for those that may trace
/// any. What this process becomes by `exec` is open again.
fn keep_memory_private() {
    // Where the kernel refuses, the run goes on as safe as its user accounts.
    let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
}

/// The main thread drives the run, as the program ends with the thread that started it.
fn in_runtime(run: impl Future<Output = RunExit>) -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => {
            let exit = runtime.block_on(run);
            // A report that is on its way, or output that nobody reads, is not waited for.
            runtime.shutdown_background();
            if let Some(message) = &exit.message {
                say(message);
            }
            exit_code(exit.exit_code)
        }
        Err(error) => {
            say(&format!("The runner could not be started: {error}."));
            exit_code(exit_codes::NOT_STARTED)
        }
    }
}

async fn run(configuration: Configuration, records: Option<RunFolder>) -> RunExit {
    let (switch, mut stop) = stop_channel();
    match StopSignals::take_over() {
        Ok(signals) => drop(tokio::spawn(signals.pass_to(switch.clone()))),
        Err(error) => return not_started(format!("Signals can't be received: {error}.")),
    }
    if let Some(folder) = &records {
        // Signals are taken over by now: whoever reads this record may send one.
        if let Err(error) = folder.record_runner() {
            return not_started(format!("The run could not be recorded: {error}."));
        }
        say_ready();
        // Whoever asked before the record was there could not send a signal.
        if folder.is_to_stop() {
            switch.stop(StopCause::Requested);
        }
    }
    let store = artifact_store::open(&configuration.artifacts, Arc::new(SystemClock)).await;
    let exit = match store {
        Ok(store) => {
            let runner = Runner {
                configuration,
                store,
                clock: Arc::new(SystemClock),
                records,
            };
            let exit = runner.run(&switch, &mut stop).await;
            return record(exit, runner.records.as_ref());
        }
        Err(message) if configuration.gated => RunExit {
            exit_code: exit_codes::GATE_UNREACHABLE,
            ..not_started(message)
        },
        Err(message) => not_started(message),
    };
    record(exit, records.as_ref())
}

fn record(exit: RunExit, records: Option<&RunFolder>) -> RunExit {
    if let Some(Err(error)) = records.map(|folder| folder.record_exit(&exit)) {
        say(&format!(
            "How the run ended could not be recorded: {error}."
        ));
    }
    exit
}

fn not_started(message: String) -> RunExit {
    RunExit {
        end: ProgramEnd::NotStarted,
        exit_code: exit_codes::NOT_STARTED,
        message: Some(message),
        last_words: None,
        limits: None,
        started_at: None,
        stopped_at: SystemClock.now(),
    }
}

fn say(sentence: &str) {
    // One line each, whatever a cause has to say. There is no other place to say it.
    let sentence: Vec<&str> = sentence.split_whitespace().collect();
    let sentence = sentence.join(" ");
    let _ = writeln!(io::stderr(), "[batchway-runner] {sentence}");
}

fn exit_code(code: i32) -> ExitCode {
    u8::try_from(code).map_or(ExitCode::FAILURE, ExitCode::from)
}

#[derive(Debug)]
struct SystemClock;

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        #[expect(
            clippy::disallowed_methods,
            reason = "the one place where this program asks the operating system for the time"
        )]
        let now = std::time::SystemTime::now();
        let since_epoch = now
            .duration_since(std::time::UNIX_EPOCH)
            .unwrap_or_default();
        Timestamp::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
    }
}
