//! Bonds that form and break by thermal activation.
//!
//! A sweep goes through all pairs within the capture radius, at fixed
//! positions. Each is attempted with a fixed probability; an attempt would
//! toggle the pair's bond, which changes the energy by ±(strain − bond
//! energy), and is accepted with probability
//!
//! ```text
//! exp(−barrier / kT) · min(1, exp(−energy change / kT))
//! ```
//!
//! so that rates follow Arrhenius: bonds form over the barrier alone and break
//! over barrier and bond energy. A toggle that would exceed a valence is
//! refused.
//!
//! **Catalysis.** The barrier is lower while a bonded C of another molecule is
//! within the capture radius of either particle.
//!
//! **Detailed balance** holds for every attempt. Which pairs are attempted
//! depends on positions alone; the Metropolis factor is that of the energy; and
//! the barrier is the same both ways, since "another molecule" means neither
//! that of the one particle nor that of the other, and together those hold the
//! same particles whether the bond is there or not. So bonds add to what the
//! dynamics sample, the canonical distribution of H(x, p) + Σ(strain − bond
//! energy), and don't bias it. Heat set free or taken up goes to the bath.

use serde::{Deserialize, Serialize};

use super::forces::ForceField;
use super::potential::bond_strain;
use super::random::Random;
use super::system::System;
use super::{Formula, Species};

/// Height of the barrier without a catalyst, in ε.
pub const BARRIER: f64 = 3.0;

/// Height of the barrier beside a catalyst, in ε.
pub const CATALYSED_BARRIER: f64 = 1.0;

/// Attempts per pair and time, in τ⁻¹: the prefactor of the Arrhenius rates.
pub const ATTEMPT_FREQUENCY: f64 = 2.0;

/// Steps from one sweep to the next.
pub const SWEEP_INTERVAL: u64 = 10;

/// What a reaction did to the molecules.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum ReactionKind {
    /// Two molecules became one.
    Association,
    /// One molecule became two.
    Dissociation,
    /// A bond closed a ring inside a molecule.
    RingClosure,
    /// A ring was opened.
    RingOpening,
}

impl ReactionKind {
    /// All kinds, in the order of their codes in result files.
    pub const ALL: [Self; 4] = [
        Self::Association,
        Self::Dissociation,
        Self::RingClosure,
        Self::RingOpening,
    ];

    /// Name in result files.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Association => "association",
            Self::Dissociation => "dissociation",
            Self::RingClosure => "ring_closure",
            Self::RingOpening => "ring_opening",
        }
    }

    /// Position in [`ReactionKind::ALL`].
    #[must_use]
    pub const fn code(self) -> usize {
        self as usize
    }

    /// Whether a bond was formed.
    #[must_use]
    pub const fn forms_bond(self) -> bool {
        matches!(self, Self::Association | Self::RingClosure)
    }
}

/// A bond that formed or broke.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reaction {
    /// What happened.
    pub kind: ReactionKind,
    /// The two ends of the bond.
    pub particles: [usize; 2],
    /// Molecules before: one, or two with the first particle's first.
    pub reactants: [Option<Formula>; 2],
    /// Molecules after: one, or two with the first particle's first.
    pub products: [Option<Formula>; 2],
    /// The molecule that lowered the barrier.
    pub catalyst: Option<Formula>,
    /// Energy set free by a bond of these species at rest, in ε.
    pub bond_energy: f64,
}

/// Forms and breaks bonds at one temperature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Chemistry {
    /// Reduced temperature.
    pub temperature: f64,
    /// Probability of an attempt per close pair and sweep.
    pub attempt_probability: f64,
    /// Height of the barrier beside a catalyst, in ε; at most [`BARRIER`].
    pub catalysed_barrier: f64,
}

impl Chemistry {
    /// Chemistry at a reduced temperature, for sweeps of which
    /// [`SWEEP_INTERVAL`] time steps lie between two.
    #[must_use]
    pub fn new(temperature: f64, time_step: f64) -> Self {
        Self {
            temperature,
            attempt_probability: ATTEMPT_FREQUENCY * SWEEP_INTERVAL as f64 * time_step,
            catalysed_barrier: CATALYSED_BARRIER,
        }
    }

    /// One sweep. The cells of the force field must be those of the system's
    /// positions; forces are kept up to date.
    pub fn sweep(
        &self,
        system: &mut System,
        forces: &ForceField,
        random: &mut Random,
        mut record: impl FnMut(Reaction),
    ) {
        let mut attempts = Vec::new();
        forces
            .cells
            .for_each_close_pair(|first, second, _, distance_squared| {
                if random.uniform() < self.attempt_probability {
                    attempts.push((first, second, distance_squared));
                }
            });
        for (first, second, distance_squared) in attempts {
            if let Some(reaction) =
                self.attempt(system, forces, random, [first, second], distance_squared)
            {
                record(reaction);
            }
        }
    }

    fn attempt(
        &self,
        system: &mut System,
        forces: &ForceField,
        random: &mut Random,
        particles: [usize; 2],
        distance_squared: f64,
    ) -> Option<Reaction> {
        let [first, second] = particles;
        let bonded = system.bonds.contains(first, second);
        let has_room = || {
            particles
                .iter()
                .all(|&particle| system.has_free_valence(particle))
        };
        if !bonded && !has_room() {
            return None;
        }
        let bond_energy = system.species[first].bond_energy(system.species[second]);
        let energy_of_bond = bond_strain(distance_squared).energy - bond_energy;
        let energy_change = if bonded {
            -energy_of_bond
        } else {
            energy_of_bond
        };
        let accepts = |barrier: f64, chance: f64| {
            chance < libm::exp(-(barrier + energy_change.max(0.0)) / self.temperature)
        };

        let chance = random.uniform();
        if !accepts(self.catalysed_barrier, chance) {
            return None;
        }
        let before = particles.map(|particle| system.bonds.molecule_of(particle));
        let catalyst = catalyst(system, forces, particles, &before);
        if catalyst.is_none() && !accepts(BARRIER, chance) {
            return None;
        }
        toggle(system, particles, bonded);
        let after = particles.map(|particle| system.bonds.molecule_of(particle));
        let (reactants, were_one) = formulas(system, second, &before);
        let (products, are_one) = formulas(system, second, &after);
        let kind = match (were_one, are_one) {
            (false, _) => ReactionKind::Association,
            (true, false) => ReactionKind::Dissociation,
            (true, true) if bonded => ReactionKind::RingOpening,
            (true, true) => ReactionKind::RingClosure,
        };
        Some(Reaction {
            kind,
            particles,
            reactants,
            products,
            catalyst,
            bond_energy,
        })
    }
}

/// The formulas of the molecules of a pair, and whether the two are one.
fn formulas(
    system: &System,
    second: usize,
    molecules: &[Vec<usize>; 2],
) -> ([Option<Formula>; 2], bool) {
    let one = molecules[0].contains(&second);
    let first_formula = formula_of(system, &molecules[0]);
    let second_formula = (!one).then(|| formula_of(system, &molecules[1]));
    ([Some(first_formula), second_formula], one)
}

/// The molecule of the first bonded C near either particle that belongs to
/// another molecule than both.
fn catalyst(
    system: &System,
    forces: &ForceField,
    particles: [usize; 2],
    molecules: &[Vec<usize>; 2],
) -> Option<Formula> {
    particles
        .iter()
        .flat_map(|&particle| forces.cells.near(&system.positions[particle]))
        .find(|&near| {
            system.species[near] == Species::C
                && system.bonds.degree(near) > 0
                && !molecules.iter().any(|members| members.contains(&near))
        })
        .map(|near| formula_of(system, &system.bonds.molecule_of(near)))
}

fn toggle(system: &mut System, [first, second]: [usize; 2], bonded: bool) {
    if bonded {
        system.bonds.break_up(first, second);
        ForceField::change_bond(system, first, second, -1.0);
    } else {
        system.bonds.form(first, second);
        ForceField::change_bond(system, first, second, 1.0);
    }
}

fn formula_of(system: &System, members: &[usize]) -> Formula {
    Formula::of(members.iter().map(|&member| system.species[member]))
}
