//! The schemas of all job types, compiled once.

use std::collections::BTreeMap;
use std::sync::Arc;

use batchway_domain::identity::{BackendName, JobTypeName};
use batchway_domain::job_type::{JobType, JobTypes};
use batchway_domain::ports::ComputeBackend;
use jsonschema::{ValidationError, Validator};
use serde_json::Value;

use crate::Violation;

/// The most violations that one answer lists.
const MAX_VIOLATIONS: usize = 20;

/// Longer sentences don't repeat the value that they are about; in characters.
const LONGEST_SENTENCE: usize = 300;

/// A job type that can't work as configured.
#[derive(Debug, thiserror::Error)]
#[error("job type {name}: {problem}")]
pub struct InvalidJobType {
    /// Which.
    pub name: JobTypeName,
    /// A sentence for the operator.
    pub problem: String,
}

#[derive(Debug)]
pub(crate) struct JobTypeSchemas(BTreeMap<JobTypeName, Validator>);

impl JobTypeSchemas {
    pub(crate) fn compile(
        types: &JobTypes,
        backends: &BTreeMap<BackendName, Arc<dyn ComputeBackend>>,
    ) -> Result<Self, InvalidJobType> {
        let mut validators = BTreeMap::new();
        for kind in types.iter() {
            let invalid = |problem| InvalidJobType {
                name: kind.name.clone(),
                problem,
            };
            if !backends.contains_key(&kind.backend) {
                return Err(invalid(format!("there is no backend {}", kind.backend)));
            }
            validators.insert(kind.name.clone(), compile(kind).map_err(invalid)?);
        }
        Ok(Self(validators))
    }

    /// What is wrong with these params, by the schema of their type.
    pub(crate) fn violations(&self, kind: &JobTypeName, params: &Value) -> Vec<Violation> {
        let Some(validator) = self.0.get(kind) else {
            return Vec::new();
        };
        validator
            .iter_errors(params)
            .take(MAX_VIOLATIONS)
            .map(|error| {
                Violation::new(
                    format!("/params{}", error.instance_path()),
                    sentence_about(&error),
                )
            })
            .collect()
    }
}

/// What is wrong, with the value at fault in it unless that is long.
fn sentence_about(error: &ValidationError<'_>) -> String {
    let whole = error.to_string();
    if whole.chars().count() <= LONGEST_SENTENCE {
        return whole;
    }
    let masked = error.masked_with("the value").to_string();
    masked.chars().take(LONGEST_SENTENCE).collect()
}

fn compile(kind: &JobType) -> Result<Validator, String> {
    let validator = jsonschema::draft202012::new(&kind.params_schema)
        .map_err(|error| format!("its params_schema is not a JSON Schema: {error}"))?;
    match validator.validate(&kind.example) {
        Err(error) => Err(format!(
            "its example does not fit its params_schema: {error}"
        )),
        Ok(()) => Ok(validator),
    }
}
