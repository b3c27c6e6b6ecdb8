//! What was asked and answered, by operation and phase.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::failure::{Failure, Outcome};

/// The phases of schemathesis, in their order.
const PHASES: [&str; 4] = ["examples", "coverage", "fuzzing", CHAINS];

/// The phase in which requests follow from the answers before them.
const CHAINS: &str = "stateful";

/// Cases that are of no phase: a check asked once more, such as without a key.
const PROBES: &str = "probes";

/// Where the methods go that a path does not have.
const OTHER_METHODS: &str = "(methods that there are not)";

/// Cases and their answers.
#[derive(Debug, Default)]
pub(super) struct Tally {
    operations: BTreeMap<String, Counts>,
}

/// Of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Counts {
    by_phase: BTreeMap<String, u64>,
    /// Answers by the first digit of their status.
    by_class: BTreeMap<u64, u64>,
    invalid: u64,
    successes_in_chains: u64,
}

impl Tally {
    /// Nothing yet for each operation of a document.
    pub(super) fn of_document(document: &Value) -> Self {
        let paths = document["paths"].as_object().into_iter().flatten();
        let operations = paths.flat_map(|(path, item)| {
            let methods = item.as_object().into_iter().flat_map(|item| item.keys());
            methods.map(move |method| format!("{} {path}", method.to_uppercase()))
        });
        Self {
            operations: operations.map(|name| (name, Counts::default())).collect(),
        }
    }

    /// Adds what schemathesis recorded of one scenario.
    pub(super) fn add(&mut self, recorder: &Value) {
        for (id, case) in recorder["cases"].as_object().into_iter().flatten() {
            let case = &case["value"];
            let part = |name: &str| case[name].as_str().unwrap_or_default().to_owned();
            let name = format!("{} {}", part("method"), part("path"));
            let counts = match self.operations.get_mut(&name) {
                Some(counts) => counts,
                None => self.operations.entry(OTHER_METHODS.to_owned()).or_default(),
            };
            let phase = case["meta"]["phase"]["name"].as_str().unwrap_or(PROBES);
            let status = recorder["interactions"][id]["response"]["status_code"].as_u64();
            *counts.by_phase.entry(phase.to_owned()).or_default() += 1;
            *counts
                .by_class
                .entry(status.unwrap_or_default() / 100)
                .or_default() += 1;
            if case["meta"]["generation"]["mode"] == "negative" {
                counts.invalid += 1;
            }
            let is_success = status.is_some_and(|status| (200..300).contains(&status));
            if phase == CHAINS && is_success {
                counts.successes_in_chains += 1;
            }
        }
    }

    /// Adds another tally.
    pub(super) fn merge(&mut self, other: Self) {
        for (name, other) in other.operations {
            let counts = self.operations.entry(name).or_default();
            for (phase, cases) in other.by_phase {
                *counts.by_phase.entry(phase).or_default() += cases;
            }
            for (class, answers) in other.by_class {
                *counts.by_class.entry(class).or_default() += answers;
            }
            counts.invalid += other.invalid;
            counts.successes_in_chains += other.successes_in_chains;
        }
    }

    /// All cases.
    pub(super) fn cases(&self) -> u64 {
        self.operations.values().map(Counts::cases).sum()
    }

    /// Those that are steps of chains.
    pub(super) fn steps_of_chains(&self) -> u64 {
        let counts = self.operations.values();
        counts
            .filter_map(|counts| counts.by_phase.get(CHAINS))
            .sum()
    }

    /// Fails where an operation was not really tried: one that only ever refused proves nothing.
    pub(super) fn demand_successes(&self) -> Outcome {
        let untried = self
            .operations
            .iter()
            .filter(|(name, _)| *name != OTHER_METHODS)
            .filter_map(|(name, counts)| Some(format!("{name} {}", counts.lack(name)?)));
        let untried: Vec<String> = untried.collect();
        if untried.is_empty() {
            return Ok(());
        }
        Err(Failure::because(format!(
            "not really tried:\n  {}",
            untried.join("\n  ")
        )))
    }
}

impl Counts {
    fn cases(&self) -> u64 {
        self.by_phase.values().sum()
    }

    fn answers(&self, class: u64) -> u64 {
        self.by_class.get(&class).copied().unwrap_or_default()
    }

    /// What has to be there and is not.
    fn lack(&self, name: &str) -> Option<&'static str> {
        if self.answers(2) == 0 {
            Some("never succeeded")
        } else if name.contains("{job_id}") && self.successes_in_chains == 0 {
            Some("was never reached from a job that a request before it had started or listed")
        } else {
            None
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let columns = PHASES.iter().copied().chain([PROBES]);
        write!(formatter, "{:<50}", "cases")?;
        for column in columns.clone().chain(["invalid", "2xx", "4xx", "5xx"]) {
            write!(formatter, " {column:>8}")?;
        }
        for (name, counts) in &self.operations {
            write!(formatter, "\n{name:<50}")?;
            for phase in columns.clone() {
                let cases = counts.by_phase.get(phase).copied().unwrap_or_default();
                write!(formatter, " {cases:>8}")?;
            }
            write!(formatter, " {:>8}", counts.invalid)?;
            for class in [2, 4, 5] {
                write!(formatter, " {:>8}", counts.answers(class))?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn tally() -> Tally {
        Tally::of_document(&json!({"paths": {
            "/healthz": {"get": {}},
            "/jobs/{job_id}": {"get": {}},
        }}))
    }

    fn recorded(method: &str, path: &str, phase: &str, status: u64) -> Value {
        let meta = json!({"phase": {"name": phase}, "generation": {"mode": "negative"}});
        json!({
            "cases": {"a": {"value": {"method": method, "path": path, "meta": meta}}},
            "interactions": {"a": {"response": {"status_code": status}}},
        })
    }

    fn complaint(tally: &Tally) -> Option<String> {
        tally
            .demand_successes()
            .err()
            .map(|failure| failure.to_string())
    }

    #[test]
    fn an_operation_that_only_refused_was_not_tried() {
        let mut tally = tally();
        tally.add(&recorded("GET", "/healthz", "fuzzing", 200));
        tally.add(&recorded("GET", "/jobs/{job_id}", "stateful", 404));
        let said = complaint(&tally).expect("one was not tried");
        assert!(
            said.contains("GET /jobs/{job_id} never succeeded"),
            "{said}"
        );
        assert!(!said.contains("healthz"), "{said}");
    }

    #[test]
    fn a_job_must_be_reached_from_the_request_that_started_it() {
        let mut tally = tally();
        tally.add(&recorded("GET", "/healthz", "fuzzing", 200));
        tally.add(&recorded("GET", "/jobs/{job_id}", "examples", 200));
        let said = complaint(&tally).expect("chains did not reach it");
        assert!(
            said.contains("GET /jobs/{job_id} was never reached"),
            "{said}"
        );

        let mut chained = Tally::default();
        chained.add(&recorded("GET", "/jobs/{job_id}", "stateful", 200));
        let mut other = super::tests::tally();
        other.add(&recorded("GET", "/jobs/{job_id}", "stateful", 202));
        tally.merge(other);
        assert_eq!(complaint(&tally), None);
    }

    #[test]
    fn every_case_is_counted_once() {
        let mut tally = tally();
        tally.add(&recorded("GET", "/healthz", "fuzzing", 200));
        tally.add(&recorded("TRACE", "/healthz", "coverage", 405));
        let mut probe = recorded("GET", "/healthz", "", 401);
        probe["cases"]["a"]["value"]["meta"] = Value::Null;
        tally.add(&probe);
        assert_eq!(tally.cases(), 3);
        let table = tally.to_string();
        assert!(table.contains(OTHER_METHODS), "{table}");
        assert!(
            table
                .lines()
                .all(|line| line.len() == table.find('\n').unwrap()),
            "{table}"
        );
    }
}
