//! Kinds of molecule as a graph: what turns into what, or what catalyses the
//! formation of what.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;

use crate::physics::Formula;
use crate::plots::{NetworkEdge, NetworkNode, network};
use crate::results::hdf5::ReactionRow;

/// How many kinds a picture shows; `network.json` has all.
const NODES_DRAWN: usize = 24;

/// How many arrows a picture shows.
const EDGES_DRAWN: usize = 70;

/// A directed graph; weights count events.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Graph {
    title: &'static str,
    meaning: &'static str,
    nodes: BTreeMap<Formula, u64>,
    edges: BTreeMap<(Formula, Formula), u64>,
    highlighted: BTreeSet<(Formula, Formula)>,
}

impl Graph {
    /// A graph whose arrows lead from reactants to products.
    pub(super) fn of_reactions() -> Self {
        Self::new(
            "Reaction network",
            "Arrows lead from what reacts to what comes of it; width and size grow with the \
             number of reactions.",
        )
    }

    /// A graph whose arrows lead from catalysts to what they help to form.
    pub(super) fn of_catalysis() -> Self {
        Self::new(
            "Autocatalysis network",
            "Arrows lead from a catalyst to what it helps to form. Orange: part of a cycle; a ring \
             around a molecule: it helps to form its own kind.",
        )
    }

    fn new(title: &'static str, meaning: &'static str) -> Self {
        let (nodes, edges, highlighted) = Default::default();
        Self {
            title,
            meaning,
            nodes,
            edges,
            highlighted,
        }
    }

    pub(super) fn add_reaction(&mut self, reaction: &ReactionRow) {
        for &reactant in &reaction.reactants {
            for &product in &reaction.products {
                if reactant != product {
                    self.add(reactant, product, 1);
                }
            }
        }
    }

    pub(super) fn add(&mut self, from: Formula, to: Formula, events: u64) {
        *self.nodes.entry(from).or_default() += events;
        if from != to {
            *self.nodes.entry(to).or_default() += events;
        }
        *self.edges.entry((from, to)).or_default() += events;
    }

    pub(super) fn highlight(&mut self, from: Formula, to: Formula) {
        self.highlighted.insert((from, to));
    }

    pub(super) fn to_json(&self) -> String {
        let nodes: Vec<_> = self
            .nodes
            .iter()
            .map(|(formula, events)| {
                json!({"molecule": formula.to_string(), "size": formula.size(), "events": events})
            })
            .collect();
        let edges: Vec<_> = self
            .edges
            .iter()
            .map(|(edge, events)| {
                json!({
                    "from": edge.0.to_string(),
                    "to": edge.1.to_string(),
                    "events": events,
                    "in_cycle": self.highlighted.contains(edge),
                })
            })
            .collect();
        let graph = json!({"meaning": self.meaning, "nodes": nodes, "edges": edges});
        format!("{graph}\n")
    }

    /// The most frequent kinds and the arrows between them.
    pub(super) fn to_svg(&self) -> String {
        let mut drawn: Vec<(Formula, u64)> = self.nodes.iter().map(|(&f, &n)| (f, n)).collect();
        drawn.sort_by_key(|&(formula, events)| (std::cmp::Reverse(events), formula));
        drawn.truncate(NODES_DRAWN);
        // Around the circle by size: chemistry runs clockwise.
        drawn.sort_by_key(|&(formula, _)| (formula.size(), formula));
        let place: BTreeMap<Formula, usize> = drawn
            .iter()
            .enumerate()
            .map(|(index, &(formula, _))| (formula, index))
            .collect();
        let (rings, mut arrows): (Vec<NetworkEdge>, Vec<NetworkEdge>) = self
            .edges
            .iter()
            .filter_map(|(edge, &events)| {
                Some(NetworkEdge {
                    from: *place.get(&edge.0)?,
                    to: *place.get(&edge.1)?,
                    weight: events as f64,
                    highlighted: self.highlighted.contains(edge),
                })
            })
            .partition(|edge| edge.from == edge.to);
        arrows.sort_by(|one, other| other.weight.total_cmp(&one.weight));
        arrows.truncate(EDGES_DRAWN);
        let in_cycle: BTreeSet<Formula> = self
            .highlighted
            .iter()
            .flat_map(|&(from, to)| [from, to])
            .collect();
        let nodes: Vec<NetworkNode> = drawn
            .iter()
            .map(|(formula, events)| NetworkNode {
                name: formula.to_string(),
                weight: *events as f64,
                highlighted: in_cycle.contains(formula),
            })
            .collect();
        let extent = format!(
            "Shown are {} of {} kinds of molecule, clockwise by size, and {} of {} arrows: the most \
             frequent.",
            nodes.len(),
            self.nodes.len(),
            arrows.len(),
            self.edges.keys().filter(|(from, to)| from != to).count(),
        );
        network(
            self.title,
            &[self.meaning, &extent],
            &nodes,
            &[rings, arrows].concat(),
        )
    }
}
