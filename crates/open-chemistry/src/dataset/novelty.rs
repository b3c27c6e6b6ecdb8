//! `novel_molecules`: kinds of molecule, the rarest first.
//!
//! The novelty of a kind is `1 − ln n / ln m`, where n is how often molecules
//! of this kind were formed in all runs together, and m is n of the kind
//! formed most often. A kind formed once has novelty 1, the most common one 0,
//! and each factor in frequency counts the same. Where every kind was formed
//! just once, all have novelty 1. Single particles are left out: they are
//! what everything begins with.

use std::collections::BTreeMap;

use serde_json::json;

use super::graph::Graph;
use super::table::{Column, Table, Values};
use super::{Collected, Collector};
use crate::params::Filters;
use crate::physics::{Formula, Species};
use crate::results::hdf5::{MoleculeRow, RunResults};

/// Kinds of molecule so far.
#[derive(Debug)]
pub(super) struct Novelty {
    filters: Filters,
    threshold: f64,
    kinds: BTreeMap<Formula, Kind>,
    graph: Graph,
}

#[derive(Debug)]
struct Kind {
    formed: u64,
    runs: u64,
    peak_count: u64,
    count: u64,
    first_run: String,
    first_step: u64,
}

impl Novelty {
    pub(super) fn new(filters: Filters, threshold: f64) -> Self {
        Self {
            filters,
            threshold,
            kinds: BTreeMap::new(),
            graph: Graph::of_reactions(),
        }
    }

    fn add_kind(&mut self, run: &str, molecule: &MoleculeRow) {
        let kind = self.kinds.entry(molecule.formula).or_insert_with(|| Kind {
            formed: 0,
            runs: 0,
            peak_count: 0,
            count: 0,
            first_run: run.to_owned(),
            first_step: molecule.first_step,
        });
        kind.formed += molecule.formed;
        kind.runs += 1;
        kind.count += molecule.count;
        kind.peak_count = kind.peak_count.max(molecule.peak_count);
        if molecule.first_step < kind.first_step {
            run.clone_into(&mut kind.first_run);
            kind.first_step = molecule.first_step;
        }
    }
}

impl Collector for Novelty {
    fn add(&mut self, run: &str, results: &RunResults) {
        for molecule in &results.molecules {
            let counts = molecule.formula.size() > 1
                && self.filters.pass_molecule(molecule.formula)
                && self.filters.pass_step(molecule.first_step);
            if counts {
                self.add_kind(run, molecule);
            }
        }
        let passing = results
            .reactions
            .iter()
            .filter(|row| self.filters.pass_reaction(row));
        for reaction in passing {
            self.graph.add_reaction(reaction);
        }
    }

    fn finish(self: Box<Self>) -> Collected {
        let most = self
            .kinds
            .values()
            .map(|kind| kind.formed)
            .max()
            .unwrap_or(1);
        let mut rows: Vec<(Formula, &Kind, f64)> = self
            .kinds
            .iter()
            .map(|(&formula, kind)| (formula, kind, novelty(kind.formed, most)))
            .filter(|&(_, _, novelty)| novelty >= self.threshold)
            .collect();
        rows.sort_by(|one, other| {
            other
                .2
                .total_cmp(&one.2)
                .then_with(|| (other.0.size(), one.0).cmp(&(one.0.size(), other.0)))
        });
        Collected {
            found: rows.len() as u64,
            figures: json!({
                "kinds_found": self.kinds.len(),
                "kinds_above_threshold": rows.len(),
                "most_often_formed": most,
            }),
            table: table(&rows),
            graph: self.graph,
        }
    }
}

/// Novelty of a kind formed so often, where the most common was formed `most`
/// times.
#[must_use]
pub fn novelty(formed: u64, most: u64) -> f64 {
    if most <= 1 || formed <= 1 {
        return 1.0;
    }
    1.0 - libm::log(formed as f64) / libm::log(most as f64)
}

fn table(rows: &[(Formula, &Kind, f64)]) -> Table {
    type Row<'kind> = (Formula, &'kind Kind, f64);
    let integer = |of: &dyn Fn(&Row<'_>) -> u64| {
        Values::Integer(rows.iter().map(|row| of(row) as i64).collect())
    };
    let species = |species: Species| integer(&move |row| row.0.count(species).into());
    Table::of(vec![
        Column::new(
            "molecule",
            "composition",
            Values::Text(rows.iter().map(|row| Some(row.0.to_string())).collect()),
        ),
        Column::new(
            "size",
            "number of particles",
            integer(&|row| row.0.size().into()),
        ),
        Column::new("a", "number of A", species(Species::A)),
        Column::new("b", "number of B", species(Species::B)),
        Column::new("c", "number of C", species(Species::C)),
        Column::new(
            "novelty",
            "1 for a kind formed once, 0 for the most common",
            Values::Real(rows.iter().map(|row| row.2).collect()),
        ),
        Column::new(
            "formed",
            "how often, in all runs",
            integer(&|row| row.1.formed),
        ),
        Column::new("runs", "in how many runs", integer(&|row| row.1.runs)),
        Column::new(
            "peak_count",
            "most at once in any run",
            integer(&|row| row.1.peak_count),
        ),
        Column::new(
            "count",
            "at the end of all runs together",
            integer(&|row| row.1.count),
        ),
        Column::new(
            "first_run",
            "run in which it was seen earliest",
            Values::Text(
                rows.iter()
                    .map(|row| Some(row.1.first_run.clone()))
                    .collect(),
            ),
        ),
        Column::new(
            "first_step",
            "step at which it was there",
            integer(&|row| row.1.first_step),
        ),
    ])
}
