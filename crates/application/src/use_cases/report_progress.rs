//! What a runner says, and what it is told.

use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Attempt, Job, JobState};
use batchway_domain::runner::{RunnerOrder, RunnerReport};

use crate::{Application, RequestError};

impl Application {
    /// Takes progress, or a sign of life, and says whether the runner is to go on.
    ///
    /// # Errors
    /// [`RequestError::TokenRefused`]; what is wrong with the store.
    pub async fn report_progress(
        &self,
        token: &str,
        report: RunnerReport,
    ) -> Result<RunnerOrder, RequestError> {
        let token = self.check_job_token(token)?;
        let Some(job) = self.jobs().load(&token.job).await? else {
            return Ok(RunnerOrder { stop: true });
        };
        let observation = Observation::Reported {
            try_number: token.try_number,
            report: report.clone(),
        };
        let spoke_first = matches!(job.state, JobState::Submitted { .. });
        let Some(job) = self.apply(job, &observation).await? else {
            return Ok(RunnerOrder { stop: true });
        };
        if spoke_first {
            self.0.nudges.ring(&job.due().lane);
        }
        Ok(RunnerOrder {
            stop: must_stop(&job, token.try_number, &report),
        })
    }
}

/// Whether this copy and attempt has no more business to run.
fn must_stop(job: &Job, try_number: u32, report: &RunnerReport) -> bool {
    let id = &report.backend_id;
    // Until the gate was read, the copy that speaks may be the one that it names: what speaks has
    // passed it. The next look decides.
    let other_copy = job.surplus.contains(id)
        || (job.current_try.admitted && job.state.backend_id().is_some_and(|counts| counts != id));
    let later_attempt_runs =
        matches!(job.state, JobState::Running { attempt, .. } if report.attempt < attempt);
    let has_ended = |attempt: &&Attempt| {
        attempt.try_number == try_number
            && attempt.backend_id == report.backend_id
            && attempt.stopped_at.is_some()
    };
    let ended = job.attempts.iter().filter(has_ended).count();
    let older_attempt = later_attempt_runs || report.attempt as usize <= ended;
    job.status().is_terminal()
        || job.cancel_requested_at.is_some()
        || job.current_try.number != try_number
        || other_copy
        || older_attempt
}
