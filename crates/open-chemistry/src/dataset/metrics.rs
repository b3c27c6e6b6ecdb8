//! Figures of one run, for the summary of a dataset.

use serde_json::{Value, json};

use crate::physics::reactions::ReactionKind;
use crate::results::hdf5::RunResults;

/// The figures of a run; filters don't change them.
pub(super) fn of(run: &str, results: &RunResults) -> Value {
    let reactions = &results.reactions;
    let by_kind: serde_json::Map<String, Value> = ReactionKind::ALL
        .into_iter()
        .map(|kind| {
            let count = reactions.iter().filter(|row| row.kind == kind).count();
            (kind.name().to_owned(), count.into())
        })
        .collect();
    let largest = results
        .molecules
        .iter()
        .max_by_key(|molecule| molecule.formula.size());
    json!({
        "run": run,
        "params": results.params,
        "particles": results.particles,
        "reactions": reactions.len() as u64 + results.unlisted_reactions,
        "reactions_listed_by_kind": by_kind,
        "reactions_with_catalyst": reactions.iter().filter(|row| row.catalyst.is_some()).count(),
        "molecule_kinds": results.molecules.len(),
        "largest_molecule": largest.map(|molecule| molecule.formula.to_string()),
    })
}
