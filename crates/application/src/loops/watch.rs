//! Follows jobs at their backend, a hundred at a time, and stops what must not go on.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::BackendName;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Absence, BackendId, Job, JobState, Lane, Rules, Settlement};
use batchway_domain::ports::{
    ArtifactError, BackendState, ComputeBackend, Description, StoreError,
};
use futures_util::future::join_all;

use super::{Loop, Report};
use crate::Application;
use crate::causes::WithCauses;

/// As many as one DescribeJobs takes.
const BATCH: usize = 100;

/// How long a job is put off while it is looked after.
const LEASE: Duration = Duration::from_secs(30);

/// What a backend is told when a job is stopped. A backend that hands it back proves that the
/// stop was ours.
const STOP_REASON: &str = "batchway: stopped at the request of its owner";

/// Follows the jobs of one backend.
#[derive(Debug)]
pub struct Watch {
    application: Application,
    backend: Arc<dyn ComputeBackend>,
    lane: Lane,
}

type Answers = HashMap<BackendId, Description>;

impl Watch {
    pub(super) fn new(
        application: Application,
        name: BackendName,
        backend: Arc<dyn ComputeBackend>,
    ) -> Self {
        Self {
            application,
            backend,
            lane: Lane::Watch(name),
        }
    }

    async fn ask(&self, jobs: &[Job]) -> Option<Answers> {
        let ids: BTreeSet<BackendId> = jobs
            .iter()
            .flat_map(|job| job.state.backend_id().into_iter().chain(&job.surplus))
            .cloned()
            .collect();
        let ids: Vec<BackendId> = ids.into_iter().collect();
        match self.backend.describe(&ids).await {
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

    async fn follow(&self, job: Job, answers: Option<&Answers>) -> Result<(), StoreError> {
        let before = job.version;
        let Some(job) = self.observe(job, answers).await? else {
            return Ok(());
        };
        self.application.stop_what_must(&*self.backend, &job).await;
        if job.version == before {
            // Nothing to record: only the time of the next look moves.
            let pace = self.application.rules_of(&job).pace;
            let now = self.application.now();
            let at = if job.stops().is_empty() {
                pace.next(job.state_since, now)
            } else {
                now.plus(pace.shortest)
            };
            self.application.jobs().reschedule(&[(job.id, at)]).await?;
        }
        Ok(())
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

    /// What the description of the copy that counts says, and the gate where it has a say.
    async fn described(
        &self,
        job: &Job,
        description: &Description,
    ) -> Result<Vec<Observation>, ArtifactError> {
        let lost_gate = matches!(
            description.state,
            BackendState::Failed {
                lost_gate: true,
                ..
            }
        );
        let mut observations = Vec::new();
        if lost_gate || !job.candidates.is_empty() {
            observations.push(Observation::GateRead(
                self.application.read_gate(job).await?,
            ));
        }
        if description.state == BackendState::Running {
            observations.extend(self.application.stored_report(job).await?);
        }
        let (manifest, main_result) = match description.state {
            BackendState::Succeeded => self.application.what_it_left(job).await?,
            _ => (None, None),
        };
        let description = description.clone();
        observations.push(Observation::Described {
            description,
            manifest,
            main_result,
        });
        Ok(observations)
    }

    /// A job that the backend does not know any more counts as lost only after a while, and
    /// only once a look-up by name has found nothing either.
    async fn absent(&self, job: &Job) -> Result<Vec<Observation>, ArtifactError> {
        if !self.is_long_absent(job) {
            return Ok(vec![absent(None, (None, None))]);
        }
        let left = self.application.what_it_left(job).await?;
        let Some(named) = self.find_by_name(job).await else {
            return Ok(vec![absent(None, left)]);
        };
        // That another copy bears the name says nothing of this one, and is to be judged itself.
        let by_name = named.iter().any(|id| job.state.backend_id() == Some(id));
        Ok(vec![
            Observation::CandidatesSeen(named),
            absent(Some(by_name), left),
        ])
    }

    fn is_long_absent(&self, job: &Job) -> bool {
        let (JobState::Submitted {
            absence: Some(absence),
            ..
        }
        | JobState::Running {
            absence: Some(absence),
            ..
        }) = job.state
        else {
            return false;
        };
        let Absence { since, answers } = absence;
        answers + 1 >= Rules::LOST_AFTER_ANSWERS
            && self.application.now().since(since) >= Rules::LOST_AFTER
    }

    async fn find_by_name(&self, job: &Job) -> Option<Vec<BackendId>> {
        let target = job.current_try.target.as_ref()?;
        let name = job.try_name(&self.application.settings().deployment);
        let found = self
            .backend
            .find_by_name(&name, target, &job.request_hash)
            .await
            .ok()?;
        Some(found.into_iter().map(|candidate| candidate.id).collect())
    }

    /// The surplus copies that are no longer alive.
    fn ended_surplus(&self, job: &Job, answers: &Answers) -> Vec<BackendId> {
        // Where answers can lag behind, a copy that is missing may only not be seen yet.
        let absence_counts = self.backend.settlement() == Settlement::Authoritative
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
}

fn absent(
    by_name: Option<bool>,
    (manifest, main_result): (Option<ProgramEnd>, Option<String>),
) -> Observation {
    Observation::Absent {
        by_name,
        manifest,
        main_result,
    }
}

impl Application {
    /// Asks the backend to stop every copy that must not go on. A failure is only logged: the
    /// next look at the job asks again, until each is seen to have ended.
    pub(super) async fn stop_what_must(&self, backend: &dyn ComputeBackend, job: &Job) {
        for id in job.stops() {
            if let Err(error) = backend.terminate(&id, STOP_REASON).await {
                let error = WithCauses(&error);
                tracing::warn!(job = %job.id, backend_id = %id, %error, "could not stop a copy");
            }
        }
    }

    /// How the program ended by its manifest, and the main result where it is known to be there.
    async fn what_it_left(
        &self,
        job: &Job,
    ) -> Result<(Option<ProgramEnd>, Option<String>), ArtifactError> {
        let kind = self.0.job_types.get(&job.job_type);
        let names = kind
            .and_then(|kind| kind.main_result.as_ref())
            .map(|main| main.names.as_slice())
            .unwrap_or_default();
        if !self.rules_of(job).gated {
            return Ok((None, self.first_stored(job, names).await?));
        }
        let Some(manifest) = self.read_manifest(job).await? else {
            return Ok((None, None));
        };
        let is_there = |name: &&String| manifest.objects.iter().any(|object| object.name == **name);
        Ok((Some(manifest.end), names.iter().find(is_there).cloned()))
    }

    /// The first of these results that the artifact store has.
    async fn first_stored(
        &self,
        job: &Job,
        names: &[String],
    ) -> Result<Option<String>, ArtifactError> {
        for name in names {
            let Ok(key) = job.folder().artifact(name) else {
                continue;
            };
            match self.artifacts().metadata(&key).await {
                Ok(_) => return Ok(Some(name.clone())),
                Err(ArtifactError::NotFound { .. }) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }
}

#[async_trait]
impl Loop for Watch {
    fn name(&self) -> String {
        self.lane.to_string()
    }

    fn period(&self) -> Duration {
        match self.backend.settlement() {
            Settlement::Authoritative => Duration::from_millis(250),
            Settlement::After { .. } => Duration::from_secs(1),
        }
    }

    async fn run_once(&self) -> Report {
        let taken = self.application.take_due(&self.lane, BATCH, LEASE).await;
        let jobs = match taken {
            Ok(jobs) if jobs.is_empty() => return Report::default(),
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        let answers = self.ask(&jobs).await;
        let results = join_all(
            jobs.into_iter()
                .map(|job| self.follow(job, answers.as_ref())),
        )
        .await;
        Report::of_batch(BATCH, results)
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
