//! Which molecules and reactions are taken into account.

use crate::params::Filters;
use crate::physics::Formula;
use crate::results::hdf5::ReactionRow;

impl Filters {
    pub(super) fn pass_step(&self, step: u64) -> bool {
        (self.step_from..=self.step_to).contains(&step)
    }

    pub(super) fn pass_molecule(&self, formula: Formula) -> bool {
        (self.min_size..=self.max_size).contains(&formula.size().into())
            && self
                .species
                .iter()
                .all(|&species| formula.count(species) > 0)
    }

    /// A reaction passes by its largest molecule: what all its particles make
    /// together.
    pub(super) fn pass_reaction(&self, reaction: &ReactionRow) -> bool {
        let molecules = reaction.reactants.iter().chain(&reaction.products);
        let largest = molecules.max_by_key(|formula| formula.size());
        self.pass_step(reaction.step) && largest.is_some_and(|&formula| self.pass_molecule(formula))
    }
}
