//! How many molecules of each kind there are, kept up to date by the reactions.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::physics::reactions::Reaction;
use crate::physics::{Formula, Species};

/// A kind of molecule and what became of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MoleculeKind {
    /// Its composition.
    pub formula: Formula,
    /// The step at which the first one was there.
    pub first_step: u64,
    /// How many there are now.
    pub count: u64,
    /// The most there ever were at once.
    pub peak: u64,
    /// How many were formed, those that are there from the start not counted.
    pub formed: u64,
    /// How many turned into something else.
    pub consumed: u64,
}

/// All kinds of molecule that ever were, in the order of their appearance.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Population {
    kinds: Vec<MoleculeKind>,
    index: BTreeMap<Formula, u32>,
}

impl Population {
    /// Single particles, at step 0.
    #[must_use]
    pub fn of_single_particles(species: &[Species]) -> Self {
        let mut population = Self::default();
        for &species in species {
            let index = population.index_of(Formula::of_particle(species), 0);
            let kind = &mut population.kinds[index as usize];
            kind.count += 1;
            kind.peak += 1;
        }
        population
    }

    /// All kinds, in the order of their appearance.
    #[must_use]
    pub fn kinds(&self) -> &[MoleculeKind] {
        &self.kinds
    }

    /// Number of molecules of all kinds.
    #[must_use]
    pub fn molecules(&self) -> u64 {
        self.kinds.iter().map(|kind| kind.count).sum()
    }

    /// The place of a formula in [`Population::kinds`].
    #[must_use]
    pub fn find(&self, formula: Formula) -> Option<u32> {
        self.index.get(&formula).copied()
    }

    /// Takes reactants away and adds products.
    pub fn apply(&mut self, reaction: &Reaction, step: u64) {
        for formula in reaction.reactants.into_iter().flatten() {
            let index = self.index_of(formula, step);
            let kind = &mut self.kinds[index as usize];
            kind.count -= 1;
            kind.consumed += 1;
        }
        for formula in reaction.products.into_iter().flatten() {
            let index = self.index_of(formula, step);
            let kind = &mut self.kinds[index as usize];
            kind.count += 1;
            kind.formed += 1;
            kind.peak = kind.peak.max(kind.count);
        }
    }

    fn index_of(&mut self, formula: Formula, step: u64) -> u32 {
        let next = self.kinds.len() as u32;
        let index = *self.index.entry(formula).or_insert(next);
        if index == next {
            self.kinds.push(MoleculeKind {
                formula,
                first_step: step,
                count: 0,
                peak: 0,
                formed: 0,
                consumed: 0,
            });
        }
        index
    }
}
