//! A mirror of jobs in memory.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::JobId;
use batchway_domain::ports::{JobMirror, MirrorError, MirrorRow};

/// A table of jobs, as a test lets it be: there, away, in need of mending, or with a dislike of
/// some jobs.
#[derive(Debug, Default)]
pub struct MemoryJobMirror(Mutex<Table>);

#[derive(Debug, Default)]
struct Table {
    rows: BTreeMap<JobId, MirrorRow>,
    /// Every version of a job that was written, in the order of writing.
    written: Vec<(JobId, u64)>,
    calls: usize,
    state: State,
    disliked: BTreeSet<JobId>,
    loses_replies: bool,
}

#[derive(Clone, Copy, Debug, Default)]
enum State {
    #[default]
    Open,
    Away(Option<Duration>),
    Shut,
}

impl MemoryJobMirror {
    /// From now on it can't be reached, and perhaps says when to come back.
    pub fn go_away(&self, retry_after: Option<Duration>) {
        self.table().state = State::Away(retry_after);
    }

    /// From now on it takes nothing until somebody mends it.
    pub fn shut(&self) {
        self.table().state = State::Shut;
    }

    /// It takes rows again, and its answers arrive.
    pub fn come_back(&self) {
        let mut table = self.table();
        table.state = State::Open;
        table.loses_replies = false;
    }

    /// From now on it writes rows, and its answers are lost.
    pub fn lose_replies(&self) {
        self.table().loses_replies = true;
    }

    /// From now on it takes no row of this job.
    pub fn dislike(&self, job: &JobId) {
        self.table().disliked.insert(job.clone());
    }

    /// Whatever it did not like is fine now.
    pub fn like_all(&self) {
        self.table().disliked.clear();
    }

    /// The row of a job.
    pub fn row(&self, job: &JobId) -> Option<MirrorRow> {
        self.table().rows.get(job).cloned()
    }

    /// Every version that was written, in the order of writing, those that changed nothing too.
    pub fn written(&self) -> Vec<(JobId, u64)> {
        self.table().written.clone()
    }

    /// How often it was called.
    pub fn calls(&self) -> usize {
        self.table().calls
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn away(retry_after: Option<Duration>) -> MirrorError {
    MirrorError::Unavailable {
        reason: "the mirror in memory is away".to_owned(),
        retry_after,
        source: None,
    }
}

#[async_trait]
impl JobMirror for MemoryJobMirror {
    async fn upsert(&self, rows: &[MirrorRow]) -> Result<(), MirrorError> {
        let mut table = self.table();
        table.calls += 1;
        match table.state {
            State::Open => {}
            State::Away(retry_after) => return Err(away(retry_after)),
            State::Shut => {
                let reason = "the mirror in memory has to be mended".to_owned();
                return Err(MirrorError::Refused { reason });
            }
        }
        if let Some(row) = rows.iter().find(|row| table.disliked.contains(&row.job)) {
            let reason = format!("the mirror in memory does not like {}", row.job);
            return Err(MirrorError::RowRefused { reason });
        }
        for row in rows {
            table.written.push((row.job.clone(), row.version));
            let present = table.rows.get(&row.job);
            if present.is_none_or(|present| present.version < row.version) {
                table.rows.insert(row.job.clone(), row.clone());
            }
        }
        if table.loses_replies {
            return Err(away(None));
        }
        Ok(())
    }
}
