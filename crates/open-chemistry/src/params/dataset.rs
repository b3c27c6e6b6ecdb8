//! The params of `generate_dataset`.

use std::collections::HashSet;

use serde::Serialize;
use serde_json::Value;

use super::fields::{Fields, ParamsError, choose, shown};
use crate::physics::Species;

/// What the dataset is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum DatasetType {
    /// One row per reaction.
    ReactionTrajectories,
    /// One row per catalysed step between kinds of molecule.
    AutocatalysisNetwork,
    /// One row per kind of molecule, the rarest first.
    NovelMolecules,
}

/// The file format of the dataset.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum OutputFormat {
    /// Apache Parquet.
    Parquet,
    /// A JSON array of objects.
    Json,
    /// Comma-separated values with a header line.
    Csv,
}

/// Which reactions of the runs are taken into account.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Filters {
    /// First step, inclusive.
    pub step_from: u64,
    /// Last step, inclusive.
    pub step_to: u64,
    /// Least number of particles of a reaction's largest molecule.
    pub min_size: u64,
    /// Greatest number of particles of a reaction's largest molecule.
    pub max_size: u64,
    /// Species that a molecule must all hold.
    pub species: Vec<Species>,
}

/// What a dataset is asked to hold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct DatasetParams {
    /// What the dataset is about.
    pub dataset_type: DatasetType,
    /// Ids of the runs it is made from, each once.
    pub runs: Vec<String>,
    /// File format.
    pub output_format: OutputFormat,
    /// Which reactions count.
    pub filters: Filters,
    /// Whether `summary.json` gets figures per run.
    pub include_metrics: bool,
    /// Least novelty of a molecule listed, from 0 to 1.
    pub novelty_threshold: f64,
    /// Greatest number of rows.
    pub limit: u64,
    /// Whether the network is written as `network.json` and drawn as
    /// `network.svg`.
    pub include_graphs: bool,
}

const DATASET_TYPES: [(&str, DatasetType); 3] = [
    ("reaction_trajectories", DatasetType::ReactionTrajectories),
    ("autocatalysis_network", DatasetType::AutocatalysisNetwork),
    ("novel_molecules", DatasetType::NovelMolecules),
];

const OUTPUT_FORMATS: [(&str, OutputFormat); 3] = [
    ("parquet", OutputFormat::Parquet),
    ("json", OutputFormat::Json),
    ("csv", OutputFormat::Csv),
];

impl DatasetParams {
    /// Greatest number of runs in one dataset.
    pub const MAX_RUNS: usize = 100;
    /// Greatest `limit`, and the limit where none is given.
    pub const MAX_ROWS: u64 = 1_000_000;

    /// Reads the params of a dataset.
    ///
    /// # Errors
    /// A field is missing, unknown, of the wrong type or out of range; the
    /// error names it.
    pub fn from_json(params: &Value) -> Result<Self, ParamsError> {
        let mut params = Fields::of("params", params)?;
        let dataset_type = params.choice("dataset_type", &DATASET_TYPES, None)?;
        let default_format = match dataset_type {
            DatasetType::ReactionTrajectories => OutputFormat::Parquet,
            DatasetType::AutocatalysisNetwork | DatasetType::NovelMolecules => OutputFormat::Json,
        };
        let runs_path = params.path_of("runs");
        let read = Self {
            dataset_type,
            runs: run_ids(&runs_path, params.required("runs")?)?,
            output_format: params.choice("output_format", &OUTPUT_FORMATS, Some(default_format))?,
            filters: Filters::read(params.optional_object("filters")?)?,
            include_metrics: params.flag("include_metrics", false)?,
            novelty_threshold: params.number("novelty_threshold", 0.0..=1.0, Some(0.0))?,
            limit: params.integer("limit", 1..=Self::MAX_ROWS, Some(Self::MAX_ROWS))?,
            include_graphs: params.flag("include_graphs", false)?,
        };
        params.finish()?;
        Ok(read)
    }
}

impl Filters {
    const LAST_STEP: u64 = *super::SimulationParams::STEPS.end();
    const LARGEST_SIZE: u64 = *super::SimulationParams::NUM_PARTICLES.end();

    fn read(fields: Option<Fields<'_>>) -> Result<Self, ParamsError> {
        let Some(mut fields) = fields else {
            return Ok(Self::default());
        };
        let every = Self::default();
        let steps = 0..=Self::LAST_STEP;
        let sizes = 1..=Self::LARGEST_SIZE;
        let species_path = fields.path_of("species");
        let read = Self {
            step_from: fields.integer("step_from", steps.clone(), Some(every.step_from))?,
            step_to: fields.integer("step_to", steps, Some(every.step_to))?,
            min_size: fields.integer("min_size", sizes.clone(), Some(every.min_size))?,
            max_size: fields.integer("max_size", sizes, Some(every.max_size))?,
            species: match fields.optional("species") {
                None => every.species,
                Some(value) => species(&species_path, value)?,
            },
        };
        fields.finish()?;
        Ok(read)
    }
}

impl Default for Filters {
    /// Everything passes.
    fn default() -> Self {
        Self {
            step_from: 0,
            step_to: Self::LAST_STEP,
            min_size: 1,
            max_size: Self::LARGEST_SIZE,
            species: Vec::new(),
        }
    }
}

fn run_ids(path: &str, value: &Value) -> Result<Vec<String>, ParamsError> {
    let items = array(path, value)?;
    if items.is_empty() {
        return Err(ParamsError::new(path, "is empty; name at least one run"));
    }
    if items.len() > DatasetParams::MAX_RUNS {
        let problem = format!(
            "{} runs are more than {}",
            items.len(),
            DatasetParams::MAX_RUNS
        );
        return Err(ParamsError::new(path, problem));
    }
    let mut seen = HashSet::new();
    let mut ids = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        let field = format!("{path}[{index}]");
        let id = item
            .as_str()
            .filter(|id| is_job_id(id))
            .ok_or_else(|| ParamsError::new(&field, format!("{} is not a job id", shown(item))))?;
        if !seen.insert(id) {
            return Err(ParamsError::new(&field, format!("{id} is named twice")));
        }
        ids.push(id.to_owned());
    }
    Ok(ids)
}

/// `^job_[0-9a-z]+$`, as in the schema. An id is also a folder's name, so
/// nothing else may pass.
fn is_job_id(id: &str) -> bool {
    id.strip_prefix("job_").is_some_and(|rest| {
        !rest.is_empty()
            && rest
                .bytes()
                .all(|byte| byte.is_ascii_digit() || byte.is_ascii_lowercase())
    })
}

fn species(path: &str, value: &Value) -> Result<Vec<Species>, ParamsError> {
    let choices = Species::ALL.map(|species| (species.symbol(), species));
    let mut read: Vec<Species> = Vec::new();
    for (index, item) in array(path, value)?.iter().enumerate() {
        let field = format!("{path}[{index}]");
        let species = choose(&field, item, &choices)?;
        if read.contains(&species) {
            return Err(ParamsError::new(
                field,
                format!("{} is named twice", species.symbol()),
            ));
        }
        read.push(species);
    }
    Ok(read)
}

fn array<'json>(path: &str, value: &'json Value) -> Result<&'json [Value], ParamsError> {
    value
        .as_array()
        .map(Vec::as_slice)
        .ok_or_else(|| ParamsError::new(path, format!("{} is not an array", shown(value))))
}
