//! A job as it is shown to its owner.

use batchway_domain::job::{Job, JobSnapshot};
use batchway_domain::ports::{Disposition, Link};

use crate::{Application, RequestError};

/// A job and the link to its main result.
#[derive(Clone, Debug, PartialEq)]
pub struct JobView {
    /// The job.
    pub snapshot: JobSnapshot,
    /// Where its main result can be fetched, once it is completed.
    pub result: Option<Link>,
}

impl Application {
    pub(crate) async fn view(&self, job: &Job) -> Result<JobView, RequestError> {
        let snapshot = job.snapshot();
        let key = snapshot
            .main_result
            .as_deref()
            .map(|name| job.folder().artifact(name));
        let result = match key {
            // A main result whose name can't be a key was never stored.
            Some(Err(_)) | None => None,
            Some(Ok(key)) => {
                let ttl = self.settings().link_ttl;
                Some(
                    self.artifacts()
                        .link(&key, ttl, Disposition::Attachment)
                        .await?,
                )
            }
        };
        Ok(JobView { snapshot, result })
    }
}
