//! `reaction_trajectories`: one row per reaction, run by run in order of time.

use serde_json::json;

use super::graph::Graph;
use super::table::{Column, Table, Values};
use super::{Collected, Collector};
use crate::params::Filters;
use crate::physics::Formula;
use crate::results::hdf5::{ReactionRow, RunResults};

/// The rows so far, and how many there would be without a limit.
#[derive(Debug)]
pub(super) struct Trajectories {
    filters: Filters,
    limit: usize,
    rows: Vec<Row>,
    found: u64,
    unlisted: u64,
    graph: Graph,
}

#[derive(Debug)]
struct Row {
    run: String,
    time: f64,
    reaction: ReactionRow,
}

impl Trajectories {
    pub(super) fn new(filters: Filters, limit: usize) -> Self {
        let graph = Graph::of_reactions();
        Self {
            filters,
            limit,
            rows: Vec::new(),
            found: 0,
            unlisted: 0,
            graph,
        }
    }
}

impl Collector for Trajectories {
    fn add(&mut self, run: &str, results: &RunResults) {
        self.unlisted += results.unlisted_reactions;
        let passing = results
            .reactions
            .iter()
            .filter(|row| self.filters.pass_reaction(row));
        for reaction in passing {
            self.found += 1;
            self.graph.add_reaction(reaction);
            if self.rows.len() < self.limit {
                self.rows.push(Row {
                    run: run.to_owned(),
                    time: reaction.step as f64 * results.time_step,
                    reaction: reaction.clone(),
                });
            }
        }
    }

    fn finish(self: Box<Self>) -> Collected {
        Collected {
            found: self.found,
            figures: json!({"reactions_not_listed_by_runs": self.unlisted}),
            table: table(&self.rows),
            graph: self.graph,
        }
    }
}

fn table(rows: &[Row]) -> Table {
    let text = |of: &dyn Fn(&Row) -> Option<String>| Values::Text(rows.iter().map(of).collect());
    let integer = |of: &dyn Fn(&Row) -> i64| Values::Integer(rows.iter().map(of).collect());
    let real = |of: &dyn Fn(&Row) -> f64| Values::Real(rows.iter().map(of).collect());
    let nth = |formulas: &[Formula], n: usize| formulas.get(n).map(Formula::to_string);
    Table::of(vec![
        Column::new("run", "id of the run", text(&|row| Some(row.run.clone()))),
        Column::new(
            "step",
            "time step",
            integer(&|row| row.reaction.step as i64),
        ),
        Column::new("time", "time in τ", real(&|row| row.time)),
        Column::new(
            "kind",
            "association, dissociation, ring_closure or ring_opening",
            text(&|row| Some(row.reaction.kind.name().to_owned())),
        ),
        Column::new(
            "particle_1",
            "one end of the bond",
            integer(&|row| row.reaction.particles[0].into()),
        ),
        Column::new(
            "particle_2",
            "the other end of the bond",
            integer(&|row| row.reaction.particles[1].into()),
        ),
        Column::new(
            "reactant_1",
            "molecule before",
            text(&|row| nth(&row.reaction.reactants, 0)),
        ),
        Column::new(
            "reactant_2",
            "second molecule before, of an association",
            text(&|row| nth(&row.reaction.reactants, 1)),
        ),
        Column::new(
            "product_1",
            "molecule after",
            text(&|row| nth(&row.reaction.products, 0)),
        ),
        Column::new(
            "product_2",
            "second molecule after, of a dissociation",
            text(&|row| nth(&row.reaction.products, 1)),
        ),
        Column::new(
            "catalyst",
            "molecule that lowered the barrier, if any",
            text(&|row| row.reaction.catalyst.map(|formula| formula.to_string())),
        ),
        Column::new(
            "bond_energy",
            "energy of the bond at rest, in ε",
            real(&|row| row.reaction.bond_energy),
        ),
    ])
}
