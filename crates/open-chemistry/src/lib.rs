//! Open chemistry: a small, honest simulation of particles that meet, bond and
//! part, and datasets made from its runs. The reference workload of Batchway.
//!
//! Particles of three species move in a periodic box by Langevin dynamics
//! ([`physics`]); bonds form and break by thermal activation. A run
//! ([`simulation`]) writes its results ([`results`]) as HDF5, CSV, JSON and
//! pictures ([`plots`]); a [`dataset`] is made from the results of many runs.
//!
//! The program `open-chemistry` is this library and a command line.

pub mod dataset;
pub mod params;
pub mod physics;
pub mod plots;
pub mod results;
pub mod simulation;
