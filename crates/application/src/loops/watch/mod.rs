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
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::identity::BackendName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{BackendId, Job, Lane, Settlement};
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
    /// There were fewer calls than looks.
    is_short: AtomicBool,
}

type Descriptions = HashMap<BackendId, Description>;

/// What a backend says when it is asked about jobs.
#[derive(Debug, PartialEq)]
enum Answer {
    /// What became of those that it knows.
    Told(Descriptions),
    /// That there were too many questions.
    TurnedAway,
    /// Nothing.
    None,
}

impl Watch {
    pub(super) fn new(application: Application, name: BackendName, calls: Arc<Calls>) -> Self {
        Self {
            application,
            calls,
            lane: Lane::Watch(name),
            is_short: AtomicBool::new(false),
        }
    }

    /// For how many copies the backend may be asked now, where there were fewer calls than looks
    /// a moment ago: then no job is taken before it may be looked at. `None` where that is asked
    /// for each batch once it is known.
    async fn allowed_beforehand(&self) -> Result<Option<usize>, Report> {
        if !self.was_short() {
            return Ok(None);
        }
        match self.calls.grant_looks(IDS_PER_LOOK).await {
            Ok((0, next_in)) => Err(Report {
                more: true,
                rest: Some(next_in.max(LEAST_REST)),
                ..Report::default()
            }),
            Ok((allowed, _)) => Ok(Some(allowed)),
            Err(error) => Err(Report::failed(&error)),
        }
    }

    /// Looks at all of these jobs, or at as many as the backend may be asked about now.
    async fn look_at(&self, mut jobs: Vec<Job>, allowed: Option<usize>) -> Report {
        let mut report = Report {
            taken: jobs.len(),
            more: jobs.len() == IDS_PER_LOOK,
            ..Report::default()
        };
        let granted = match allowed {
            Some(allowed) => Ok((allowed, Duration::ZERO)),
            None => self.calls.grant_looks(ids_of(&jobs).len()).await,
        };
        let (allowed, next_in) = match granted {
            Ok(granted) => granted,
            Err(error) => {
                // Nobody can say whether the backend may be asked.
                let _or_their_lease = self.application.hand_back(&jobs).await;
                return Report::failed(&error);
            }
        };
        // Where not all can be looked at, those that are to stop come first.
        jobs.sort_by_key(|job| job.stops().is_empty());
        let unseen = jobs.split_off(how_many_fit(&jobs, allowed));
        let (looked_at, put_back) = tokio::join!(self.look(jobs), self.put_back(&unseen));
        let is_short = !unseen.is_empty() || matches!(looked_at, Ok(Answer::TurnedAway));
        report.rest = is_short.then(|| next_in.max(LEAST_REST));
        let stays_short = is_short || (self.was_short() && report.more);
        self.is_short.store(stays_short, Ordering::Relaxed);
        let failed = looked_at.err().or(put_back.err());
        report.failure = failed.map(|error| error.to_string());
        report
    }

    fn was_short(&self) -> bool {
        self.is_short.load(Ordering::Relaxed)
    }

    async fn look(&self, jobs: Vec<Job>) -> Result<Answer, StoreError> {
        let answer = self.ask(&jobs).await;
        if answer == Answer::TurnedAway {
            self.put_back(&jobs).await?;
            return Ok(answer);
        }
        let followed = jobs.into_iter().map(|job| self.follow(job, &answer));
        let results = join_all(followed).await;
        results.into_iter().collect::<Result<(), _>>()?;
        Ok(answer)
    }

    /// Jobs that may not be looked at now are due as they were. A stop waits for no look.
    async fn put_back(&self, jobs: &[Job]) -> Result<(), StoreError> {
        let stops = jobs
            .iter()
            .map(|job| self.application.stop_what_must(&self.calls, job));
        join_all(stops).await;
        self.application.hand_back(jobs).await
    }

    async fn ask(&self, jobs: &[Job]) -> Answer {
        let ids = ids_of(jobs);
        if ids.is_empty() {
            return Answer::Told(Descriptions::new());
        }
        let error = match self.calls.describe(&ids).await {
            Ok(answers) => {
                let by_id = answers.into_iter().map(|one| (one.id.clone(), one));
                return Answer::Told(by_id.collect());
            }
            Err(error) => error,
        };
        let was_turned_away = error.was_turned_away();
        let error = WithCauses(&error);
        tracing::warn!(%error, jobs = jobs.len(), "the backend could not be asked");
        if was_turned_away {
            Answer::TurnedAway
        } else {
            Answer::None
        }
    }

    async fn follow(&self, job: Job, answer: &Answer) -> Result<(), StoreError> {
        let before = job.version;
        let Some(job) = self.observe(job, answer).await? else {
            return Ok(());
        };
        self.application.stop_what_must(&self.calls, &job).await;
        if job.version == before {
            // Nothing to record: only the time of the next look moves.
            let pace = self.application.rules_of(&job).pace;
            let at = job.next_look(pace, self.application.now());
            self.application.jobs().reschedule(&[(job.id, at)]).await?;
        }
        Ok(())
    }

    async fn observe(&self, job: Job, answer: &Answer) -> Result<Option<Job>, StoreError> {
        let Answer::Told(answers) = answer else {
            return self
                .application
                .apply(job, &Observation::BackendUnreachable)
                .await;
        };
        let asked_about = job.state.backend_id().cloned();
        let mut job = job;
        for observation in seen_of_surplus(&job, answers) {
            match self.application.apply(job, &observation).await? {
                Some(next) => job = next,
                None => return Ok(None),
            }
        }
        let Some(id) = asked_about.filter(|id| job.state.backend_id() == Some(id)) else {
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

    /// Leaves the jobs that only others can see to them.
    async fn only_ours(&self, jobs: Vec<Job>) -> Result<Vec<Job>, StoreError> {
        let (ours, others): (Vec<Job>, Vec<Job>) = jobs
            .into_iter()
            .partition(|job| self.calls.looks_after(job.current_try.target.as_ref()));
        for job in &ours {
            self.calls.keep_in_use(job.current_try.target.as_ref());
        }
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

/// What the answers say of the copies that must not go on. One that is missing need not be gone:
/// answers can lag behind, and it may be on another host.
fn seen_of_surplus(job: &Job, answers: &Descriptions) -> Vec<Observation> {
    let (described, absent): (Vec<_>, Vec<_>) = job
        .surplus
        .iter()
        .cloned()
        .partition(|id| answers.contains_key(id));
    let has_ended = |id: &BackendId| answers.get(id).is_some_and(|one| one.state.has_ended());
    let ended: Vec<BackendId> = described.into_iter().filter(has_ended).collect();
    let mut seen = Vec::new();
    if !absent.is_empty() || job.surplus_absence.is_some() {
        seen.push(Observation::SurplusAbsent(absent));
    }
    if !ended.is_empty() {
        seen.push(Observation::SurplusEnded(ended));
    }
    seen
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
        let allowed = match self.allowed_beforehand().await {
            Ok(allowed) => allowed,
            Err(report) => return report,
        };
        let lane = &self.lane;
        let jobs = match self.application.take_due(lane, IDS_PER_LOOK, LEASE).await {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        if self.application.is_draining() {
            return Report::of_result(self.application.hand_back(&jobs).await);
        }
        match self.only_ours(jobs).await {
            Ok(jobs) => self.look_at(jobs, allowed).await,
            Err(error) => Report::failed(&error),
        }
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
