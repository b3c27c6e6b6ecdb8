//! Looks through the queues of a backend for copies that nobody follows: a request that was
//! taken after all hope was given up, a job whose record was lost. What it finds is made known to
//! the job's record, or held as an orphan.
//!
//! | file | holds |
//! |---|---|
//! | `queues` | which queues there are |
//! | `passage` | reading one queue from its newest job on, page by page |
//! | `findings` | what a job that was found is to us |
//! | `orphans` | jobs without a record: how long they are held, and how they end |
//! | `by_hand` | a whole sweep at once, for an operator |

mod by_hand;
mod findings;
mod orphans;
mod passage;
mod queues;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::BackendName;
use batchway_domain::job::{Absence, BackendId};
use batchway_domain::ports::{BackendError, Queue, StoreError, SweepLedger};

use super::{Loop, Report};
use crate::Application;
use crate::calls::{CallError, Calls, SWEEP_EVERY};
use crate::causes::WithCauses;
use passage::Passage;
use queues::KnownQueues;

pub use by_hand::{Ending, OpenQuestion, SweepByHand};
pub use orphans::Verdict;

/// How many pages one round reads.
const PAGES_PER_ROUND: usize = 5;

/// Between two rounds of a sweep that is under way: others need to read too.
const BREATH: Duration = Duration::from_secs(1);

/// Sweeps the queues of one backend.
#[derive(Debug)]
pub struct Sweep {
    application: Application,
    backend: BackendName,
    calls: Arc<Calls>,
    queues: KnownQueues,
    /// The sweeps that are under way. Where they are lost with their process, another replica
    /// begins anew a few minutes later.
    passages: Mutex<BTreeMap<Queue, Passage>>,
    /// Orphans that the backend does not tell of any more.
    missing: Mutex<HashMap<BackendId, Absence>>,
}

/// Why a part of a sweep could not be done.
#[derive(Debug, thiserror::Error)]
pub enum SweepError {
    /// The calls that the backend takes are used up. Nothing is wrong.
    #[error("the calls that the backend takes are used up for the next {} ms", .next_in.as_millis())]
    UsedUp {
        /// When there is the next.
        next_in: Duration,
    },
    /// The store could not be asked.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The backend could not be asked.
    #[error(transparent)]
    Backend(#[from] BackendError),
}

impl From<CallError> for SweepError {
    fn from(error: CallError) -> Self {
        match error {
            CallError::UsedUp { next_in } => Self::UsedUp { next_in },
            CallError::Budget(error) => Self::Store(error),
            CallError::Backend(error) => Self::Backend(error),
        }
    }
}

/// How far the sweep of a queue came in one round.
enum Progress {
    /// It is another's turn, or nobody's for so long.
    NotBefore(Duration),
    /// There are more pages.
    UnderWay,
    /// It was completed.
    Done,
}

impl Sweep {
    pub(super) fn new(application: Application, backend: BackendName, calls: Arc<Calls>) -> Self {
        Self {
            application,
            backend,
            calls,
            queues: KnownQueues::default(),
            passages: Mutex::default(),
            missing: Mutex::default(),
        }
    }

    fn ledger(&self) -> &dyn SweepLedger {
        &*self.application.0.ports.ledger
    }

    /// Goes on with the sweep of a queue, or begins one where it is time for that.
    async fn advance(&self, queue: &Queue, pages: &mut usize) -> Result<Progress, SweepError> {
        let swept_until = self.ledger().swept_until(queue).await?;
        // Who sweeps keeps its turn for as long as that takes.
        let turn = self.calls.grant_sweep(queue).await?;
        let under_way = self.passages().remove(queue);
        let mut passage = match under_way {
            Some(passage) => passage,
            None if turn.tokens == 0 => return Ok(Progress::NotBefore(turn.next_in)),
            None => Passage::since(swept_until, self.application.now()),
        };
        let progress = self.read_some(queue, &mut passage, pages).await;
        if !matches!(progress, Ok(Progress::Done)) {
            self.passages().insert(queue.clone(), passage);
        }
        progress
    }

    async fn read_some(
        &self,
        queue: &Queue,
        passage: &mut Passage,
        pages: &mut usize,
    ) -> Result<Progress, SweepError> {
        while *pages > 0 && !self.application.is_draining() {
            *pages -= 1;
            self.read_page(queue, passage).await?;
            if passage.is_complete() {
                let began_at = passage.began_at();
                self.ledger().record_sweep(queue, began_at).await?;
                return Ok(Progress::Done);
            }
        }
        Ok(Progress::UnderWay)
    }

    fn passages(&self) -> MutexGuard<'_, BTreeMap<Queue, Passage>> {
        self.passages.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Loop for Sweep {
    fn name(&self) -> String {
        format!("sweep:{}", self.backend)
    }

    /// After a failure. Otherwise each round says when the next one has something to do.
    fn period(&self) -> Duration {
        Duration::from_secs(30)
    }

    async fn run_once(&self) -> Report {
        let mut report = Report::default();
        let mut rest = SWEEP_EVERY;
        let mut pages = PAGES_PER_ROUND;
        let mut note = |done: Result<Progress, SweepError>| match done {
            Ok(Progress::Done) => {}
            Ok(Progress::UnderWay) => rest = BREATH,
            Ok(Progress::NotBefore(wait)) | Err(SweepError::UsedUp { next_in: wait }) => {
                rest = rest.min(wait.max(BREATH));
            }
            Err(error) => report.failure = Some(WithCauses(&error).to_string()),
        };
        for queue in self.queues().await {
            note(self.advance(&queue, &mut pages).await);
        }
        note(self.review().await);
        report.rest = Some(rest);
        report
    }
}
