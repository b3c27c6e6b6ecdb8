//! `cargo xtask test`: everything that is checked before a change is taken.

mod count;
mod plan;
mod prerequisites;
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
    };
    let mut lines = Vec::new();
    for step in &steps {
        headline(step);
        let stopwatch = Stopwatch::start();
        let result = match (step.run)(&mut bench) {
            Ok(Verdict::Passed) => Ended::Passed,
            Ok(Verdict::NotChecked(reason)) => Ended::NotChecked(reason),
            Err(failure) => Ended::Failed(failure),
        };
        let has_failed = matches!(result, Ended::Failed(_));
        lines.push(Line {
            step: step.name,
            result,
            took: stopwatch.elapsed(),
        });
        if has_failed {
            break;
        }
    }
    summarize(&lines, steps.len(), &bench.count);
    match lines.pop() {
        Some(Line {
            step,
            result: Ended::Failed(failure),
            ..
        }) => Err(Failure::because(format!(
            "{step} failed: {failure}\nto run only this step: cargo xtask test --only {step}"
        ))),
        _ => Ok(()),
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

fn summarize(lines: &[Line], planned: usize, count: &TestCount) {
    println!("\n{:<14} {:<12} {:>12}", "step", "result", "time");
    for line in lines {
        let (result, reason) = match &line.result {
            Ended::Passed => ("passed", ""),
            Ended::NotChecked(reason) => ("NOT CHECKED", reason.as_str()),
            Ended::Failed(_) => ("FAILED", ""),
        };
        println!("{:<14} {result:<12} {:>12}  {reason}", line.step, line.took);
    }
    if lines.len() < planned {
        println!("{} more were not started", planned - lines.len());
    }
    if let Some(count) = count.in_words() {
        println!("\n{count}");
    }
}
