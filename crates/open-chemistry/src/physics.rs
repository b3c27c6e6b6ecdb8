//! The model: what the particles are, what acts on them, how they move and
//! how they react.
//!
//! Reduced units throughout: lengths in particle diameters σ, masses in
//! particle masses m, energies in the repulsion strength ε, time in
//! τ = σ·√(m/ε). [`units`] maps them to kelvin.
//!
//! One step is one BAOAB step of Langevin dynamics at fixed bonds
//! ([`integrator`]); every few steps a Monte Carlo sweep forms and breaks
//! bonds at fixed positions ([`reactions`]). Both leave the canonical
//! distribution of positions, velocities and bonds unchanged, so the two in
//! turn do as well.

pub mod bonds;
pub mod cell_list;
pub mod forces;
pub mod integrator;
pub mod periodic_box;
pub mod potential;
pub mod random;
pub mod reactions;
mod species;
pub mod system;
pub mod units;

pub use species::{Formula, SPECIES_COUNT, Species};

/// A vector in the three dimensions of the box.
pub type Vector = [f64; 3];

#[cfg(test)]
mod tests;
