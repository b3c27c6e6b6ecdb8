//! Which steps a command line asks for.

use super::steps::{STEPS, Step};
use crate::failure::{Failure, Outcome};

pub(super) enum Plan {
    List,
    Run(Vec<&'static Step>),
}

impl Plan {
    /// Whether a step can be asked for.
    pub(super) fn knows(name: &str) -> bool {
        STEPS.iter().any(|step| step.name == name)
    }

    pub(super) fn read(options: &[&str]) -> Outcome<Self> {
        let mut wanted = Vec::new();
        let mut rest = options;
        loop {
            rest = match rest {
                [] => break,
                ["--list"] => return Ok(Self::List),
                ["--only", name, rest @ ..] => {
                    wanted.push(known(name)?);
                    rest
                }
                ["--only"] => return Err(Failure::usage("--only which step? See --list.")),
                [odd, ..] => {
                    return Err(Failure::usage(format!(
                        "`test` does not take `{odd}`, only `--only STEP` and `--list`"
                    )));
                }
            };
        }
        let is_in = |step: &Step| {
            wanted.is_empty()
                || wanted
                    .iter()
                    .any(|chosen| chosen.name == step.name || chosen.needs.contains(&step.name))
        };
        Ok(Self::Run(STEPS.iter().filter(|step| is_in(step)).collect()))
    }
}

fn known(name: &str) -> Outcome<&'static Step> {
    STEPS.iter().find(|step| step.name == name).ok_or_else(|| {
        let names: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        Failure::usage(format!("no step `{name}`; there are {}", names.join(", ")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn planned(options: &[&str]) -> Vec<&'static str> {
        match Plan::read(options).expect("well-formed") {
            Plan::List => vec!["(list)"],
            Plan::Run(steps) => steps.iter().map(|step| step.name).collect(),
        }
    }

    #[test]
    fn everything_is_run_unless_asked_otherwise() {
        assert_eq!(planned(&[]).len(), STEPS.len());
        assert_eq!(planned(&["--only", "clippy"]), ["clippy"]);
        assert_eq!(planned(&["--list"]), ["(list)"]);
    }

    #[test]
    fn a_step_brings_what_it_needs_and_the_order_stays() {
        assert_eq!(
            planned(&["--only", "tests"]),
            ["prerequisites", "build", "sdks", "servers", "tests"]
        );
        assert_eq!(
            planned(&["--only", "docs", "--only", "fmt"]),
            ["fmt", "docs"]
        );
    }

    #[test]
    fn an_unknown_step_is_answered_with_the_known_ones() {
        let Err(refusal) = Plan::read(&["--only", "lint"]) else {
            panic!("there is no such step")
        };
        assert!(refusal.to_string().contains("fmt, clippy"), "{refusal}");
    }

    #[test]
    fn what_a_step_needs_comes_before_it() {
        for (index, step) in STEPS.iter().enumerate() {
            for needed in step.needs {
                assert!(
                    STEPS[..index].iter().any(|earlier| earlier.name == *needed),
                    "{needed}"
                );
            }
        }
    }
}
