//! What a job finds in its environment. Backends add what is theirs: the params, the bucket, and
//! what the job type's configuration names.

use std::collections::BTreeMap;
use std::time::Duration;

use batchway_domain::identity::{Environment, JobId};
use batchway_domain::job_type::JobType;
use batchway_domain::runner::variables;
use batchway_domain::security::JobToken;

use crate::Application;

/// How long a job token is good: longer than any job waits and runs. It ends earlier, with its
/// try.
const TOKEN_LIFETIME: Duration = Duration::from_secs(90 * 24 * 3600);

/// A try, as far as its environment depends on it.
pub(crate) struct Surroundings<'a> {
    pub(crate) job: &'a JobId,
    pub(crate) user: &'a str,
    pub(crate) environment: &'a Environment,
    pub(crate) try_number: u32,
    /// The jobs whose results are the input.
    pub(crate) inputs: &'a [String],
}

impl Application {
    /// An image that knows nothing of the runner gets what it asks for and no more: neither a
    /// token nor the gateway's address.
    pub(crate) fn environment_of(
        &self,
        kind: &JobType,
        of: &Surroundings<'_>,
    ) -> BTreeMap<String, String> {
        let mut found = BTreeMap::from([
            (variables::JOB_ID.to_owned(), of.job.to_string()),
            (variables::USER_ID.to_owned(), of.user.to_owned()),
            (variables::ENV.to_owned(), of.environment.to_string()),
        ]);
        if kind.gated {
            found.extend(self.for_the_runner(kind, of));
        }
        found
    }

    fn for_the_runner(&self, kind: &JobType, of: &Surroundings<'_>) -> BTreeMap<String, String> {
        let settings = self.settings();
        let token = JobToken {
            job: of.job.clone(),
            try_number: of.try_number,
            expires_at: self.now().plus(TOKEN_LIFETIME),
        };
        let mut found = BTreeMap::from([
            (variables::JOB_TYPE.to_owned(), kind.name.to_string()),
            (variables::TRY.to_owned(), of.try_number.to_string()),
            (
                variables::GATEWAY_URL.to_owned(),
                settings.gateway_url.clone(),
            ),
            (
                variables::JOB_TOKEN.to_owned(),
                token.sign(&settings.secrets),
            ),
        ]);
        if !of.inputs.is_empty() {
            found.insert(variables::INPUT_RUNS.to_owned(), of.inputs.join(","));
        }
        found
    }
}
