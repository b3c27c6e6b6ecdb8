//! What helps a job that failed, by the class of its failure.

use super::commands::TIME_LIMITS;
use super::waiting_codes::mends_of;
use super::{Case, KnownCode, Mend};
use crate::job::{Failure, FailureClass};

/// The beginning of the reason where a queue's `jobStateTimeLimitActions` ended a job; the code of
/// what it waited for follows.
const TIME_LIMIT_ACTION: &str = "Canceled by JobStateTimeLimit action due to reason:";

impl Case<'_> {
    /// First what its owner can do, then the operator.
    pub(super) fn mends_of_failure(self, failure: &Failure) -> Vec<Mend> {
        let mut mends = vec![Mend::by_owner(failure.class.remedy())];
        let kind = &self.job.job_type;
        match failure.class {
            FailureClass::SpotReclaim => mends.push(Mend::by_operator(
                "If it goes on, send the job type to a queue with capacity on demand.",
            )),
            FailureClass::HostLost => mends.push(Mend::by_operator(
                "See why the machine went away: its log of the system, or the instance's history.",
            )),
            FailureClass::OutOfMemory => mends.push(Mend::by_operator(format!(
                "Raise memory of the job type {kind} in the file of job types, and restart the \
                 gateway."
            ))),
            FailureClass::ImagePull => mends.push(
                Mend::by_operator(
                    "See whether the image is there under its tag, whether the execution role, or \
                     the instance's, may pull it, and whether there is a way to the registry.",
                )
                .command("batchway doctor"),
            ),
            FailureClass::Timeout => mends.push(Mend::by_operator(format!(
                "Raise timeout of the job type {kind} in the file of job types, and restart the \
                 gateway."
            ))),
            FailureClass::StartFailure => mends.push(
                Mend::by_operator(format!(
                    "Start the command of the job type {kind} by hand, as the gateway's user or in \
                     the image; see that it reaches the artifact store."
                ))
                .command("batchway doctor"),
            ),
            FailureClass::QueueAction => mends.extend(self.mends_of_queue_action(failure)),
            FailureClass::Refused => mends.push(Mend::by_operator(
                "Where the words of AWS are wanted, look for the job's id in the gateway's log.",
            )),
            FailureClass::Unknown => mends.push(Mend::by_operator(
                "Look for the job's id in the gateway's log, and see that the disk or the bucket \
                 takes results.",
            )),
            FailureClass::ProgramExit | FailureClass::Dependency | FailureClass::Lost => {}
        }
        mends.extend(self.look_at_aws());
        mends.extend(self.read_the_log());
        mends
    }

    /// Where the queue's own rule ended it, what it had waited for.
    fn mends_of_queue_action(self, failure: &Failure) -> Vec<Mend> {
        let limits = Mend::by_operator(
            "See how long the queue lets a job wait: its jobStateTimeLimitActions.",
        )
        .command(TIME_LIMITS);
        let said = failure.backend_reason.as_deref().unwrap_or_default();
        let Some(reason) = said.strip_prefix(TIME_LIMIT_ACTION).map(str::trim) else {
            return vec![limits];
        };
        let mut mends = mends_of(reason);
        if let Some((known, first)) = KnownCode::of(reason).zip(mends.first_mut()) {
            first.advice = format!("{} {}", known.meaning, first.advice);
        }
        mends.push(limits);
        mends
    }

    fn read_the_log(self) -> Option<Mend> {
        let attempt = self.job.attempts.len();
        (attempt > 0).then(|| {
            Mend::by_owner(format!(
                "Read all that its program wrote: GET /api/v1/jobs/{}/logs?attempt={attempt}.",
                self.job.id
            ))
        })
    }
}
