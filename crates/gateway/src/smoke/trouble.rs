//! What went wrong, in words: what happened, to what, and what to do.

use batchway_client::types::Job;
use batchway_client::{CarriesProblem, Error};

/// Why a step failed.
#[derive(Clone, Debug)]
pub(super) struct Trouble {
    pub(super) what: String,
    pub(super) mend: String,
}

impl Trouble {
    pub(super) fn new(what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self {
            what: what.into(),
            mend: mend.into(),
        }
    }

    /// An answer of the gateway that is none, or says no.
    pub(super) fn of(error: &Error) -> Self {
        if let Some(problem) = error.problem() {
            let mut what = format!("{}: {problem}", problem.status);
            for part in &problem.errors {
                what.push_str(&format!("; {} {}", part.pointer, part.detail));
            }
            let mend = advice_on(problem.kind());
            return Self::new(what, mend);
        }
        match error {
            Error::CommunicationError(error) => Self::new(
                format!("the gateway does not answer: {}", root_of(error)),
                "see whether it still runs, and read its log",
            ),
            Error::UnexpectedResponse(answer) => Self::new(
                format!("answered with {}, as no gateway answers", answer.status()),
                "see what lies before the gateway: a proxy passes on all of /api/v1/ and takes \
                 answers that need a minute",
            ),
            other => Self::new(
                format!("answered what can't be read: {}", without_body(other)),
                "see that the gateway and this program are of the same version",
            ),
        }
    }

    /// A job that ended otherwise than it should.
    pub(super) fn of_job(job: &Job) -> Self {
        let error = job.error.as_deref().unwrap_or("nothing more is known");
        let mend = match &job.failure {
            Some(failure) => failure.remedy.clone(),
            None => advice_about(&job.job_id),
        };
        Self::new(format!("{} is {}: {error}", job.job_id, job.status), mend)
    }

    pub(super) fn out_of_time(limit: &str, job: Option<&str>) -> Self {
        let mend = match job {
            Some(job) => advice_about(job),
            None => "give it more with --timeout, or read the gateway's log".to_owned(),
        };
        Self::new(format!("not done within the {limit} of --timeout"), mend)
    }

    pub(super) fn interrupted() -> Self {
        Self::new("interrupted", "run it again when there is time")
    }
}

/// Where to look on for a job that does not do what it should.
fn advice_about(job: &str) -> String {
    format!(
        "batchway doctor --job {job} says why it waits or why it failed, and batchway doctor looks \
         at all else"
    )
}

fn advice_on(problem: &str) -> &'static str {
    match problem {
        "unauthorized" => {
            "the gateway does not know the key: start this with the variables and the .env of the \
             gateway, so that both have one store, or set BATCHWAY_API_KEY to a key of its own"
        }
        "invalid-request" => {
            "the job types of the gateway (BATCHWAY_JOB_TYPES) have to take a run_simulation as \
             docs/api.md has it"
        }
        "too-many-active-jobs" => {
            "two jobs are needed at once: see BATCHWAY_MAX_ACTIVE_JOBS_PER_USER"
        }
        _ => "docs/problems.md has this problem; the gateway's log has the request",
    }
}

/// The innermost cause. What stands around it quotes the URL, which may be a link with its
/// signature.
pub(super) fn root_of(error: &dyn std::error::Error) -> String {
    let mut root = error;
    while let Some(source) = root.source() {
        root = source;
    }
    root.to_string()
}

/// What an answer was, without what stood in it.
fn without_body(error: &Error) -> String {
    match error {
        Error::InvalidResponsePayload(_, error) => error.to_string(),
        Error::ResponseBodyError(error) | Error::InvalidUpgrade(error) => root_of(error),
        Error::InvalidRequest(words) | Error::Custom(words) => words.clone(),
        Error::CommunicationError(_) | Error::ErrorResponse(_) | Error::UnexpectedResponse(_) => {
            "an answer".to_owned()
        }
    }
}
