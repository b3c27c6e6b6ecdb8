//! `summary.json`: the figures of a run on one page.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::hdf5::LAYOUT;
use crate::physics::reactions::ReactionKind;
use crate::simulation::{Record, Simulation};

/// How many kinds of molecule are named.
const KINDS_NAMED: usize = 10;

pub(super) fn of(simulation: &Simulation) -> String {
    let record = simulation.record();
    let series = &record.series;
    let summary = json!({
        "program": "open-chemistry",
        "program_version": env!("CARGO_PKG_VERSION"),
        "layout": LAYOUT,
        "params": simulation.params().to_json(),
        "steps": simulation.step(),
        "simulated_time_tau": series.time.last(),
        "temperature_kelvin": {
            "set_point": simulation.params().temperature,
            "mean_of_second_half": mean_of_second_half(&series.temperature),
            "last": series.temperature.last(),
        },
        "bonds": series.bonds.last(),
        "molecules": series.molecules.last(),
        "molecule_kinds_seen": record.population.kinds().len(),
        "largest_molecule": largest(record),
        "most_frequent_molecules": most_frequent(record),
        "reactions": reactions(record),
    });
    let mut text = serde_json::to_string_pretty(&summary).expect("a JSON value is always written");
    text.push('\n');
    text
}

fn mean_of_second_half(values: &[f64]) -> f64 {
    let half = &values[values.len() / 2..];
    half.iter().sum::<f64>() / half.len() as f64
}

fn largest(record: &Record) -> Value {
    let largest = record
        .population
        .kinds()
        .iter()
        .max_by_key(|kind| kind.formula.size());
    largest.map_or(Value::Null, |kind| {
        json!({
            "formula": kind.formula.to_string(),
            "size": kind.formula.size(),
            "first_step": kind.first_step,
        })
    })
}

fn most_frequent(record: &Record) -> Vec<Value> {
    let mut kinds: Vec<_> = record
        .population
        .kinds()
        .iter()
        .filter(|kind| kind.count > 0)
        .collect();
    kinds.sort_by_key(|kind| (std::cmp::Reverse(kind.count), kind.formula));
    kinds
        .into_iter()
        .take(KINDS_NAMED)
        .map(|kind| json!({"formula": kind.formula.to_string(), "count": kind.count}))
        .collect()
}

fn reactions(record: &Record) -> Value {
    let log = &record.reactions;
    let mut by_kind: BTreeMap<&str, u64> = ReactionKind::ALL
        .into_iter()
        .map(|kind| (kind.name(), 0))
        .collect();
    for kind in &log.kind {
        *by_kind.entry(kind.name()).or_default() += 1;
    }
    json!({
        "total": log.len() as u64 + log.unlisted,
        "listed": log.len(),
        "listed_by_kind": by_kind,
        "listed_with_catalyst": log.catalyst.iter().filter(|&&catalyst| catalyst >= 0).count(),
    })
}
