//! Datasets made from the results of completed runs.
//!
//! | `dataset_type` | one row is |
//! |---|---|
//! | `reaction_trajectories` | a reaction |
//! | `autocatalysis_network` | a kind of molecule that catalysed the formation of another, see [`autocatalysis`] |
//! | `novel_molecules` | a kind of molecule, with its [`novelty`] |
//!
//! The rows go to `dataset.parquet`, `dataset.json` or `dataset.csv`, figures
//! to `summary.json`, and the graph, where it is asked for, to `network.json`
//! and `network.svg`. Runs are read one after the other, so that memory holds
//! one run and the rows.

pub mod autocatalysis;
mod filter;
mod graph;
mod metrics;
pub mod novelty;
mod output;
mod parquet;
mod table;
mod trajectories;

use std::path::Path;

use serde_json::{Value, json};

use crate::params::{DatasetParams, DatasetType};
use crate::results::hdf5::{Hdf5Error, RunResults};
use crate::results::{WriteError, create_folder, write_text};
use crate::simulation::progress::grouped;
use autocatalysis::Autocatalysis;
use graph::Graph;
use novelty::Novelty;
use table::Table;
use trajectories::Trajectories;

/// A dataset that can't be made.
#[derive(Debug, thiserror::Error)]
pub enum DatasetError {
    /// A run's results are missing or of another layout.
    #[error("params.runs: {run} can't be used: {source}")]
    Run {
        /// Id of the run.
        run: String,
        /// What is wrong with its `results.h5`.
        source: Hdf5Error,
    },
    /// A file can't be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The Parquet file can't be written.
    #[error("can't write {path}: {source}")]
    Parquet {
        /// Which file.
        path: String,
        /// Why.
        source: ::parquet::errors::ParquetError,
    },
}

/// What gathers rows from one run after the other.
trait Collector {
    /// Takes a run into account.
    fn add(&mut self, run: &str, results: &RunResults);

    /// The rows, the figures for the summary, and the graph.
    fn finish(self: Box<Self>) -> Collected;
}

/// What a collector gathered.
struct Collected {
    /// Rows there would be without a limit; the table may have fewer.
    found: u64,
    table: Table,
    figures: Value,
    graph: Graph,
}

/// Makes a dataset from `{input}/{run}/results.h5` of each run and writes it
/// into `output`; returns the number of rows. `progress` is told the part done
/// and what was done last.
///
/// # Errors
/// A run can't be used, which the error names, or a file can't be written.
pub fn generate(
    params: &DatasetParams,
    input: &Path,
    output: &Path,
    mut progress: impl FnMut(f64, &str),
) -> Result<u64, DatasetError> {
    create_folder(output)?;
    let mut collector = collector(params);
    let mut metrics = Vec::new();
    for (index, run) in params.runs.iter().enumerate() {
        let results = RunResults::read(&input.join(run).join("results.h5")).map_err(|source| {
            DatasetError::Run {
                run: run.clone(),
                source,
            }
        })?;
        collector.add(run, &results);
        metrics.push(metrics::of(run, &results));
        // The last tenth is for writing.
        let done = 0.9 * (index + 1) as f64 / params.runs.len() as f64;
        let reactions = grouped(results.reactions.len() as u64);
        progress(done, &format!("read {run}: {reactions} reactions"));
    }

    let Collected {
        found,
        mut table,
        figures,
        graph,
    } = collector.finish();
    table.truncate(usize::try_from(params.limit).unwrap_or(usize::MAX));
    let file = output::write(&table, params.output_format, output)?;
    if params.include_graphs {
        write_text(output, "network.json", &graph.to_json())?;
        write_text(output, "network.svg", &graph.to_svg())?;
    }
    let mut summary = json!({
        "program": "open-chemistry",
        "program_version": env!("CARGO_PKG_VERSION"),
        "params": params,
        "file": file,
        "columns": table.described(),
        "rows": table.rows(),
        "rows_beyond_limit": found - table.rows() as u64,
        "figures": figures,
    });
    if params.include_metrics {
        summary["metrics"] = Value::Array(metrics);
    }
    let mut text = serde_json::to_string_pretty(&summary).expect("a JSON value is always written");
    text.push('\n');
    write_text(output, "summary.json", &text)?;
    Ok(table.rows() as u64)
}

fn collector(params: &DatasetParams) -> Box<dyn Collector> {
    let filters = params.filters.clone();
    match params.dataset_type {
        DatasetType::ReactionTrajectories => {
            Box::new(Trajectories::new(filters, params.limit as usize))
        }
        DatasetType::AutocatalysisNetwork => Box::new(Autocatalysis::new(filters)),
        DatasetType::NovelMolecules => Box::new(Novelty::new(filters, params.novelty_threshold)),
    }
}

#[cfg(test)]
mod tests;
