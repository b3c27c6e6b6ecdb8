//! A job as it is shown to its owner.

use batchway_domain::artifacts::JobFolder;
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
        self.view_of(job.snapshot(), &job.folder()).await
    }

    /// A job as it was once, with a link that is new.
    pub(crate) async fn view_of(
        &self,
        snapshot: JobSnapshot,
        folder: &JobFolder,
    ) -> Result<JobView, RequestError> {
        let key = snapshot
            .main_result
            .as_deref()
            .map(|name| folder.artifact(name));
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
