//! A page of the caller's jobs.

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, JobTypeName};
use batchway_domain::job::JobStatus;
use batchway_domain::ports::JobQuery;
use batchway_domain::security::{KeyDigest, Purpose};
use data_encoding::BASE64URL_NOPAD;

use super::JobView;
use crate::{Application, RequestError};

/// Which jobs to list. All conditions hold together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListRequest {
    /// At most this many.
    pub limit: usize,
    /// The `next_cursor` of the page before.
    pub cursor: Option<String>,
    /// Only those with this status.
    pub status: Option<JobStatus>,
    /// Only those of this type.
    pub job_type: Option<JobTypeName>,
    /// Only those created after this time.
    pub created_after: Option<Timestamp>,
    /// Only those created before this time.
    pub created_before: Option<Timestamp>,
}

/// A page of jobs, newest first.
#[derive(Clone, Debug, PartialEq)]
pub struct JobList {
    /// The jobs.
    pub jobs: Vec<JobView>,
    /// Leads to the next page; absent on the last one.
    pub next_cursor: Option<String>,
}

impl Application {
    /// A page of the caller's jobs. Its cost is that of the page.
    ///
    /// # Errors
    /// [`RequestError::InvalidCursor`] for a cursor that was not given out here.
    pub async fn list_jobs(
        &self,
        key: &KeyDigest,
        request: ListRequest,
    ) -> Result<JobList, RequestError> {
        let before = match request
            .cursor
            .as_deref()
            .map(|cursor| self.open_cursor(cursor))
        {
            Some(None) => {
                self.authenticate(key).await?;
                return Err(RequestError::InvalidCursor);
            }
            Some(before) => before,
            None => None,
        };
        let query = JobQuery {
            limit: request.limit,
            before,
            status: request.status,
            job_type: request.job_type,
            created_after: request.created_after,
            created_before: request.created_before,
        };
        let page = self.jobs().list(key, &query).await?;
        let mut jobs = Vec::with_capacity(page.jobs.len());
        for job in &page.jobs {
            jobs.push(self.view(job).await?);
        }
        Ok(JobList {
            jobs,
            next_cursor: page.next.map(|id| self.make_cursor(&id)),
        })
    }

    /// `{job id}.{signature}`: signed, so that only what was given out comes back.
    fn make_cursor(&self, id: &JobId) -> String {
        let signature = self
            .settings()
            .secrets
            .sign(Purpose::ListCursor, id.as_str().as_bytes());
        format!("{id}.{}", BASE64URL_NOPAD.encode(&signature))
    }

    fn open_cursor(&self, cursor: &str) -> Option<JobId> {
        let (id, signature) = cursor.split_once('.')?;
        let signature = BASE64URL_NOPAD.decode(signature.as_bytes()).ok()?;
        let secrets = &self.settings().secrets;
        secrets
            .verify(Purpose::ListCursor, id.as_bytes(), &signature)
            .then(|| id.parse().ok())
            .flatten()
    }
}
