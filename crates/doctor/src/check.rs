//! One thing that was looked at, and what is thought of it.

use serde::Serialize;
use serde_json::Value;

/// What is thought of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// As it should be.
    Passed,
    /// It could not be looked at. That says nothing against it.
    Skipped,
    /// Jobs run, and something is not as one may think.
    Warning,
    /// Jobs don't run, or are lost, until it is mended.
    Failed,
}

/// How it is mended.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Mend {
    /// What to do, one sentence.
    pub advice: String,
    /// A command for a shell that does it, or shows more.
    pub command: Option<String>,
    /// A statement to add to the IAM policy that `advice` names.
    pub policy: Option<Value>,
}

impl Mend {
    /// In words alone.
    pub fn by(advice: impl Into<String>) -> Self {
        Self {
            advice: advice.into(),
            ..Self::default()
        }
    }

    /// With the command that does it.
    #[must_use]
    pub fn command(self, command: impl Into<String>) -> Self {
        Self {
            command: Some(command.into()),
            ..self
        }
    }

    /// With the statement that allows it.
    #[must_use]
    pub fn policy(self, statement: Value) -> Self {
        Self {
            policy: Some(statement),
            ..self
        }
    }
}

/// One thing that was looked at. `docs/doctor.md` describes the fields for programs.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Check {
    /// What is looked at, such as `redis.eviction`. Stays the same from version to version.
    pub id: &'static str,
    /// Which one, such as `Redis at 127.0.0.1:6379`.
    pub subject: String,
    /// What is thought of it.
    pub verdict: Verdict,
    /// What was found.
    pub seen: String,
    /// What that leads to; why it was not looked at.
    pub cause: Option<String>,
    /// What to do about it.
    pub mend: Option<Mend>,
}

/// What a check is about, before anyone has looked.
#[derive(Clone, Debug)]
pub struct About {
    id: &'static str,
    subject: String,
}

impl About {
    /// `id` as in [`Check::id`], `subject` as in [`Check::subject`].
    pub fn new(id: &'static str, subject: impl Into<String>) -> Self {
        Self {
            id,
            subject: subject.into(),
        }
    }

    fn check(&self, verdict: Verdict, seen: String) -> Check {
        Check {
            id: self.id,
            subject: self.subject.clone(),
            verdict,
            seen,
            cause: None,
            mend: None,
        }
    }

    /// As it should be.
    pub fn passed(&self, seen: impl Into<String>) -> Check {
        self.check(Verdict::Passed, seen.into())
    }

    /// It could not be looked at.
    pub fn skipped(&self, because: impl Into<String>) -> Check {
        self.check(Verdict::Skipped, because.into())
    }

    /// Jobs run all the same.
    pub fn warning(&self, seen: impl Into<String>, cause: impl Into<String>, mend: Mend) -> Check {
        Check {
            cause: Some(cause.into()),
            mend: Some(mend),
            ..self.check(Verdict::Warning, seen.into())
        }
    }

    /// Jobs don't run, or are lost.
    pub fn failed(&self, seen: impl Into<String>, cause: impl Into<String>, mend: Mend) -> Check {
        Check {
            verdict: Verdict::Failed,
            ..self.warning(seen, cause, mend)
        }
    }

    /// The service may not look, and needs not: `action` is for the doctor alone.
    pub fn may_not_look(&self, action: &str) -> Check {
        Check {
            cause: Some("it is for looking only; jobs don't need it".to_owned()),
            mend: Some(
                Mend::by("to have it looked at, allow it in the policy of the service").policy(
                    serde_json::json!({"Effect": "Allow", "Action": action, "Resource": "*"}),
                ),
            ),
            ..self.skipped(format!("the service may not {action}"))
        }
    }
}
