//! Langevin dynamics by BAOAB.
//!
//! Each step is half a kick (B), half a drift (A), the exact solution of the
//! thermostat alone (O), half a drift, half a kick, with one computation of
//! the forces. Its positions sample the canonical distribution more accurately
//! than those of other splittings of the same cost: B. Leimkuhler and
//! C. Matthews, "Rational Construction of Stochastic Numerical Methods for
//! Molecular Sampling", Appl. Math. Res. eXpress 2013, 34–56. Without friction
//! it is velocity Verlet.

use super::forces::{ForceField, Potential};
use super::random::Random;
use super::system::System;

/// A fixed time step and thermostat.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Integrator {
    time_step: f64,
    /// Part of a velocity that is kept in a step.
    memory: f64,
    /// Width of the random part of a velocity.
    noise: f64,
}

impl Integrator {
    /// A thermostat at a reduced temperature; friction in τ⁻¹, time step in τ.
    #[must_use]
    pub fn langevin(time_step: f64, temperature: f64, friction: f64) -> Self {
        let memory = libm::exp(-friction * time_step);
        let noise = (temperature * (1.0 - memory * memory)).sqrt();
        Self {
            time_step,
            memory,
            noise,
        }
    }

    /// No thermostat: energy is conserved.
    #[must_use]
    pub fn microcanonical(time_step: f64) -> Self {
        Self {
            time_step,
            memory: 1.0,
            noise: 0.0,
        }
    }

    /// Moves the system on by one step. Its forces must be those of its
    /// positions, and are so again afterwards.
    pub fn step(
        &self,
        system: &mut System,
        forces: &mut ForceField,
        random: &mut Random,
    ) -> Potential {
        self.half_kick(system);
        self.half_drift(system);
        if self.noise > 0.0 {
            let Self { memory, noise, .. } = *self;
            random.for_each_normal(&mut system.velocities, |velocity, normal| {
                *velocity = memory * *velocity + noise * normal;
            });
        }
        self.half_drift(system);
        for position in &mut system.positions {
            system.periodic_box.wrap(position);
        }
        let potential = forces.apply(system);
        self.half_kick(system);
        potential
    }

    fn half_kick(&self, system: &mut System) {
        let half = 0.5 * self.time_step;
        let forces = system.forces.as_flattened();
        for (velocity, force) in system.velocities.as_flattened_mut().iter_mut().zip(forces) {
            *velocity += half * force;
        }
    }

    fn half_drift(&self, system: &mut System) {
        let half = 0.5 * self.time_step;
        let velocities = system.velocities.as_flattened();
        for (position, velocity) in system
            .positions
            .as_flattened_mut()
            .iter_mut()
            .zip(velocities)
        {
            *position += half * velocity;
        }
    }
}
