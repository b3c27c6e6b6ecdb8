//! A whole sweep at once, for an operator who waits for it.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, JobTypeName};
use batchway_domain::job_type::JobType;
use batchway_domain::ports::{Orphan, Queue};
use tokio::time::sleep;

use super::orphans::Presence;
use super::passage::Passage;
use super::{Sweep, SweepError, Verdict};
use crate::Application;
use crate::causes::WithCauses;

/// Between two looks at an orphan that was asked to stop, and how often it is looked at.
const LOOKS: (Duration, usize) = (Duration::from_secs(2), 5);

/// The sweeps of one backend, without waiting for their turn. Calls are made no more often than
/// all replicas together may make them.
#[derive(Debug)]
pub struct SweepByHand(Sweep);

/// A job type whose queue could not be found out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OpenQuestion {
    /// The type.
    pub job_type: JobTypeName,
    /// Why, for the operator.
    pub reason: String,
}

/// What came of asking for an orphan to be stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It has ended.
    Ended,
    /// It was asked, and has not been seen to end yet.
    Asked,
    /// There is a record of it by now, or it had ended before: it is no orphan.
    NoOrphan,
}

impl Application {
    /// The sweeps of every backend in whose queues something can lie unseen.
    pub fn sweeps_by_hand(&self) -> Vec<SweepByHand> {
        self.sweeps().map(SweepByHand).collect()
    }
}

impl SweepByHand {
    /// Whose queues these are.
    pub const fn backend(&self) -> &BackendName {
        &self.0.backend
    }

    /// Every queue that job types lead to, and the types of which that is not known.
    pub async fn queues(&self) -> (Vec<Queue>, Vec<OpenQuestion>) {
        let mut queues = Vec::new();
        let mut open = Vec::new();
        for (kind, resolved) in self.0.resolve_all().await {
            match resolved {
                Ok(queue) => queues.extend(queue),
                Err(error) => open.push(open_question(&kind, &WithCauses(&error))),
            }
        }
        queues.sort();
        queues.dedup();
        (queues, open)
    }

    /// Up to when the queue has been swept.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, SweepError> {
        Ok(self.0.ledger().swept_until(queue).await?)
    }

    /// Sweeps the whole queue to its end, and answers how many living jobs of ours it holds.
    ///
    /// # Errors
    /// [`SweepError`]; the sweep does not count as completed then.
    pub async fn sweep(&self, queue: &Queue) -> Result<usize, SweepError> {
        let mut passage = Passage::whole(self.0.application.now());
        let mut found = 0;
        while !passage.is_complete() {
            match self.0.read_page(queue, &mut passage).await {
                Ok(count) => found += count,
                Err(SweepError::UsedUp { next_in }) => sleep(next_in).await,
                Err(error) => return Err(error),
            }
        }
        let began_at = passage.began_at();
        self.0.ledger().record_sweep(queue, began_at).await?;
        Ok(found)
    }

    /// Every orphan that has not been seen to end, and what becomes of it by itself.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn orphans(&self) -> Result<Vec<(Orphan, Verdict)>, SweepError> {
        let mut judged = Vec::new();
        for (orphan, _) in self.look_at(self.0.orphans().await?).await? {
            let verdict = self.0.verdict_on(&orphan).await?;
            judged.push((orphan, verdict));
        }
        Ok(judged)
    }

    /// Ends an orphan now, whatever its verdict.
    ///
    /// # Errors
    /// [`SweepError`].
    pub async fn end(&self, orphan: &Orphan) -> Result<Ending, SweepError> {
        if self.is_over(orphan).await? {
            return Ok(Ending::NoOrphan);
        }
        while let Err(error) = self.0.stop(orphan).await {
            match error {
                SweepError::UsedUp { next_in } => sleep(next_in).await,
                error => return Err(error),
            }
        }
        let (rest, looks) = LOOKS;
        for _ in 0..looks {
            if self.is_over(orphan).await? {
                return Ok(Ending::Ended);
            }
            sleep(rest).await;
        }
        Ok(Ending::Asked)
    }

    async fn is_over(&self, orphan: &Orphan) -> Result<bool, SweepError> {
        Ok(self.look_at(vec![orphan.clone()]).await?.is_empty())
    }

    async fn look_at(&self, orphans: Vec<Orphan>) -> Result<Vec<(Orphan, Presence)>, SweepError> {
        loop {
            match self.0.look_at(orphans.clone()).await {
                Err(SweepError::UsedUp { next_in }) => sleep(next_in).await,
                answer => return answer,
            }
        }
    }
}

fn open_question(kind: &JobType, error: &dyn std::fmt::Display) -> OpenQuestion {
    OpenQuestion {
        job_type: kind.name.clone(),
        reason: error.to_string(),
    }
}
