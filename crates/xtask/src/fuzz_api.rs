//! `cargo xtask fuzz-api`: the contract tests. schemathesis makes requests out of the API
//! document, valid and invalid, single and in chains, sends them to a running gateway, and holds
//! every answer against the document.
//!
//! What it is told stands in `crates/xtask/fuzz-api`.

mod http;
mod installation;
mod receiver;
mod round;
mod seeds;
mod tally;

use std::path::Path;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::stopwatch::Stopwatch;
use crate::{process, python};
use round::{Phases, Round};
use tally::Tally;

/// What an evening's run tries, over both stores.
const THOROUGH: u64 = 100_000;

/// What every test run tries, over both stores.
const IN_EVERY_TEST_RUN: u64 = 4_000;

/// About what one more example makes: a case for each operation and a chain of some.
const CASES_PER_EXAMPLE: u64 = 15;

/// One case in so many is at least to be a step of a chain: Hypothesis ends chains early where
/// what the gateway answers depends on when it was asked.
const ONE_STEP_IN: u64 = 8;

/// More examples than this in one run make schemathesis slow and the gateway's folder large.
const MOST_EXAMPLES: u64 = 400;

/// How much is tried, where, and with which cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Budget {
    /// At least so many cases, shared by the stores.
    cases: u64,
    stores: Vec<Store>,
    /// The same seed makes the same cases, as far as what the gateway answers is the same.
    seed: u64,
}

/// Where the gateway under test keeps its jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Store {
    Sqlite,
    Redis,
}

impl Store {
    const ALL: [Self; 2] = [Self::Sqlite, Self::Redis];

    const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Redis => "redis",
        }
    }
}

impl Budget {
    /// Small, and the same every time.
    pub(crate) fn of_every_test_run() -> Self {
        Self {
            cases: IN_EVERY_TEST_RUN,
            ..Self::default()
        }
    }

    fn read(options: &[&str]) -> Outcome<Self> {
        let mut budget = Self::default();
        let number = |option: &str, text: &str| {
            text.parse()
                .map_err(|_| Failure::usage(format!("{option} {text}: not a whole number")))
        };
        let mut rest = options;
        loop {
            rest = match rest {
                [] => return Ok(budget),
                ["--cases", text, rest @ ..] => {
                    budget.cases = number("--cases", text)?;
                    rest
                }
                ["--seed", text, rest @ ..] => {
                    budget.seed = number("--seed", text)?;
                    rest
                }
                ["--store", "both", rest @ ..] => {
                    budget.stores = Store::ALL.to_vec();
                    rest
                }
                ["--store", name, rest @ ..] => {
                    let store = Store::ALL.into_iter().find(|store| store.name() == *name);
                    budget.stores = vec![store.ok_or_else(|| {
                        Failure::usage(format!("--store {name}: sqlite, redis or both"))
                    })?];
                    rest
                }
                [odd, ..] => {
                    return Err(Failure::usage(format!(
                        "`fuzz-api` takes --cases N, --store sqlite|redis|both and --seed N, \
                         each with its value, and not `{odd}`"
                    )));
                }
            };
        }
    }
}

impl Default for Budget {
    fn default() -> Self {
        Self {
            cases: THOROUGH,
            stores: Store::ALL.to_vec(),
            seed: 1,
        }
    }
}

/// Builds what it needs and runs with the options of a command line.
pub(crate) fn build_and_run(options: &[&str]) -> Outcome {
    let budget = Budget::read(options)?;
    let metadata = Metadata::load_workspace()?;
    process::run(&mut process::cargo(&[
        "build",
        "--workspace",
        "--bins",
        "--locked",
    ]))?;
    python::set_up(&metadata.target)?;
    run(&metadata, &budget)
}

/// Runs with programs and a Python environment that are there.
pub(crate) fn run(metadata: &Metadata, budget: &Budget) -> Outcome {
    let stores = u64::try_from(budget.stores.len()).expect("there are two");
    let share = budget.cases.div_ceil(stores.max(1));
    let webhooks = receiver::start()?;
    for store in &budget.stores {
        let stopwatch = Stopwatch::start();
        let round = Round {
            seed: budget.seed,
            examples: 0,
            phases: Phases::All,
            webhooks,
        };
        let tally = try_out(&metadata.target, *store, round, share)?;
        let (name, cases, took) = (store.name(), tally.cases(), stopwatch.elapsed());
        println!("\n{tally}\n\n{cases} cases on {name} in {took}\n");
        tally.demand_successes()?;
    }
    Ok(())
}

/// Rounds until there are enough cases, each with the seed after that of the one before.
fn try_out(target: &Path, store: Store, mut round: Round, share: u64) -> Outcome<Tally> {
    let mut tally = Tally::default();
    let steps = share / ONE_STEP_IN;
    while tally.cases() < share || tally.steps_of_chains() < steps {
        let left = share.saturating_sub(tally.cases()).max(steps);
        round.examples = left.div_ceil(CASES_PER_EXAMPLE).min(MOST_EXAMPLES);
        let found = round.run(target, store).map_err(|failure| {
            let (name, seed) = (store.name(), round.seed);
            Failure::because(format!(
                "on {name}: {failure}\n\
                 again: cargo xtask fuzz-api --store {name} --seed {seed} --cases {left}"
            ))
        })?;
        tally.merge(found);
        round.seed = round.seed.wrapping_add(1);
        round.phases = if tally.cases() < share {
            Phases::Random
        } else {
            Phases::Chains
        };
    }
    Ok(tally)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_says_how_much_is_tried_and_where() {
        let budget = Budget::read(&["--cases", "500", "--store", "redis", "--seed", "7"]);
        let expected = Budget {
            cases: 500,
            stores: vec![Store::Redis],
            seed: 7,
        };
        assert_eq!(budget.expect("well-formed"), expected);
        assert_eq!(Budget::read(&[]).expect("nothing said"), Budget::default());
    }

    #[test]
    fn what_can_not_be_meant_is_refused() {
        for options in [
            &["--cases", "many"][..],
            &["--cases"],
            &["--store", "postgres"],
            &["--fast"],
        ] {
            assert!(
                matches!(Budget::read(options), Err(Failure::Usage(_))),
                "{options:?}"
            );
        }
    }
}
