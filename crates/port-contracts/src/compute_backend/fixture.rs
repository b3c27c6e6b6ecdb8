//! What a compute backend must bring along to be tried.

use std::sync::Arc;

use async_trait::async_trait;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::BackendId;
use batchway_domain::ports::{ComputeBackend, Submission};

use crate::specimens;

/// A compute backend with no jobs in it, and programs that it can run.
#[async_trait]
pub trait ComputeBackendFixture: Send + Sync {
    /// The backend.
    fn backend(&self) -> Arc<dyn ComputeBackend>;

    /// A try under this name that runs such a program, without a gate, with the target that
    /// the backend resolves for it.
    fn submission(&self, name: TryName, program: Program) -> Submission;

    /// The installation that the names of tries belong to. To be given where several fixtures
    /// share what lies behind their backends.
    fn deployment(&self) -> DeploymentId {
        specimens::deployment()
    }

    /// Has somebody else submit this, without the marks by which the backend knows our jobs where
    /// it can show such marks.
    async fn submit_unmarked(&self, submission: &Submission) -> BackendId {
        let submitted = self.backend().submit(submission).await;
        submitted.expect("the backend takes the job")
    }

    /// Gives the backend a moment to go on: moves it, where it moves by hand, otherwise waits
    /// shortly. Cases call this between two looks, again and again, until they see what they
    /// wait for or their time is over.
    async fn settle(&self);

    /// What this backend can do.
    fn capabilities(&self) -> ComputeBackendCapabilities;
}

/// Programs for the backend to run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Program {
    /// Ends at once with exit status 0.
    SucceedsAtOnce,
    /// Ends at once with this exit status, from 1 to 119.
    FailsWith(i32),
    /// Runs until it is asked to stop, and then stops.
    RunsUntilStopped,
    /// Runs on when it is asked to stop (`SIGTERM`), until it is made to.
    IgnoresSigterm,
    /// Writes so many lines to its standard output, `line 1`, `line 2` and so on, and ends with
    /// exit status 0.
    WritesLines(u32),
    /// Writes such lines one after the other, several in a second, until it is asked to stop.
    WritesUntilStopped,
}

/// What compute backends differ in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ComputeBackendCapabilities {
    /// One name has one job: a second submission under it answers with the id of the first.
    /// Otherwise it makes another job, and a look-up finds both.
    pub name_is_unique: bool,
    /// It runs so many jobs at once, says how many more, and at least two where it is empty.
    /// Otherwise it has a queue, and takes any number.
    pub has_slots: bool,
    /// A look-up by name leaves out what was submitted with another request hash. Otherwise it
    /// gives all that bears the name.
    pub tells_hashes_apart: bool,
    /// What there is of a program's log.
    pub logs: Logs,
    /// It tells the exit status of a program that failed. Otherwise only that it failed.
    pub tells_exit_status: bool,
    /// What comes of a request to stop.
    pub stopping: Stopping,
    /// What can be seen of the jobs in its queues.
    pub queues: Queues,
}

/// What a list of a queue tells jobs of ours apart by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Queues {
    /// By their names and by marks that no name has by itself. The fixture says how a job
    /// without marks is made.
    Marked {
        /// The newest job comes first, on the first of several pages. Otherwise there is but one
        /// page.
        newest_first: bool,
    },
    /// By their names alone.
    Named,
    /// There are no queues, and nothing can lie unseen.
    None,
}

/// How much a request to stop can be relied on, from most to least.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stopping {
    /// It works in whatever state the job is, shows in its end, and leaves an end alone that was
    /// there before.
    Faithful,
    /// As [`Stopping::Faithful`], but a failure that was there before is told anew, as if it had
    /// come of the request.
    RetellsFailures,
    /// Only a program that runs is sure to be stopped. Its end shows nothing of the request, and
    /// an end that was there before may be another afterwards.
    Careless,
}

/// When a program's log can be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logs {
    /// While the program runs, and after its end.
    Live,
    /// Only after its end, and perhaps some time after.
    AfterTheEnd,
    /// Never.
    None,
}
