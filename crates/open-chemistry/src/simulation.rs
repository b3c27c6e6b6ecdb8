//! A run from its params to its results: the loop over steps, what is written
//! down on the way, checkpoints and progress.

pub mod checkpoint;
mod population;
pub mod progress;
mod record;
mod run;

pub use population::{MoleculeKind, Population};
pub use record::{FrameSeries, PopulationSeries, ReactionLog, Record, ThermodynamicSeries};
pub use run::{Ending, Host, Simulation};

#[cfg(test)]
mod tests;
