//! Whether a backend has room for a job, before it is accepted.

use batchway_domain::identity::JobId;
use batchway_domain::job_type::JobType;
use batchway_domain::ports::RequestSize;
use serde_json::Value;

use super::submit_job::input_runs;
use crate::job_environment::Surroundings;
use crate::{Application, Violation};

/// The longest name of a user. Whose key it is turns out in the step that records the job.
const LONGEST_USER: &str = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";

/// More tries than any job has, by its number of digits.
const LATEST_TRY: u32 = 99;

impl Application {
    /// What is too long to be handed over, at its longest. Under the runner params may be of any
    /// length, as it fetches those that are too long; the jobs that it takes as inputs are named
    /// in its environment.
    pub(super) fn too_long(
        &self,
        id: &JobId,
        kind: &JobType,
        params: &str,
        parsed: &Value,
    ) -> Option<Violation> {
        let calls = self.calls_to(&kind.backend)?;
        let inputs = input_runs(kind, parsed);
        let of = Surroundings {
            job: id,
            user: LONGEST_USER,
            environment: &self.settings().environment,
            try_number: LATEST_TRY,
            inputs: &inputs,
        };
        let environment = self.environment_of(kind, &of);
        let inline = if kind.gated { "" } else { params };
        let size = calls.request_size(&kind.execution, &environment, inline)?;
        (!size.fits()).then(|| violation(kind, size))
    }
}

fn violation(kind: &JobType, RequestSize { characters, limit }: RequestSize) -> Violation {
    let pointer = match &kind.inputs {
        Some(inputs) if kind.gated => format!("/params{inputs}"),
        _ => "/params".to_owned(),
    };
    Violation::new(
        pointer,
        format!(
            "is too long: with it the request to the backend takes {characters} characters, and \
             {limit} is the most"
        ),
    )
}
