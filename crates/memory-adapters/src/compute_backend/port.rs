//! The port: each call is one step under one lock.

use std::collections::BTreeSet;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::{DeploymentId, TryName};
use batchway_domain::job::{BackendId, RequestHash, Settlement, Target};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{
    BackendError, Candidate, Capacity, ComputeBackend, Description, LogError, LogPage, LogPosition,
    Queue, QueuePage, QueuePosition, QueuedJob, StopEvidence, Submission, SubmitError,
};

use super::job::MemoryJob;
use super::{Kind, MemoryComputeBackend, State, log};

#[async_trait]
impl ComputeBackend for MemoryComputeBackend {
    fn settlement(&self) -> Settlement {
        self.kind.settlement
    }

    async fn capacity(&self) -> Capacity {
        match self.kind.slots {
            Some(slots) => Capacity::Slots(slots.saturating_sub(self.state().alive())),
            None => Capacity::Queue,
        }
    }

    async fn resolve_target(&self, execution: &Execution) -> Result<Target, SubmitError> {
        Ok(Target(match execution {
            Execution::Process(process) => format!("memory:{}", process.command.join(" ")),
            Execution::AwsBatch(batch) => format!("memory:{}:{}", batch.queue, batch.definition),
        }))
    }

    async fn submit(&self, submission: &Submission) -> Result<BackendId, SubmitError> {
        let now = self.clock.now();
        self.state().submit(&self.kind, submission, now)
    }

    async fn describe(&self, ids: &[BackendId]) -> Result<Vec<Description>, BackendError> {
        let state = self.state();
        let wanted: BTreeSet<&BackendId> = ids.iter().collect();
        let known = wanted.into_iter().filter_map(|id| state.jobs.get(id));
        Ok(known.map(|job| job.description.clone()).collect())
    }

    async fn find_by_name(
        &self,
        name: &TryName,
        target: &Target,
        hash: &RequestHash,
    ) -> Result<Vec<Candidate>, BackendError> {
        let state = self.state();
        if state.hides_from_lookups {
            return Ok(Vec::new());
        }
        let matching = state.jobs.values().filter(|job| {
            let submitted = &job.submission;
            submitted.name == *name
                && submitted.target == *target
                && submitted.request_hash == *hash
        });
        Ok(matching
            .map(|job| Candidate {
                id: job.description.id.clone(),
                created_at: job.created_at,
            })
            .collect())
    }

    /// What has slots finds everything by its name; what has a queue has one for each target.
    fn queue_of(&self, target: &Target) -> Option<Queue> {
        self.kind.slots.is_none().then(|| Queue(target.0.clone()))
    }

    async fn list_queue(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> Result<QueuePage, BackendError> {
        Ok(self.state().page(queue, deployment, from))
    }

    async fn is_marked(
        &self,
        id: &BackendId,
        deployment: &DeploymentId,
    ) -> Result<bool, BackendError> {
        let state = self.state();
        let job = state.jobs.get(id);
        Ok(job.is_some_and(|job| job.submission.name.deployment == *deployment))
    }

    async fn terminate(&self, id: &BackendId, _reason: &str) -> Result<(), BackendError> {
        let now = self.clock.now();
        let mut state = self.state();
        let holds_stops = state.holds_stops;
        if let Some(job) = state.jobs.get_mut(id).filter(|job| !job.has_ended()) {
            job.is_stopping = true;
            if !holds_stops {
                job.stop(StopEvidence::OurReason, now);
            }
        }
        Ok(())
    }

    async fn read_log(
        &self,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        let state = self.state();
        let job = state.jobs.get(id).filter(|job| !job.is_forgotten);
        let job = job.ok_or_else(|| log::no_log("the job is not known"))?;
        job.page_of_log(attempt, from, limit)
    }

    async fn obstacles(
        &self,
        _target: &Target,
        _execution: Option<&Execution>,
    ) -> Result<Obstacles, BackendError> {
        Ok(self.state().obstacles.clone())
    }

    async fn forget(&self, id: &BackendId) -> Result<(), BackendError> {
        if let Some(job) = self.state().jobs.get_mut(id).filter(|job| job.has_ended()) {
            job.is_forgotten = true;
        }
        Ok(())
    }
}

/// Few, so that tests turn pages.
const PAGE: usize = 3;

impl State {
    /// A position is how many jobs of the queue are older than those read.
    fn page(
        &self,
        queue: &Queue,
        deployment: &DeploymentId,
        from: Option<&QueuePosition>,
    ) -> QueuePage {
        if self.hides_from_lookups {
            return QueuePage::default();
        }
        let in_queue = self.jobs.values();
        let in_queue = in_queue.filter(|job| job.submission.target.0 == queue.0);
        let in_queue: Vec<&MemoryJob> = in_queue.collect();
        let end = from
            .and_then(|position| position.0.parse().ok())
            .map_or(in_queue.len(), |end: usize| end.min(in_queue.len()));
        let begin = end.saturating_sub(PAGE);
        let page = &in_queue[begin..end];
        let ours = page
            .iter()
            .rev()
            .filter(|job| !job.has_ended() && job.submission.name.deployment == *deployment);
        QueuePage {
            jobs: ours
                .map(|job| QueuedJob {
                    id: job.description.id.clone(),
                    name: job.submission.name.clone(),
                    created_at: job.created_at,
                })
                .collect(),
            back_to: page.iter().map(|job| job.created_at).min(),
            next: (begin > 0).then(|| QueuePosition(begin.to_string())),
        }
    }

    fn alive(&self) -> usize {
        self.jobs.values().filter(|job| !job.has_ended()).count()
    }

    fn submit(
        &mut self,
        kind: &Kind,
        submission: &Submission,
        now: Timestamp,
    ) -> Result<BackendId, SubmitError> {
        if let Some(held) = &self.held {
            return Err(SubmitError::Held(held.clone()));
        }
        let same = self
            .jobs
            .values()
            .find(|job| kind.name_is_unique && job.submission.name == submission.name);
        let id = match same {
            Some(job) => job.description.id.clone(),
            None if kind.slots.is_some_and(|slots| self.alive() >= slots) => {
                return Err(SubmitError::DidNotHappen {
                    reason: "every slot is taken".to_owned(),
                    retry_after: None,
                    source: None,
                });
            }
            None => self.take(submission, now),
        };
        if self.replies_to_lose > 0 {
            self.replies_to_lose -= 1;
            return Err(SubmitError::Unknown {
                reason: "the reply was lost".to_owned(),
                source: None,
            });
        }
        Ok(id)
    }

    fn take(&mut self, submission: &Submission, now: Timestamp) -> BackendId {
        self.submissions += 1;
        let id = BackendId(format!("memory-{:08}", self.submissions));
        let job = MemoryJob::new(id.clone(), submission.clone(), now);
        self.jobs.insert(id.clone(), job);
        id
    }
}
