//! One run of schemathesis against a new gateway.

use std::net::SocketAddr;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::installation::Installation;
use super::tally::Tally;
use super::{Store, seeds};
use crate::failure::{Failure, Outcome};
use crate::{process, python};

const CONFIGURATION: &str = include_str!("../../fuzz-api/schemathesis.toml");
const HOOKS: &str = include_str!("../../fuzz-api/hooks.py");
const REPORT: &str = "report.ndjson";

/// How much a run of schemathesis is to do.
pub(super) struct Round {
    pub(super) seed: u64,
    /// At most so many cases for each operation, and so many scenarios of several steps.
    pub(super) examples: u64,
    pub(super) phases: Phases,
    /// Who takes the webhooks of jobs.
    pub(super) webhooks: SocketAddr,
}

/// Which phases of schemathesis.
#[derive(Clone, Copy, Debug)]
pub(super) enum Phases {
    All,
    /// Without examples and boundaries, which the document makes the same in every round.
    Random,
    /// Only chains of requests.
    Chains,
}

impl Phases {
    const fn names(self) -> &'static str {
        match self {
            Self::All => "examples,coverage,fuzzing,stateful",
            Self::Random => "fuzzing,stateful",
            Self::Chains => "stateful",
        }
    }
}

impl Round {
    /// What was asked and answered; shown where the document was not kept to.
    pub(super) fn run(&self, target: &Path, store: Store) -> Outcome<Tally> {
        let mut installation = Installation::start(target, store)?;
        let known = seeds::sow(&installation, self.webhooks)?;
        for (name, content) in [
            ("schemathesis.toml", CONFIGURATION),
            ("hooks.py", HOOKS),
            ("users.json", &known.users.to_string()),
            ("known.json", &known.facts.to_string()),
        ] {
            let path = installation.folder.join(name);
            std::fs::write(&path, content).map_err(Failure::at(&path, "write"))?;
        }
        let outcome = process::run(&mut self.command(target, &installation, &known.job_token));
        let errors = installation.stop();
        let mut tally = Tally::of_document(&known.document);
        tally.read(&installation.folder.join(REPORT))?;
        if outcome.is_err() || !errors.is_empty() {
            println!("\n{tally}\n");
        }
        outcome?;
        if errors.is_empty() {
            return Ok(tally);
        }
        let errors = errors.join("\n");
        Err(Failure::because(format!(
            "the gateway logged errors meanwhile:\n{errors}"
        )))
    }

    fn command(&self, target: &Path, installation: &Installation, job_token: &str) -> Command {
        let mut command = Command::new(python::program(target, "schemathesis"));
        command
            .current_dir(&installation.folder)
            .env("BATCHWAY_JOB_TOKEN", job_token)
            .args(["--no-color", "run"])
            .arg(format!("http://{}/openapi.json", installation.address))
            .args(["--phases", self.phases.names()])
            .args(["--seed", &self.seed.to_string()])
            .args(["--max-examples", &self.examples.to_string()])
            .args(["--report", "ndjson", "--report-ndjson-path", REPORT]);
        command
    }
}

impl Tally {
    /// Adds up what a run of schemathesis reported.
    fn read(&mut self, report: &Path) -> Outcome {
        let text = std::fs::read_to_string(report).map_err(Failure::at(report, "read"))?;
        for line in text.lines() {
            let event: Value = serde_json::from_str(line).map_err(|error| {
                Failure::because(format!("{} is not NDJSON: {error}", report.display()))
            })?;
            self.add(&event["ScenarioFinished"]["recorder"]);
        }
        Ok(())
    }
}
