//! Jobs that will never change again.

use super::{Case, Finding, Mend, sentence};
use crate::job::{CancelCause, Failure};

impl Case<'_> {
    pub(super) fn completed(self) -> Finding {
        let id = &self.job.id;
        let summary = format!("The job is done; its results are at /api/v1/jobs/{id}/artifacts.");
        Finding::new("completed", summary, Vec::new())
    }

    pub(super) fn failed(self, failure: &Failure) -> Finding {
        let tries = match self.job.current_try.number {
            0 | 1 => String::new(),
            tries => format!(" after {tries} tries"),
        };
        let summary = format!("The job failed{tries}: {}", sentence(&failure.message));
        let mends = self.mends_of_failure(failure);
        Finding::new(failure.class.as_str(), summary, mends)
    }

    pub(super) fn cancelled(self, cause: CancelCause) -> Finding {
        match (cause, self.job.cancel_requested_at) {
            (CancelCause::Requested, Some(at)) => Finding::new(
                "cancelled",
                format!("The job was stopped, as its owner asked at {at}."),
                Vec::new(),
            ),
            (CancelCause::Requested, None) => Finding::new(
                "cancelled",
                "The job was stopped, as its owner asked.",
                Vec::new(),
            ),
            (CancelCause::StoppedOutside, _) => {
                let mut mends = vec![Mend::by_owner(
                    "Submit the job again, if it is still wanted.",
                )];
                mends.push(Mend::by_operator(
                    "Find out who stopped it: somebody in the console, or a script.",
                ));
                mends.extend(self.look_at_aws());
                Finding::new(
                    "stopped_outside",
                    "The job was stopped at its backend, not through this gateway.",
                    mends,
                )
            }
        }
    }
}
