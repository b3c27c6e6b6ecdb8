//! The loop over steps.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::checkpoint::CheckpointFolder;
use super::progress::{ProgressWriter, grouped};
use super::record::Record;
use crate::params::SimulationParams;
use crate::physics::Species;
use crate::physics::forces::ForceField;
use crate::physics::integrator::Integrator;
use crate::physics::random::Random;
use crate::physics::reactions::{Chemistry, SWEEP_INTERVAL};
use crate::physics::system::System;
use crate::physics::units;

/// Least time between two checkpoints.
const CHECKPOINT_INTERVAL: Duration = Duration::from_secs(10);

/// Samples of a run, the initial state not counted.
const SAMPLES: u64 = 500;

/// Frames of a small run, the initial state not counted.
const FRAMES: u64 = 100;

/// Positions kept of all frames together; a large run has fewer frames.
const FRAME_POSITIONS: u64 = 2_000_000;

/// A run: its params and its whole state.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Simulation {
    params: SimulationParams,
    step: u64,
    system: System,
    random: Random,
    record: Record,
}

/// What a run needs of the process that it runs in.
#[derive(Debug)]
pub struct Host<'host, Clock> {
    /// Time since the process started.
    pub elapsed: Clock,
    /// Set when the run is to stop.
    pub stop: &'host AtomicBool,
    /// Where progress goes.
    pub progress: ProgressWriter,
    /// Where checkpoints go.
    pub checkpoints: Option<CheckpointFolder>,
}

/// How [`Simulation::run`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// All steps are done.
    Completed,
    /// It was told to stop; its state is in the checkpoint, where there is a
    /// folder for one.
    Stopped,
}

impl Simulation {
    /// A run that has not begun.
    #[must_use]
    pub fn new(params: SimulationParams) -> Self {
        let mut random = Random::seeded(params.seed);
        let counts = Species::counts_among(params.num_particles);
        let species = Species::ALL
            .into_iter()
            .flat_map(|species| std::iter::repeat_n(species, counts[species.code()]))
            .collect();
        let temperature = units::reduced_temperature(params.temperature);
        let mut system = System::gas_of(species, params.density, temperature, &mut random);
        let potential = ForceField::new(system.periodic_box).apply(&mut system);
        let record = Record::of(&system.species);
        let mut simulation = Self {
            params,
            step: 0,
            system,
            random,
            record,
        };
        simulation.sample(potential.repulsion);
        simulation.record.frames.push(0, 0.0, &simulation.system);
        simulation
    }

    /// What it was asked to do.
    #[must_use]
    pub fn params(&self) -> &SimulationParams {
        &self.params
    }

    /// Steps done.
    #[must_use]
    pub fn step(&self) -> u64 {
        self.step
    }

    /// The particles now.
    #[must_use]
    pub fn system(&self) -> &System {
        &self.system
    }

    /// What was written down so far.
    #[must_use]
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The time step, in τ.
    #[must_use]
    pub fn time_step(&self) -> f64 {
        units::time_step(units::reduced_temperature(self.params.temperature))
    }

    /// Goes on until all steps are done or it is told to stop.
    ///
    /// # Errors
    /// A checkpoint can't be written.
    pub fn run<Clock: Fn() -> Duration>(
        &mut self,
        host: &mut Host<'_, Clock>,
    ) -> io::Result<Ending> {
        let temperature = units::reduced_temperature(self.params.temperature);
        let integrator = Integrator::langevin(self.time_step(), temperature, units::FRICTION);
        let chemistry = Chemistry::new(temperature, self.time_step());
        let mut forces = ForceField::new(self.system.periodic_box);
        let mut last_checkpoint = (host.elapsed)();

        while self.step < self.params.steps {
            if host.stop.load(Ordering::Relaxed) {
                self.checkpoint(host)?;
                return Ok(Ending::Stopped);
            }
            self.advance(&integrator, &chemistry, &mut forces);
            let now = (host.elapsed)();
            let fraction = self.step as f64 / self.params.steps as f64;
            host.progress.report(now, fraction, || self.status());
            if now.saturating_sub(last_checkpoint) >= CHECKPOINT_INTERVAL {
                self.checkpoint(host)?;
                last_checkpoint = now;
            }
        }
        host.progress.finish(&self.status());
        Ok(Ending::Completed)
    }

    fn advance(&mut self, integrator: &Integrator, chemistry: &Chemistry, forces: &mut ForceField) {
        let potential = integrator.step(&mut self.system, forces, &mut self.random);
        self.step += 1;
        let Self {
            params,
            step,
            system,
            random,
            record,
        } = self;
        let last = *step == params.steps;
        if step.is_multiple_of(SWEEP_INTERVAL) {
            chemistry.sweep(system, forces, random, |reaction| {
                record.reaction(&reaction, *step)
            });
        }
        if last || step.is_multiple_of(params.steps.div_ceil(SAMPLES)) {
            self.sample(potential.repulsion);
        }
        if last || self.step.is_multiple_of(self.frame_interval()) {
            let time = self.time();
            self.record.frames.push(self.step, time, &self.system);
        }
    }

    fn frame_interval(&self) -> u64 {
        let affordable = FRAME_POSITIONS / self.params.num_particles as u64;
        self.params.steps.div_ceil(affordable.clamp(1, FRAMES))
    }

    fn time(&self) -> f64 {
        self.step as f64 * self.time_step()
    }

    fn sample(&mut self, repulsion: f64) {
        let time = self.time();
        let Self {
            step,
            system,
            record,
            ..
        } = self;
        let series = &mut record.series;
        series.step.push(*step);
        series.time.push(time);
        series
            .temperature
            .push(units::kelvin(system.kinetic_temperature()));
        series.kinetic.push(system.kinetic_energy());
        series.repulsion.push(repulsion);
        series.bond_strain.push(system.bond_strain());
        series.binding.push(system.binding_energy());
        series.bonds.push(system.bonds.count() as u64);
        series.molecules.push(record.population.molecules());
        record.populations.push(*step, &record.population);
    }

    fn status(&self) -> String {
        format!(
            "step {} of {}: {} bonds, {:.1} K",
            grouped(self.step),
            grouped(self.params.steps),
            grouped(self.system.bonds.count() as u64),
            units::kelvin(self.system.kinetic_temperature()),
        )
    }

    fn checkpoint<Clock>(&self, host: &Host<'_, Clock>) -> io::Result<()> {
        host.checkpoints
            .as_ref()
            .map_or(Ok(()), |folder| folder.save(self))
    }
}
