//! What exactly is sent.

use std::collections::BTreeMap;
use std::sync::Arc;

use batchway_domain::job::{Job, Target};
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{ArtifactError, Created, ParamsDelivery, StoreError, Submission};
use bytes::Bytes;
use tokio::time::timeout;

use super::Dispatch;
use crate::causes::WithCauses;
use crate::job_environment::Surroundings;
use crate::use_cases::input_runs;

/// All of a submission but what the claim fixes.
pub(super) struct Prepared {
    environment: BTreeMap<String, String>,
    params: ParamsDelivery,
}

/// Why a job can't be sent.
pub(super) enum Unprepared {
    /// Nothing is there to be sent, and never will be.
    ParamsGone,
    /// Its params have to be stored first, and can't be now.
    NotStored,
}

impl Dispatch {
    /// Everything that takes time before a job is sent is done before it is claimed.
    pub(super) async fn prepare(
        &self,
        job: &Job,
        kind: &JobType,
    ) -> Result<Result<Prepared, Unprepared>, StoreError> {
        let Some(params) = self.application.jobs().params(&job.id).await? else {
            return Ok(Err(Unprepared::ParamsGone));
        };
        let parsed = serde_json::from_str(&params).unwrap_or_default();
        let of = Surroundings {
            job: &job.id,
            user: job.user.as_str(),
            environment: &job.environment,
            try_number: job.current_try.number,
            inputs: &input_runs(kind, &parsed),
        };
        let environment = self.application.environment_of(kind, &of);
        let size = self
            .calls
            .request_size(&kind.execution, &environment, &params);
        let is_gated = self.application.rules_of(job).gated;
        let is_too_long = is_gated && size.is_some_and(|size| !size.fits());
        let params = if is_too_long {
            if !self.store_params(job, &params).await {
                return Ok(Err(Unprepared::NotStored));
            }
            ParamsDelivery::Stored
        } else {
            ParamsDelivery::Inline(params)
        };
        Ok(Ok(Prepared {
            environment,
            params,
        }))
    }

    /// Puts the params where the runner fetches them. They never change, so whoever was there
    /// first wrote the same. Says whether they are there.
    async fn store_params(&self, job: &Job, params: &Arc<str>) -> bool {
        let key = job.folder().params();
        let content = Bytes::copy_from_slice(params.as_bytes());
        let create = self.application.artifacts().create(&key, content);
        let answer = timeout(self.sending.timeout, create).await;
        match answer.unwrap_or_else(|_| Err(took_too_long())) {
            Ok(Created::Won | Created::AlreadyThere) => true,
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, %error, "could not store the job's params");
                false
            }
        }
    }

    pub(super) fn submission(
        &self,
        job: &Job,
        kind: &JobType,
        target: Target,
        prepared: Prepared,
    ) -> Submission {
        Submission {
            name: job.try_name(&self.application.settings().deployment),
            target,
            request_hash: job.request_hash.clone(),
            execution: kind.execution.clone(),
            gated: self.application.rules_of(job).gated,
            timeout: kind.timeout,
            environment: prepared.environment,
            params: prepared.params,
            tenant: job.user.clone(),
        }
    }
}

fn took_too_long() -> ArtifactError {
    ArtifactError::Unavailable {
        reason: "it took too long to answer".to_owned(),
        source: None,
    }
}
