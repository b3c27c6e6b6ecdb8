//! Shows jobs in a table outside of the gateway: every change at least once, each job's in order,
//! holding up nothing else.
//!
//! What has changed is a set of jobs, so that a mirror that is away costs one entry a job, and
//! catching up costs one row a job. A row whose content is refused must not keep the others from
//! being written: the batch is halved until that row is alone, and it is left for later.

mod writing;

use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::Job;
use batchway_domain::ports::{MirrorError, MirrorRow, StoreError};

use super::{Loop, Report};
use crate::causes::WithCauses;
use crate::{Application, MirrorPorts};
use writing::{Written, write};

/// How many rows go together: some hundred kilobytes.
const BATCH: usize = 100;

/// Longer than writing a batch takes.
const LEASE: Duration = Duration::from_secs(60);

/// How long a row is left alone whose content was refused.
const REFUSED_FOR: Duration = Duration::from_secs(600);

/// The longest that the mirror may ask for before it is tried again.
const LONGEST_REST: Duration = Duration::from_secs(300);

/// Mirrors jobs.
#[derive(Debug)]
pub struct Mirror {
    application: Application,
    ports: MirrorPorts,
}

impl Mirror {
    pub(super) const fn new(application: Application, ports: MirrorPorts) -> Self {
        Self { application, ports }
    }

    fn row(&self, job: &Job) -> MirrorRow {
        MirrorRow {
            job: job.id.clone(),
            version: job.version,
            columns: (self.ports.encode)(job),
        }
    }

    /// Writes down what became of a batch. What was neither written nor refused is due again at
    /// once, for whoever comes.
    async fn settle(&self, written: &Written) -> Result<(), StoreError> {
        let backlog = &self.ports.backlog;
        if !written.versions.is_empty() {
            backlog.mirrored(&written.versions).await?;
        }
        let now = self.application.now();
        self.put_off(&written.refused, now.plus(REFUSED_FOR))
            .await?;
        self.put_off(&written.left, now).await
    }

    async fn put_off(&self, jobs: &[JobId], until: Timestamp) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.ports.backlog.put_off(jobs, until).await
    }
}

/// How a round ended whose batch was not written whole.
fn report(taken: usize, failure: &MirrorError) -> Report {
    if let MirrorError::Unavailable {
        retry_after: Some(asked),
        ..
    } = failure
    {
        let rest = (*asked).min(LONGEST_REST);
        let (error, seconds) = (WithCauses(failure), rest.as_secs());
        tracing::warn!(%error, seconds, "the mirror wants to be left alone for a while");
        return Report {
            taken,
            rest: Some(rest),
            ..Report::default()
        };
    }
    Report {
        taken,
        ..Report::failed(&WithCauses(failure))
    }
}

#[async_trait]
impl Loop for Mirror {
    fn name(&self) -> String {
        "mirror".to_owned()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Report {
        let jobs = match self.ports.backlog.take_changed(BATCH, LEASE).await {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        let rows: Vec<MirrorRow> = jobs.iter().map(|job| self.row(job)).collect();
        let written = write(&*self.ports.mirror, &rows).await;
        if let Err(error) = self.settle(&written).await {
            return Report::failed(&error);
        }
        match &written.failure {
            Some(failure) => report(jobs.len(), failure),
            None => Report {
                taken: jobs.len(),
                more: jobs.len() == BATCH,
                ..Report::default()
            },
        }
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard_for_mirror().await;
    }
}
