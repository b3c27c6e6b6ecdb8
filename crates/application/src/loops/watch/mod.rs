//! Follows jobs at their backend, a hundred at a time, and stops what must not go on.
//!
//! | file | holds |
//! |---|---|
//! | `evidence` | what a look at a job shows |
//! | `stopping` | stopping copies |

mod evidence;
mod stopping;

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, JobId};
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{BackendId, Job, Lane, Pace, Rules, Settlement};
use batchway_domain::ports::{Description, StoreError};
use futures_util::future::join_all;

use super::{Loop, Report};
use crate::Application;
use crate::calls::{Calls, IDS_PER_LOOK};
use crate::causes::WithCauses;

/// How long a job is put off while it is looked after.
const LEASE: Duration = Duration::from_secs(30);

/// The least rest while looks are used up.
const LEAST_REST: Duration = Duration::from_millis(50);

/// Follows the jobs of one backend.
#[derive(Debug)]
pub struct Watch {
    application: Application,
    calls: Arc<Calls>,
    lane: Lane,
}

type Answers = HashMap<BackendId, Description>;

/// When a job is due again of whose record nothing changed; `None` where the record says it.
type NextLook = Option<(JobId, Timestamp)>;

impl Watch {
    pub(super) fn new(application: Application, name: BackendName, calls: Arc<Calls>) -> Self {
        Self {
            application,
            calls,
            lane: Lane::Watch(name),
        }
    }

    /// Looks at all of these jobs, or at as many as the backend may be asked about now.
    async fn look_at(&self, mut jobs: Vec<Job>) -> Report {
        let mut report = Report {
            taken: jobs.len(),
            more: jobs.len() == IDS_PER_LOOK,
            ..Report::default()
        };
        // Where not all can be looked at, those that are to stop come first.
        jobs.sort_by_key(|job| job.stops().is_empty());
        let (allowed, next_in) = match self.calls.grant_looks(ids_of(&jobs).len()).await {
            Ok(granted) => granted,
            Err(error) => {
                // Nobody can say whether the backend may be asked.
                let _or_their_lease = self.application.hand_back(&jobs).await;
                return Report::failed(&error);
            }
        };
        let put_off = jobs.split_off(how_many_fit(&jobs, allowed));
        let now = self.application.now();
        if put_off.is_empty() {
            self.calls.stretch().enough(now);
        } else {
            self.calls.stretch().too_little(now);
            report.rest = Some(next_in.max(LEAST_REST));
        }
        let looks = async {
            let answers = self.ask(&jobs).await;
            let followed = jobs
                .into_iter()
                .map(|job| self.follow(job, answers.as_ref()));
            join_all(followed).await
        };
        let (mut results, unseen) = tokio::join!(looks, self.stop_unseen(put_off));
        results.extend(unseen.into_iter().map(Ok));
        let mut times = Vec::with_capacity(results.len());
        for result in results {
            match result {
                Ok(next) => times.extend(next),
                Err(error) => report.failure = Some(error.to_string()),
            }
        }
        if !times.is_empty()
            && let Err(error) = self.application.jobs().reschedule(&times).await
        {
            report.failure = Some(error.to_string());
        }
        report
    }

    /// Jobs that can't be looked at now are looked at later; a stop waits for no look.
    async fn stop_unseen(&self, jobs: Vec<Job>) -> Vec<NextLook> {
        let now = self.application.now();
        let stops = jobs.into_iter().map(|job| async move {
            self.application.stop_what_must(&self.calls, &job).await;
            let Pace {
                shortest, stretch, ..
            } = self.application.rules_of(&job).pace;
            // Sooner than those that were looked at, so that not always the same are left out.
            let factor = if job.stops().is_empty() { stretch } else { 1 };
            Some((job.id, now.plus(shortest.saturating_mul(factor))))
        });
        join_all(stops).await
    }

    async fn ask(&self, jobs: &[Job]) -> Option<Answers> {
        let ids = ids_of(jobs);
        if ids.is_empty() {
            return Some(Answers::new());
        }
        match self.calls.describe(&ids).await {
            Ok(answers) => Some(
                answers
                    .into_iter()
                    .map(|one| (one.id.clone(), one))
                    .collect(),
            ),
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(%error, jobs = jobs.len(), "the backend could not be asked");
                None
            }
        }
    }

    async fn follow(&self, job: Job, answers: Option<&Answers>) -> Result<NextLook, StoreError> {
        let before = job.version;
        let Some(job) = self.observe(job, answers).await? else {
            return Ok(None);
        };
        self.application.stop_what_must(&self.calls, &job).await;
        if job.version != before {
            return Ok(None);
        }
        let at = self.next_look(&job);
        Ok(Some((job.id, at)))
    }

    /// By the job's pace, or soon while a stop is on its way.
    fn next_look(&self, job: &Job) -> Timestamp {
        let pace = self.application.rules_of(job).pace;
        let now = self.application.now();
        if job.stops().is_empty() {
            pace.next(job.state_since, now)
        } else {
            now.plus(pace.shortest)
        }
    }

    async fn observe(
        &self,
        job: Job,
        answers: Option<&Answers>,
    ) -> Result<Option<Job>, StoreError> {
        let Some(answers) = answers else {
            return self
                .application
                .apply(job, &Observation::BackendUnreachable)
                .await;
        };
        let mut job = job;
        let ended = self.ended_surplus(&job, answers);
        if !ended.is_empty() {
            match self
                .application
                .apply(job, &Observation::SurplusEnded(ended))
                .await?
            {
                Some(next) => job = next,
                None => return Ok(None),
            }
        }
        let Some(id) = job.state.backend_id().cloned() else {
            return Ok(Some(job));
        };
        let observed = match answers.get(&id) {
            Some(description) => self.described(&job, description).await,
            None => self.absent(&job).await,
        };
        match observed {
            Ok(observations) => {
                let mut present = Some(job);
                for observation in observations {
                    let Some(job) = present else { break };
                    present = self.application.apply(job, &observation).await?;
                }
                Ok(present)
            }
            Err(error) => {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, %error, "could not read what the job left");
                Ok(Some(job))
            }
        }
    }

    /// The surplus copies that are no longer alive.
    fn ended_surplus(&self, job: &Job, answers: &Answers) -> Vec<BackendId> {
        // Where answers can lag behind, a copy that is missing may only not be seen yet.
        let absence_counts = self.calls.settlement() == Settlement::Authoritative
            || self.application.now().since(job.state_since) >= Rules::LOST_AFTER;
        job.surplus
            .iter()
            .filter(|id| match answers.get(id) {
                Some(description) => description.state.has_ended(),
                None => absence_counts,
            })
            .cloned()
            .collect()
    }

    /// Leaves the jobs that only others can see to them.
    async fn only_ours(&self, jobs: Vec<Job>) -> Result<Vec<Job>, StoreError> {
        let (ours, others): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| self.calls.looks_after(job.current_try.target.as_ref()));
        let left = others
            .iter()
            .map(|job| self.application.leave_to_others(job));
        join_all(left)
            .await
            .into_iter()
            .collect::<Result<(), _>>()?;
        Ok(ours)
    }
}

/// Every copy that a look at these jobs is about, once.
fn ids_of(jobs: &[Job]) -> Vec<BackendId> {
    let ids: BTreeSet<&BackendId> = jobs
        .iter()
        .flat_map(|job| job.state.backend_id().into_iter().chain(&job.surplus))
        .collect();
    ids.into_iter().cloned().collect()
}

/// How many of the jobs, from the first on, have no more copies than this.
fn how_many_fit(jobs: &[Job], allowed: usize) -> usize {
    let mut copies = 0;
    jobs.iter()
        .take_while(|job| {
            copies += job.state.backend_id().into_iter().count() + job.surplus.len();
            copies <= allowed
        })
        .count()
}

#[async_trait]
impl Loop for Watch {
    fn name(&self) -> String {
        self.lane.to_string()
    }

    fn period(&self) -> Duration {
        match self.calls.settlement() {
            Settlement::Authoritative => Duration::from_millis(250),
            Settlement::After { .. } => Duration::from_secs(1),
        }
    }

    async fn run_once(&self) -> Report {
        let taken = self
            .application
            .take_due(&self.lane, IDS_PER_LOOK, LEASE)
            .await;
        let jobs = match taken {
            Ok(jobs) if jobs.is_empty() => return Report::default(),
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        if self.application.is_draining() {
            return Report::of_result(self.application.hand_back(&jobs).await);
        }
        match self.only_ours(jobs).await {
            Ok(jobs) => self.look_at(jobs).await,
            Err(error) => Report::failed(&error),
        }
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
