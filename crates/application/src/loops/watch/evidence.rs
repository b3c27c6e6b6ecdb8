//! What a look at a job shows: its description, its gate, what it left.

use std::time::Duration;

use batchway_domain::artifacts::{Manifest, ProgramEnd};
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Absence, BackendId, Failure, FailureClass, Job, JobState, Rules};
use batchway_domain::ports::{ArtifactError, BackendState, Description, LogPosition, StopEvidence};
use tokio::time::timeout;

use super::Watch;
use crate::Application;
use crate::calls::Reader;
use crate::causes::WithCauses;

/// How long the last line of a program is waited for: its end is told with or without it.
const LOG_WITHIN: Duration = Duration::from_secs(5);

/// How a program ended by its manifest, and the main result where it is known to be there.
type Left = (Option<ProgramEnd>, Option<String>);

impl Watch {
    /// What the description of the copy that counts says, and the gate where it has a say.
    pub(super) async fn described(
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
        let left = match description.state {
            BackendState::Succeeded => self.application.what_it_left(job).await?,
            BackendState::Failed { .. } => self.left_before_the_end(job, &description.id).await?,
            BackendState::Waiting { .. } | BackendState::Running => (None, None),
        };
        let (manifest, main_result) = left;
        observations.push(Observation::Described {
            description: self.explained(job, description).await,
            manifest,
            main_result,
        });
        Ok(observations)
    }

    /// What the runner of a copy that failed, or is not known any more, had left. With a manifest
    /// of success, all was done when the copy was stopped or its machine went away. What another
    /// copy left says which one counts, and that is the gate's to say.
    async fn left_before_the_end(
        &self,
        job: &Job,
        copy: &BackendId,
    ) -> Result<Left, ArtifactError> {
        if !self.application.rules_of(job).gated {
            return Ok((None, None));
        }
        match self.application.read_manifest(job).await? {
            Some(manifest) if manifest.backend_id == *copy => {
                Ok(self.application.named_in(job, &manifest))
            }
            _ => Ok((None, None)),
        }
    }

    /// A job that the backend does not know any more counts as lost only after a while, and
    /// only once a look-up by name has found nothing either.
    pub(super) async fn absent(&self, job: &Job) -> Result<Vec<Observation>, ArtifactError> {
        if !self.is_long_absent(job) {
            return Ok(vec![absent(None, (None, None))]);
        }
        let left = match job.state.backend_id() {
            Some(copy) => self.left_before_the_end(job, copy).await?,
            None => (None, None),
        };
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
            .calls
            .find_by_name(&name, target, &job.request_hash)
            .await
            .ok()?;
        Some(found.into_iter().map(|candidate| candidate.id).collect())
    }

    /// The same, with what others know of a failure that the backend does not: the runner by
    /// its manifest, and the program by the last line that it wrote.
    async fn explained(&self, job: &Job, description: &Description) -> Description {
        let mut description = description.clone();
        let attempt = u32::try_from(description.attempts.len())
            .unwrap_or(u32::MAX)
            .max(1);
        let BackendState::Failed {
            failure,
            stop: StopEvidence::None,
            lost_gate: false,
        } = &mut description.state
        else {
            return description;
        };
        let before = failure.clone();
        if is_for_the_runner_to_tell(failure)
            && let Some(told) = self.told_by_runner(job, &description.id, attempt).await
        {
            failure.class = told.class;
            failure.message = told.message;
            failure.exit_code = told.exit_code.or(failure.exit_code);
            failure.signal = told.signal;
        }
        if failure.class == FailureClass::ProgramExit
            && !failure.has_last_words()
            && let Some(words) = self.last_line(&description.id, attempt).await
        {
            *failure = failure.clone().with_last_words(&words);
        }
        if *failure != before
            && let Some(last) = description.attempts.last_mut()
        {
            last.failure = Some(failure.clone());
        }
        description
    }

    /// Why this attempt failed, by the manifest that its runner left. The end is told without it
    /// where the manifest can't be had.
    async fn told_by_runner(&self, job: &Job, id: &BackendId, attempt: u32) -> Option<Failure> {
        if !self.application.rules_of(job).gated {
            return None;
        }
        match self.application.read_manifest(job).await {
            Ok(manifest) => manifest
                .filter(|manifest| manifest.backend_id == *id && manifest.attempt == attempt)
                .and_then(failure_told_in),
            Err(error) => {
                let error = WithCauses(&error);
                tracing::debug!(backend_id = %id, %error, "could not read the manifest of a failed job");
                None
            }
        }
    }

    async fn last_line(&self, id: &BackendId, attempt: u32) -> Option<String> {
        let read = self
            .calls
            .read_log(Reader::Gateway, id, attempt, LogPosition::Tail, 1);
        match timeout(LOG_WITHIN, read).await {
            Ok(Ok(page)) => {
                let last = page.lines.into_iter().next_back()?;
                let words = last.text.trim();
                (!words.is_empty()).then(|| words.to_owned())
            }
            Ok(Err(error)) => {
                let error = WithCauses(&error);
                tracing::debug!(backend_id = %id, %error, "could not read the last line of a log");
                None
            }
            Err(_) => None,
        }
    }
}

/// Whether the backend says no more than that the job failed, or that nothing was started.
fn is_for_the_runner_to_tell(failure: &Failure) -> bool {
    match failure.class {
        FailureClass::StartFailure => true,
        FailureClass::Unknown => failure.exit_code.is_none(),
        _ => false,
    }
}

fn failure_told_in(manifest: Manifest) -> Option<Failure> {
    match (manifest.end, manifest.message) {
        (ProgramEnd::Stopped | ProgramEnd::Exited { code: 0 }, _) => None,
        (ProgramEnd::NotStarted, Some(message)) => {
            Some(Failure::new(FailureClass::StartFailure, message))
        }
        (end, _) => Some(Failure::of_program(end)),
    }
}

fn absent(by_name: Option<bool>, (manifest, main_result): Left) -> Observation {
    Observation::Absent {
        by_name,
        manifest,
        main_result,
    }
}

impl Application {
    async fn what_it_left(&self, job: &Job) -> Result<Left, ArtifactError> {
        if !self.rules_of(job).gated {
            return Ok((None, self.first_stored(job).await?));
        }
        let manifest = self.read_manifest(job).await?;
        Ok(manifest.map_or((None, None), |manifest| self.named_in(job, &manifest)))
    }

    fn named_in(&self, job: &Job, manifest: &Manifest) -> Left {
        let is_there = |name: &&String| manifest.objects.iter().any(|object| object.name == **name);
        let main_result = self.main_results(job).iter().find(is_there);
        (Some(manifest.end), main_result.cloned())
    }

    /// The names of the result that counts most, the best first.
    fn main_results(&self, job: &Job) -> &[String] {
        let kind = self.0.job_types.get(&job.job_type);
        kind.and_then(|kind| kind.main_result.as_ref())
            .map(|main| main.names.as_slice())
            .unwrap_or_default()
    }

    /// The first of these results that the artifact store has.
    async fn first_stored(&self, job: &Job) -> Result<Option<String>, ArtifactError> {
        for name in self.main_results(job) {
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
