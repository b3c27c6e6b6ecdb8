//! `cargo xtask test`: everything that is checked before a change is taken.

mod count;
mod plan;
mod prerequisites;
mod servers;
mod simulation;
mod steps;

use std::io::IsTerminal;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::stopwatch::{Elapsed, Stopwatch};
use count::TestCount;
use plan::Plan;
use steps::{Step, Verdict};

/// What the steps share.
struct Bench {
    metadata: Metadata,
    count: TestCount,
    /// Tests that passed at a second try only.
    flaky: Vec<String>,
    /// Whether there are servers to end.
    has_servers: bool,
}

struct Line {
    step: &'static str,
    result: Ended,
    took: Elapsed,
}

enum Ended {
    Passed,
    NotChecked(String),
    Failed(Failure),
}

pub(crate) fn run(options: &[&str]) -> Outcome {
    let steps = match Plan::read(options)? {
        Plan::List => {
            for step in steps::STEPS {
                println!("{:<14} {}", step.name, step.does);
            }
            return Ok(());
        }
        Plan::Run(steps) => steps,
    };

    let mut bench = Bench {
        metadata: Metadata::load_workspace()?,
        count: TestCount::default(),
        flaky: Vec::new(),
        has_servers: false,
    };
    let mut lines = Vec::new();
    for step in &steps {
        let line = carry_out(step, &mut bench);
        let has_failed = matches!(line.result, Ended::Failed(_));
        lines.push(line);
        if has_failed {
            break;
        }
    }
    let not_started = steps.len() - lines.len();
    if bench.has_servers {
        lines.push(carry_out(&steps::END_OF_SERVERS, &mut bench));
    }
    summarize(&lines, not_started, &bench);
    lines
        .into_iter()
        .find_map(Line::failure)
        .map_or(Ok(()), Err)
}

fn carry_out(step: &Step, bench: &mut Bench) -> Line {
    headline(step);
    let stopwatch = Stopwatch::start();
    let result = match (step.run)(bench) {
        Ok(Verdict::Passed) => Ended::Passed,
        Ok(Verdict::NotChecked(reason)) => Ended::NotChecked(reason),
        Err(failure) => Ended::Failed(failure),
    };
    Line {
        step: step.name,
        result,
        took: stopwatch.elapsed(),
    }
}

impl Line {
    fn failure(self) -> Option<Failure> {
        let Ended::Failed(failure) = self.result else {
            return None;
        };
        let step = self.step;
        let advice = match Plan::knows(step) {
            true => format!("\nto run only this step: cargo xtask test --only {step}"),
            false => String::new(),
        };
        Some(Failure::because(format!(
            "{step} failed: {failure}{advice}"
        )))
    }
}

fn headline(step: &Step) {
    let title = format!("== {}: {}", step.name, step.does);
    if std::io::stdout().is_terminal() {
        println!("\n\x1b[1m{title}\x1b[0m");
    } else {
        println!("\n{title}");
    }
}

fn summarize(lines: &[Line], not_started: usize, bench: &Bench) {
    println!("\n{:<14} {:<12} {:>12}", "step", "result", "time");
    for line in lines {
        let (result, reason) = match &line.result {
            Ended::Passed => ("passed", ""),
            Ended::NotChecked(reason) => ("NOT CHECKED", reason.as_str()),
            Ended::Failed(_) => ("FAILED", ""),
        };
        println!("{:<14} {result:<12} {:>12}  {reason}", line.step, line.took);
    }
    if not_started > 0 {
        println!("{not_started} more were not started");
    }
    if !bench.flaky.is_empty() {
        println!("\npassed at the second try only, each a defect to look into:");
    }
    for test in &bench.flaky {
        println!("  {test}");
    }
    if let Some(count) = bench.count.in_words() {
        println!("\n{count}");
    }
}
