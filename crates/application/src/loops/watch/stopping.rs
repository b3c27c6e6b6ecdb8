//! Stopping copies that must not go on.

use batchway_domain::job::Job;

use crate::Application;
use crate::calls::Calls;
use crate::causes::WithCauses;

/// What a backend is told when a job is stopped. A backend that hands it back proves that the
/// stop was ours.
const STOP_REASON: &str = "batchway: stopped at the request of its owner";

impl Application {
    /// Asks the backend to stop every copy that must not go on. A failure is only logged: the
    /// next look at the job asks again, until each is seen to have ended.
    pub(in crate::loops) async fn stop_what_must(&self, calls: &Calls, job: &Job) {
        for id in job.stops() {
            let Err(error) = calls.terminate(&id, STOP_REASON).await else {
                continue;
            };
            let was_turned_away = error.was_turned_away();
            let error = WithCauses(&error);
            if was_turned_away {
                // Nothing is wrong, and there may be thousands of them.
                tracing::debug!(job = %job.id, backend_id = %id, %error, "a stop has to wait");
            } else {
                tracing::warn!(job = %job.id, backend_id = %id, %error, "could not stop a copy");
            }
        }
    }
}
