//! The params of `run_simulation`.

use std::ops::RangeInclusive;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::fields::{Fields, ParamsError};

/// What a simulation is asked to do.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SimulationParams {
    /// Number of particles of all species together.
    pub num_particles: usize,
    /// Set point of the thermostat, in kelvin.
    pub temperature: f64,
    /// Number of time steps.
    pub steps: u64,
    /// Seed of the random numbers: the same params give the same results.
    pub seed: u64,
    /// Particles per volume, in σ⁻³.
    pub density: f64,
}

impl SimulationParams {
    /// Limits of `num_particles`. Below ten the box would be smaller than two
    /// capture radii at the highest density.
    pub const NUM_PARTICLES: RangeInclusive<u64> = 10..=100_000;
    /// Limits of `temperature`, in kelvin.
    pub const TEMPERATURE: RangeInclusive<f64> = 1.0..=5000.0;
    /// Limits of `steps`.
    pub const STEPS: RangeInclusive<u64> = 1..=10_000_000;
    /// Limits of `seed`: the whole numbers that every JSON reader keeps exact.
    pub const SEED: RangeInclusive<u64> = 0..=9_007_199_254_740_991;
    /// Limits of `density`, in σ⁻³.
    pub const DENSITY: RangeInclusive<f64> = 0.01..=0.4;

    /// Seed of a run whose params name none.
    pub const DEFAULT_SEED: u64 = 0;
    /// Density of a run whose params name none.
    pub const DEFAULT_DENSITY: f64 = 0.3;

    /// Reads the params of a simulation.
    ///
    /// # Errors
    /// A field is missing, unknown, of the wrong type or out of range; the
    /// error names it.
    pub fn from_json(params: &Value) -> Result<Self, ParamsError> {
        let mut params = Fields::of("params", params)?;
        let mut simulation_config = params.required_object("simulation_config")?;
        params.finish()?;
        simulation_config.choice("mode", &[("open_chemistry", ())], None)?;
        let mut config = simulation_config.required_object("config")?;
        simulation_config.finish()?;

        let num_particles = config.integer("num_particles", Self::NUM_PARTICLES, None)?;
        let read = Self {
            num_particles: usize::try_from(num_particles).expect("at most 100,000"),
            temperature: config.number("temperature", Self::TEMPERATURE, None)?,
            steps: config.integer("steps", Self::STEPS, None)?,
            seed: config.integer("seed", Self::SEED, Some(Self::DEFAULT_SEED))?,
            density: config.number("density", Self::DENSITY, Some(Self::DEFAULT_DENSITY))?,
        };
        config.finish()?;
        Ok(read)
    }

    /// These params as the document that gives them, defaults filled in.
    #[must_use]
    pub fn to_json(&self) -> Value {
        json!({"simulation_config": {"mode": "open_chemistry", "config": self}})
    }
}
