//! The state of the particles: where they are, how they move, who is bonded.

use serde::{Deserialize, Serialize};

use super::bonds::Bonds;
use super::periodic_box::{PeriodicBox, dot};
use super::potential::bond_strain;
use super::random::Random;
use super::{Species, Vector};

/// Particles in a periodic box. All masses are 1.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct System {
    /// The box.
    pub periodic_box: PeriodicBox,
    /// What each particle is; never changes.
    pub species: Vec<Species>,
    /// Positions in σ, inside the box.
    pub positions: Vec<Vector>,
    /// Velocities in σ/τ.
    pub velocities: Vec<Vector>,
    /// Forces in ε/σ at these positions and bonds.
    pub forces: Vec<Vector>,
    /// Who is bonded to whom.
    pub bonds: Bonds,
}

impl System {
    /// Single particles on a cubic lattice, species in random order,
    /// velocities as at `temperature` (reduced) with the centre of mass at
    /// rest. Forces are zero until they are computed.
    #[must_use]
    pub fn gas_of(
        species: Vec<Species>,
        density: f64,
        temperature: f64,
        random: &mut Random,
    ) -> Self {
        let count = species.len();
        let periodic_box = PeriodicBox::holding(count, density);
        let mut species = species;
        random.shuffle(&mut species);
        let mut velocities = vec![[0.0; 3]; count];
        let speed = temperature.sqrt();
        random.for_each_normal(&mut velocities, |component, normal| {
            *component = speed * normal
        });
        stop_centre_of_mass(&mut velocities);
        Self {
            periodic_box,
            species,
            positions: lattice(count, periodic_box),
            velocities,
            forces: vec![[0.0; 3]; count],
            bonds: Bonds::none(count),
        }
    }

    /// Number of particles.
    #[must_use]
    pub fn len(&self) -> usize {
        self.species.len()
    }

    /// Whether there are no particles.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.species.is_empty()
    }

    /// Kinetic energy of all particles, in ε.
    #[must_use]
    pub fn kinetic_energy(&self) -> f64 {
        0.5 * self.velocities.iter().map(dot).sum::<f64>()
    }

    /// Reduced kinetic temperature, by equipartition over 3N degrees of
    /// freedom: the thermostat doesn't keep the centre of mass at rest.
    #[must_use]
    pub fn kinetic_temperature(&self) -> f64 {
        2.0 * self.kinetic_energy() / (3 * self.len()) as f64
    }

    /// Energy set free by all bonds, in ε, at rest.
    #[must_use]
    pub fn binding_energy(&self) -> f64 {
        let of =
            |(first, second): (usize, usize)| self.species[first].bond_energy(self.species[second]);
        self.bonds
            .iter()
            .map(of)
            .fold(0.0, |sum, energy| sum + energy)
    }

    /// Strain of all bonds, in ε.
    #[must_use]
    pub fn bond_strain(&self) -> f64 {
        let of = |(first, second): (usize, usize)| {
            let (first, second) = (&self.positions[first], &self.positions[second]);
            bond_strain(self.periodic_box.distance_squared(first, second)).energy
        };
        self.bonds
            .iter()
            .map(of)
            .fold(0.0, |sum, energy| sum + energy)
    }

    /// Whether a particle has a place for one more bond.
    #[must_use]
    pub fn has_free_valence(&self, particle: usize) -> bool {
        self.bonds.degree(particle) < self.species[particle].valence()
    }
}

fn lattice(count: usize, periodic_box: PeriodicBox) -> Vec<Vector> {
    let per_side = (1..)
        .find(|side: &usize| side.pow(3) >= count)
        .expect("some cube is larger");
    let spacing = periodic_box.side() / per_side as f64;
    let at = |index: usize| (index as f64 + 0.5) * spacing;
    (0..count)
        .map(|site| {
            [
                at(site / (per_side * per_side)),
                at(site / per_side % per_side),
                at(site % per_side),
            ]
        })
        .collect()
}

fn stop_centre_of_mass(velocities: &mut [Vector]) {
    let count = velocities.len() as f64;
    for axis in 0..3 {
        let mean = velocities
            .iter()
            .map(|velocity| velocity[axis])
            .sum::<f64>()
            / count;
        for velocity in &mut *velocities {
            velocity[axis] -= mean;
        }
    }
}
