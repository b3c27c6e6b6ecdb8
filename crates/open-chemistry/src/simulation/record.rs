//! What a run writes down: everything that its result files are made from.
//!
//! Tables are kept as columns. All of it goes into checkpoints.

use serde::{Deserialize, Serialize};

use super::population::Population;
use crate::physics::Species;
use crate::physics::reactions::{Reaction, ReactionKind};
use crate::physics::system::System;

/// Everything that was written down so far.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    /// What each particle is.
    pub species: Vec<Species>,
    /// Temperature and energies over time.
    pub series: ThermodynamicSeries,
    /// Positions and bonds over time.
    pub frames: FrameSeries,
    /// Every reaction.
    pub reactions: ReactionLog,
    /// Kinds of molecule.
    pub population: Population,
    /// Counts of molecules over time.
    pub populations: PopulationSeries,
}

/// Temperature and energies over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ThermodynamicSeries {
    /// Steps done.
    pub step: Vec<u64>,
    /// Time in τ.
    pub time: Vec<f64>,
    /// Kinetic temperature in kelvin.
    pub temperature: Vec<f64>,
    /// Kinetic energy in ε.
    pub kinetic: Vec<f64>,
    /// Energy of repulsion in ε.
    pub repulsion: Vec<f64>,
    /// Strain of all bonds in ε.
    pub bond_strain: Vec<f64>,
    /// Energy set free by all bonds in ε.
    pub binding: Vec<f64>,
    /// Number of bonds.
    pub bonds: Vec<u64>,
    /// Number of molecules, single particles included.
    pub molecules: Vec<u64>,
}

/// Positions and bonds over time.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct FrameSeries {
    /// Steps done.
    pub step: Vec<u64>,
    /// Time in τ.
    pub time: Vec<f64>,
    /// Frames × particles × 3, in σ.
    pub positions: Vec<f32>,
    /// Both ends of every bond, frame after frame.
    pub bonds: Vec<[u32; 2]>,
    /// Where each frame's bonds end in `bonds`.
    pub bonds_end: Vec<u64>,
}

/// Every reaction, as columns.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ReactionLog {
    /// Steps done.
    pub step: Vec<u64>,
    /// What happened.
    pub kind: Vec<ReactionKind>,
    /// Both ends of the bond.
    pub particles: Vec<[u32; 2]>,
    /// Kinds of molecule before, as places in the population; −1 is none.
    pub reactants: Vec<[i32; 2]>,
    /// Kinds of molecule after.
    pub products: Vec<[i32; 2]>,
    /// Kind of the catalyst; −1 is none.
    pub catalyst: Vec<i32>,
    /// Energy of a bond of these species at rest, in ε.
    pub bond_energy: Vec<f64>,
    /// Reactions that happened after the log was full.
    pub unlisted: u64,
}

/// Counts of molecules over time: for each sample, the kinds of which there
/// are any.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct PopulationSeries {
    /// Steps done at each sample.
    pub step: Vec<u64>,
    /// Where each sample's entries end.
    pub end: Vec<u64>,
    /// The kind, as a place in the population.
    pub kind: Vec<u32>,
    /// How many there were.
    pub count: Vec<u32>,
}

impl Record {
    /// Nothing written down yet.
    #[must_use]
    pub fn of(species: &[Species]) -> Self {
        Self {
            species: species.to_vec(),
            series: ThermodynamicSeries::default(),
            frames: FrameSeries::default(),
            reactions: ReactionLog::default(),
            population: Population::of_single_particles(species),
            populations: PopulationSeries::default(),
        }
    }

    /// Writes a reaction down.
    pub fn reaction(&mut self, reaction: &Reaction, step: u64) {
        self.population.apply(reaction, step);
        self.reactions.push(reaction, step, &self.population);
    }
}

impl ReactionLog {
    /// Greatest number of reactions listed: some 60 MiB. Those after it are
    /// counted, and molecules are still kept up to date by them.
    pub const MAX_LISTED: usize = 1_000_000;

    /// Number of reactions listed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.step.len()
    }

    /// Whether no reaction is listed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.step.is_empty()
    }

    fn push(&mut self, reaction: &Reaction, step: u64, population: &Population) {
        if self.len() == Self::MAX_LISTED {
            self.unlisted += 1;
            return;
        }
        let place = |formula| match formula {
            None => -1,
            Some(formula) => population.find(formula).map_or(-1, |index| index as i32),
        };
        self.step.push(step);
        self.kind.push(reaction.kind);
        self.particles
            .push(reaction.particles.map(|particle| particle as u32));
        self.reactants.push(reaction.reactants.map(place));
        self.products.push(reaction.products.map(place));
        self.catalyst.push(place(reaction.catalyst));
        self.bond_energy.push(reaction.bond_energy);
    }
}

impl FrameSeries {
    /// Writes positions and bonds down.
    pub fn push(&mut self, step: u64, time: f64, system: &System) {
        self.step.push(step);
        self.time.push(time);
        let coordinates = system.positions.as_flattened().iter();
        self.positions
            .extend(coordinates.map(|&coordinate| coordinate as f32));
        self.bonds.extend(
            system
                .bonds
                .iter()
                .map(|(first, second)| [first as u32, second as u32]),
        );
        self.bonds_end.push(self.bonds.len() as u64);
    }
}

impl PopulationSeries {
    /// Writes the present counts down.
    pub fn push(&mut self, step: u64, population: &Population) {
        self.step.push(step);
        for (index, kind) in (0..).zip(population.kinds()) {
            if kind.count > 0 {
                self.kind.push(index);
                self.count.push(kind.count as u32);
            }
        }
        self.end.push(self.kind.len() as u64);
    }

    /// How many of one kind there were at each sample.
    #[must_use]
    pub fn counts_of(&self, kind: u32) -> Vec<u32> {
        let mut start = 0;
        self.end
            .iter()
            .map(|&end| {
                let range = start..end as usize;
                start = end as usize;
                let found = self.kind[range.clone()].binary_search(&kind);
                found.map_or(0, |at| self.count[range.start + at])
            })
            .collect()
    }
}
