//! How long completed jobs worked.

use std::time::Duration;

use batchway_domain::identity::JobTypeName;
use batchway_domain::job::{Job, JobStatus};
use batchway_domain::ports::{FinishedRun, StoreError};
use futures_util::future::try_join_all;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::keyspace::{Key, shards};
use crate::reply::{array, integer, pairs, text, unexpected};

/// A completed run as its shard keeps it; the last hundred of each type.
pub(crate) struct Run {
    /// Job, size of the work and milliseconds of running, with spaces between.
    pub(crate) entry: String,
    /// Milliseconds since the epoch.
    pub(crate) ended_at: i64,
}

/// The run of a completed job whose last attempt has a start and an end.
pub(crate) fn run_of(job: &Job) -> Option<Run> {
    if job.status() != JobStatus::Completed {
        return None;
    }
    let attempt = job.attempts.last()?;
    let (started_at, stopped_at) = (attempt.started_at?, attempt.stopped_at?);
    let ran_for = stopped_at.since(started_at).as_millis();
    Some(Run {
        entry: format!("{} {} {ran_for}", job.id, job.work),
        ended_at: job.completed_at.unwrap_or(stopped_at).as_millis(),
    })
}

impl Core {
    pub(crate) async fn recent_runs(
        &self,
        job_type: &JobTypeName,
        limit: usize,
    ) -> Result<Vec<FinishedRun>, StoreError> {
        let Some(last) = limit.checked_sub(1) else {
            return Ok(Vec::new());
        };
        let of_shard = |shard| {
            let key = self.keyspace.of_shard(shard).runs(job_type);
            async move { self.last_runs(&key, last).await }
        };
        let found = try_join_all(shards().map(of_shard)).await?;
        let mut runs: Vec<(i64, String)> = found.into_iter().flatten().collect();
        runs.sort_by(|a, b| b.cmp(a));
        runs.truncate(limit);
        runs.iter()
            .map(|(_, entry)| read(job_type, entry).ok_or_else(|| unexpected("a past run")))
            .collect()
    }

    async fn last_runs(&self, key: &Key, last: usize) -> Result<Vec<(i64, String)>, StoreError> {
        let arguments = vec![
            number(0),
            number(last),
            argument("REV"),
            argument("WITHSCORES"),
        ];
        let found = self.link.read("ZRANGE", key, arguments).await?;
        pairs(array(found, "past runs")?)
            .map(|(entry, ended_at)| {
                let ended_at = integer(ended_at, "the end of a run")?;
                Ok((ended_at, text(entry, "a past run")?))
            })
            .collect()
    }
}

fn read(job_type: &JobTypeName, entry: &str) -> Option<FinishedRun> {
    let mut parts = entry.split(' ').skip(1);
    Some(FinishedRun {
        job_type: job_type.clone(),
        work: parts.next()?.parse().ok()?,
        ran_for: Duration::from_millis(parts.next()?.parse().ok()?),
    })
}
