//! What goes on by itself.
//!
//! Each loop is idempotent and takes no input: it asks the store what is due, does a bounded
//! and leased batch of it, and reports. [`drive`] says when: every period, at once when nudged
//! or when there was more than a batch, later and later while it fails.

mod archive;
mod deliver;
mod dispatch;
mod drive;
mod hosts;
mod learn;
mod listen;
mod mirror;
mod remove;
mod resolve;
mod sweep;
mod watch;

use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::job::{BackendId, Job, Lane, Settlement};
use batchway_domain::ports::{DueRequest, StoreError};

use crate::Application;

pub use deliver::Deliver;
pub use dispatch::Dispatch;
pub use drive::drive;
pub use learn::Learn;
pub use listen::Listen;
pub use mirror::Mirror;
pub use remove::Remove;
pub use resolve::Resolve;
pub use sweep::{Ending, OpenQuestion, Sweep, SweepByHand, SweepError, Verdict};
pub use watch::Watch;

/// What one round of a loop did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// How many jobs it took in hand.
    pub taken: usize,
    /// There may be more of them right now.
    pub more: bool,
    /// How long to rest where more would be done if only it were allowed already.
    pub rest: Option<Duration>,
    /// Why the round, or a part of it, could not be done.
    pub failure: Option<String>,
}

impl Report {
    /// What came of a batch of at most `limit` jobs, each with its own result.
    fn of_batch(limit: usize, results: Vec<Result<(), StoreError>>) -> Self {
        let taken = results.len();
        let failure = results.into_iter().find_map(Result::err);
        Self {
            taken,
            more: taken == limit,
            failure: failure.map(|error| error.to_string()),
            ..Self::default()
        }
    }

    /// What came of something that is not done job by job.
    fn of_result(result: Result<(), StoreError>) -> Self {
        match result {
            Ok(()) => Self::default(),
            Err(error) => Self::failed(&error),
        }
    }

    fn failed(failure: &impl std::fmt::Display) -> Self {
        Self {
            failure: Some(failure.to_string()),
            ..Self::default()
        }
    }
}

/// One kind of work that goes on by itself.
#[async_trait]
pub trait Loop: Send + Sync {
    /// For logs.
    fn name(&self) -> String;

    /// How long to rest between two rounds.
    fn period(&self) -> Duration;

    /// One bounded round. Doing it twice is the same as doing it once.
    async fn run_once(&self) -> Report;

    /// Resolves when there may be something to do before the period is over.
    async fn nudged(&self) {
        std::future::pending().await
    }

    /// Waits for what its rounds began and left under way, once there are no more rounds.
    async fn finish(&self) {}
}

/// Whether looking at the job tells what became of this copy.
fn is_followed(job: &Job, copy: &BackendId) -> bool {
    job.state.backend_id() == Some(copy)
        || job.candidates.contains(copy)
        || job.surplus.contains(copy)
}

impl Application {
    /// Takes what is due in a lane, and puts it off for as long as it is being looked after.
    async fn take_due(
        &self,
        lane: &Lane,
        limit: usize,
        lease: Duration,
    ) -> Result<Vec<Job>, StoreError> {
        let request = DueRequest {
            lane: lane.clone(),
            limit,
            lease,
            created_before: None,
        };
        self.jobs().take_due(&request).await
    }

    /// Puts back what was taken and not begun: it is due again at once, for whoever comes.
    async fn hand_back(&self, jobs: &[Job]) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let now = self.now();
        let times: Vec<_> = jobs
            .iter()
            .map(|job| (job.id.clone(), job.due().at.min(now)))
            .collect();
        self.jobs().reschedule(&times).await
    }

    /// Every loop that this application needs, to be driven side by side.
    pub fn loops(&self) -> Vec<Box<dyn Loop>> {
        let mut loops: Vec<Box<dyn Loop>> = vec![
            Box::new(Remove::new(self.clone())),
            Box::new(Learn::new(self.clone())),
            Box::new(Deliver::new(self.clone())),
        ];
        if let Some(feed) = &self.0.ports.feed {
            loops.push(Box::new(Listen::new(self.clone(), feed.clone())));
        }
        if let Some(ports) = &self.0.ports.mirror {
            loops.push(Box::new(Mirror::new(self.clone(), ports.clone())));
        }
        for sweep in self.sweeps() {
            loops.push(Box::new(sweep));
        }
        for (name, calls) in &self.0.calls {
            let (name, calls) = (|| name.clone(), || calls.clone());
            loops.push(Box::new(Dispatch::new(self.clone(), name(), calls())));
            loops.push(Box::new(Resolve::new(self.clone(), name(), calls())));
            loops.push(Box::new(Watch::new(self.clone(), name(), calls())));
        }
        loops
    }

    /// The sweeps of every backend but those whose look-ups see everything.
    fn sweeps(&self) -> impl Iterator<Item = Sweep> {
        let calls = self.0.calls.iter();
        let with_queues =
            calls.filter(|(_, calls)| calls.settlement() != Settlement::Authoritative);
        with_queues.map(|(name, calls)| Sweep::new(self.clone(), name.clone(), calls.clone()))
    }
}
