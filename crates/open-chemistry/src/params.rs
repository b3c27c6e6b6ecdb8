//! The params of the two job types, read from JSON.
//!
//! Everything out of range or unknown is refused, and the refusal names the
//! field as a person would write it: `params.simulation_config.config.steps`.
//! The JSON Schemas under `schemas/` say the same to whoever checks params
//! before they get here; a test holds the two together.

mod dataset;
mod fields;
mod simulation;

pub use dataset::{DatasetParams, DatasetType, Filters, OutputFormat};
pub use fields::{ParamsError, parse_document};
pub use simulation::SimulationParams;

/// JSON Schema (draft 2020-12) of the params of `run_simulation`.
pub const RUN_SIMULATION_SCHEMA: &str = include_str!("../schemas/run_simulation.json");

/// JSON Schema (draft 2020-12) of the params of `generate_dataset`.
pub const GENERATE_DATASET_SCHEMA: &str = include_str!("../schemas/generate_dataset.json");

#[cfg(test)]
mod tests;
