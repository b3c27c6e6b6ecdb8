//! `autocatalysis_network`: which kinds of molecule catalyse the formation of
//! which, and where that leads back to itself.
//!
//! The definitions are as simple as they are strict. A molecule is *formed* by
//! an association whose product it is. Kind K *catalyses* kind M if at least
//! one formation of an M was recorded with a K as the catalyst. The graph of
//! these relations has cycles; a kind is *autocatalytic* if it catalyses
//! itself, and *in a cycle* if a path of catalyses leads from it back to it.
//! Cycles that share a kind are one, so cycles are the strongly connected
//! parts of the graph.
//!
//! A relation says that something happened, not that it is specific: in this
//! model every bonded C lowers the barrier of every reaction beside it. How
//! often it happened stands in the row.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use super::graph::Graph;
use super::table::{Column, Table, Values};
use super::{Collected, Collector};
use crate::params::Filters;
use crate::physics::Formula;
use crate::physics::reactions::ReactionKind;
use crate::results::hdf5::RunResults;

/// Catalysed formations so far.
#[derive(Debug)]
pub(super) struct Autocatalysis {
    filters: Filters,
    /// By catalyst and product.
    relations: BTreeMap<(Formula, Formula), Relation>,
    /// Formations by product, with a catalyst and without.
    formations: BTreeMap<Formula, u64>,
}

#[derive(Debug, Default)]
struct Relation {
    events: u64,
    runs: u64,
    last_run: Option<String>,
}

impl Autocatalysis {
    pub(super) fn new(filters: Filters) -> Self {
        Self {
            filters,
            relations: BTreeMap::new(),
            formations: BTreeMap::new(),
        }
    }
}

impl Collector for Autocatalysis {
    fn add(&mut self, run: &str, results: &RunResults) {
        let formations = results
            .reactions
            .iter()
            .filter(|row| row.kind == ReactionKind::Association && self.filters.pass_reaction(row));
        for reaction in formations {
            for &product in &reaction.products {
                *self.formations.entry(product).or_default() += 1;
                if let Some(catalyst) = reaction.catalyst {
                    self.relations
                        .entry((catalyst, product))
                        .or_default()
                        .count(run);
                }
            }
        }
    }

    fn finish(self: Box<Self>) -> Collected {
        let cycles = cycles(self.relations.keys().copied());
        let cycle_of: BTreeMap<Formula, usize> = (1..)
            .zip(&cycles)
            .flat_map(|(number, members)| members.iter().map(move |&member| (member, number)))
            .collect();
        let in_cycle = |&(catalyst, product): &(Formula, Formula)| {
            let number = cycle_of.get(&catalyst)?;
            (cycle_of.get(&product) == Some(number)).then_some(*number as i64)
        };

        let mut graph = Graph::of_catalysis();
        for (edge, relation) in &self.relations {
            graph.add(edge.0, edge.1, relation.events);
            if in_cycle(edge).is_some() {
                graph.highlight(edge.0, edge.1);
            }
        }
        let autocatalytic: Vec<String> = self
            .relations
            .keys()
            .filter(|(catalyst, product)| catalyst == product)
            .map(|(catalyst, _)| catalyst.to_string())
            .collect();
        let named = |members: &BTreeSet<Formula>| -> Vec<String> {
            members.iter().map(Formula::to_string).collect()
        };
        Collected {
            found: self.relations.len() as u64,
            figures: json!({
                "formations": self.formations.values().sum::<u64>(),
                "catalysed_formations":
                    self.relations.values().map(|relation| relation.events).sum::<u64>(),
                "autocatalytic_molecules": autocatalytic,
                "cycles": cycles.iter().map(named).collect::<Vec<_>>(),
            }),
            table: self.table(&in_cycle),
            graph,
        }
    }
}

impl Relation {
    fn count(&mut self, run: &str) {
        self.events += 1;
        if self.last_run.as_deref() != Some(run) {
            self.runs += 1;
            self.last_run = Some(run.to_owned());
        }
    }
}

impl Autocatalysis {
    fn table(&self, in_cycle: &dyn Fn(&(Formula, Formula)) -> Option<i64>) -> Table {
        let mut rows: Vec<_> = self.relations.iter().collect();
        rows.sort_by_key(|&(edge, relation)| (std::cmp::Reverse(relation.events), *edge));
        let share = |edge: &(Formula, Formula), relation: &Relation| {
            relation.events as f64 / self.formations[&edge.1] as f64
        };
        Table::of(vec![
            Column::new(
                "catalyst",
                "molecule that lowered the barrier",
                Values::Text(rows.iter().map(|row| Some(row.0.0.to_string())).collect()),
            ),
            Column::new(
                "product",
                "molecule that was formed",
                Values::Text(rows.iter().map(|row| Some(row.0.1.to_string())).collect()),
            ),
            Column::new(
                "events",
                "how often",
                Values::Integer(rows.iter().map(|row| row.1.events as i64).collect()),
            ),
            Column::new(
                "runs",
                "in how many runs",
                Values::Integer(rows.iter().map(|row| row.1.runs as i64).collect()),
            ),
            Column::new(
                "share_of_formations",
                "part of all formations of the product",
                Values::Real(rows.iter().map(|row| share(row.0, row.1)).collect()),
            ),
            Column::new(
                "autocatalytic",
                "whether the molecule catalyses the formation of its own kind",
                Values::Flag(rows.iter().map(|row| row.0.0 == row.0.1).collect()),
            ),
            Column::new(
                "cycle",
                "number of the cycle that both belong to; 0 is none",
                Values::Integer(
                    rows.iter()
                        .map(|row| in_cycle(row.0).unwrap_or(0))
                        .collect(),
                ),
            ),
        ])
    }
}

/// The strongly connected parts with a cycle in them, the largest first. A
/// part is found as what can be reached from a kind and from which the kind
/// can be reached.
#[must_use]
pub fn cycles(edges: impl IntoIterator<Item = (Formula, Formula)>) -> Vec<BTreeSet<Formula>> {
    let mut forward: BTreeMap<Formula, Vec<Formula>> = BTreeMap::new();
    let mut backward: BTreeMap<Formula, Vec<Formula>> = BTreeMap::new();
    for (from, to) in edges {
        forward.entry(from).or_default().push(to);
        backward.entry(to).or_default().push(from);
    }
    let mut assigned: BTreeSet<Formula> = BTreeSet::new();
    let mut cycles = Vec::new();
    for &start in forward.keys() {
        if assigned.contains(&start) {
            continue;
        }
        let reached = reachable(start, &forward);
        let reaching = reachable(start, &backward);
        let members: BTreeSet<Formula> = reached.intersection(&reaching).copied().collect();
        if !members.is_empty() {
            assigned.extend(&members);
            cycles.push(members);
        }
    }
    cycles.sort_by_key(|members| std::cmp::Reverse(members.len()));
    cycles
}

/// What a path of at least one edge leads to.
fn reachable(start: Formula, edges: &BTreeMap<Formula, Vec<Formula>>) -> BTreeSet<Formula> {
    let mut reached = BTreeSet::new();
    let mut open = vec![start];
    while let Some(from) = open.pop() {
        for &to in edges.get(&from).into_iter().flatten() {
            if reached.insert(to) {
                open.push(to);
            }
        }
    }
    reached
}
