//! Why a job waits, or why it failed.

use std::time::Duration;

use batchway_domain::diagnosis::{
    Explanation, LastLines, Mend, Obstacles, Reach, Surroundings, Unseen, explain,
};
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, JobState};
use batchway_domain::security::KeyDigest;
use tokio::time::timeout;

use crate::calls::CallError;
use crate::causes::WithCauses;
use crate::{Application, RequestError};

/// The longest that is waited for what a backend says. Whoever asks why may ask again.
const PATIENCE: Duration = Duration::from_secs(8);

/// Which jobs can be explained to whom.
#[derive(Clone, Copy, Debug)]
enum Audience {
    /// Whose job it is: what only the operator may know is logged.
    Owner,
    /// Who runs the gateway.
    Operator,
}

impl Application {
    /// Why one of the caller's jobs is as it is, with the evidence and what helps. What can't be
    /// had of the evidence is missing, with the reason; it makes no error.
    ///
    /// # Errors
    /// As [`Application::get_job`].
    pub async fn explain_job(
        &self,
        key: &KeyDigest,
        id: &str,
    ) -> Result<Explanation, RequestError> {
        let job = self.find_own(key, id).await?;
        Ok(self.explain(&job, Audience::Owner).await)
    }

    /// The same of any user's job, for the operator.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`]; [`RequestError::JobStoreUnavailable`];
    /// [`RequestError::RecordUnreadable`].
    pub async fn explain_any_job(&self, id: &str) -> Result<Explanation, RequestError> {
        let unknown = || RequestError::JobNotFound { job: id.to_owned() };
        let job_id: JobId = id.parse().map_err(|_| unknown())?;
        let job = self.jobs().load(&job_id).await?.ok_or_else(unknown)?;
        Ok(self.explain(&job, Audience::Operator).await)
    }

    async fn explain(&self, job: &Job, audience: Audience) -> Explanation {
        let calls = self.calls_to(&job.backend);
        let target = job.current_try.target.as_ref();
        let reach = match calls {
            None => Reach::NoBackend,
            Some(calls) if calls.looks_after(target) => Reach::Here,
            Some(_) => Reach::Elsewhere,
        };
        let room = async {
            match calls {
                Some(calls) => timeout(PATIENCE, calls.capacity()).await.ok(),
                None => None,
            }
        };
        let (room, obstacles, last_lines) = tokio::join!(
            room,
            self.obstacles_of(job, reach, audience),
            self.last_lines_of(job, audience)
        );
        let surroundings = Surroundings {
            reach,
            room,
            obstacles,
            last_lines,
        };
        explain(job, &self.rules_of(job), surroundings, self.now())
    }

    /// What keeps the job's backend from starting it, where the job waits there or is to.
    async fn obstacles_of(&self, job: &Job, reach: Reach, audience: Audience) -> Obstacles {
        let waits = matches!(
            job.state,
            JobState::Accepted { .. } | JobState::Submitted { .. }
        );
        let (Some(calls), Some(target), true, Reach::Here) = (
            self.calls_to(&job.backend),
            &job.current_try.target,
            waits,
            reach,
        ) else {
            return Obstacles::default();
        };
        let kind = self.0.job_types.get(&job.job_type);
        let execution = kind.map(|kind| &kind.execution);
        let reason = match timeout(PATIENCE, calls.obstacles(target, execution)).await {
            Ok(Ok(obstacles)) => return obstacles,
            Ok(Err(error)) => unlooked(job, &error, audience),
            Err(_) => no_answer(),
        };
        let mend = Mend::by_operator("See whether the backend can be reached and asked.");
        Obstacles {
            found: Vec::new(),
            unseen: Some(Unseen {
                reason,
                mend: mend.command("batchway doctor"),
            }),
        }
    }

    async fn last_lines_of(&self, job: &Job, audience: Audience) -> LastLines {
        let read = timeout(PATIENCE, self.end_of_log(job, LastLines::MOST)).await;
        let without = |reason: String| LastLines {
            attempt: u32::try_from(job.attempts.len())
                .ok()
                .filter(|number| *number > 0),
            lines: Vec::new(),
            reason: Some(reason),
        };
        match read {
            Ok(Ok(lines)) => lines,
            Ok(Err(error)) => {
                tracing::warn!(job = %job.id, error = %WithCauses(&error), "could not read a log");
                without(match audience {
                    Audience::Owner => format!("The log can't be read now: {error}."),
                    Audience::Operator => {
                        format!("The log can't be read now: {}.", WithCauses(&error))
                    }
                })
            }
            Err(_) => without(no_answer()),
        }
    }
}

fn no_answer() -> String {
    format!("No answer came within {} seconds.", PATIENCE.as_secs())
}

/// Why nothing was looked at. The words of a backend are for its operator.
fn unlooked(job: &Job, error: &CallError, audience: Audience) -> String {
    let told = WithCauses(error);
    tracing::warn!(job = %job.id, error = %told, "could not look for what keeps a job waiting");
    match (audience, error) {
        (Audience::Operator, _) => format!("{told}"),
        (Audience::Owner, error) if error.was_turned_away() => {
            "Too many have asked just now; ask again in some seconds.".to_owned()
        }
        (Audience::Owner, _) => {
            "The backend does not tell the gateway; its operator finds the reason in the gateway's log."
                .to_owned()
        }
    }
}
