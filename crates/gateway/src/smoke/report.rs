//! What was done and how it went, for a person and for programs.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::evidence::Evidence;
use super::trouble::Trouble;

/// The form of the JSON. Fields are only added without a new number.
const FORM: u32 = 1;

/// Who reads it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Audience {
    /// Each step when it is done.
    Person,
    /// JSON at the end.
    Program,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    Passed,
    Failed,
    /// A step that it needs failed.
    Skipped,
}

/// One step, as it went.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Step {
    pub(super) id: &'static str,
    pub(super) verdict: Verdict,
    seconds: f64,
    seen: String,
    mend: Option<String>,
    /// The job that it failed with.
    job: Option<Evidence>,
}

impl Step {
    pub(super) fn passed(id: &'static str, took: Duration, seen: String) -> Self {
        Self {
            id,
            verdict: Verdict::Passed,
            seconds: seconds(took),
            seen,
            mend: None,
            job: None,
        }
    }

    pub(super) fn failed(
        id: &'static str,
        took: Duration,
        trouble: Trouble,
        job: Option<Evidence>,
    ) -> Self {
        Self {
            id,
            verdict: Verdict::Failed,
            seconds: seconds(took),
            seen: trouble.what,
            mend: Some(trouble.mend),
            job,
        }
    }

    pub(super) fn skipped(id: &'static str, seen: String) -> Self {
        Self {
            id,
            verdict: Verdict::Skipped,
            seconds: 0.0,
            seen,
            mend: None,
            job: None,
        }
    }
}

/// To a millisecond: what is finer says nothing.
fn seconds(took: Duration) -> f64 {
    (took.as_secs_f64() * 1000.0).round() / 1000.0
}

impl fmt::Display for Step {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            id, seconds, seen, ..
        } = self;
        match self.verdict {
            Verdict::Passed => write!(formatter, "ok       {id:<9} {seconds:7.1} s  {seen}")?,
            Verdict::Failed => write!(formatter, "FAILED   {id:<9} {seconds:7.1} s  {seen}")?,
            Verdict::Skipped => write!(formatter, "skipped  {id:<9} {:>9}  {seen}", "")?,
        }
        let lines = self.job.iter().flat_map(Evidence::lines);
        // Of a job that failed its error is what was seen.
        for (name, line) in lines.filter(|(_, line)| !seen.contains(line)) {
            write!(formatter, "\n           {name:<5}  {line}")?;
        }
        if let Some(mend) = &self.mend {
            write!(formatter, "\n           mend   {mend}")?;
        }
        Ok(())
    }
}

/// All steps.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Report {
    form: u32,
    verdict: Verdict,
    url: String,
    seconds: f64,
    steps: Vec<Step>,
}

impl Report {
    pub(super) fn new(url: &str, took: Duration, steps: Vec<Step>) -> Self {
        let has_failed = steps.iter().any(|step| step.verdict == Verdict::Failed);
        Self {
            form: FORM,
            verdict: if has_failed {
                Verdict::Failed
            } else {
                Verdict::Passed
            },
            url: url.to_owned(),
            seconds: seconds(took),
            steps,
        }
    }

    /// The names of the steps that failed.
    pub(crate) fn failed(&self) -> Vec<&'static str> {
        self.with(Verdict::Failed).map(|step| step.id).collect()
    }

    /// The last line for a person.
    pub(crate) fn summary(&self) -> String {
        let count = |verdict| self.with(verdict).count();
        let skipped = match count(Verdict::Skipped) {
            0 => String::new(),
            number => format!(", {number} skipped"),
        };
        format!(
            "{} failed, {} passed{skipped}, in {:.1} s",
            count(Verdict::Failed),
            count(Verdict::Passed),
            self.seconds
        )
    }

    fn with(&self, verdict: Verdict) -> impl Iterator<Item = &Step> {
        self.steps
            .iter()
            .filter(move |step| step.verdict == verdict)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn report() -> Report {
        let took = Duration::from_micros(1_234_500);
        Report::new(
            "http://127.0.0.1:8000",
            took,
            vec![
                Step::passed("gateway", took, "ready".to_owned()),
                Step::failed("submit", took, Trouble::new("422", "mend it"), None),
                Step::skipped("wait", "submit failed".to_owned()),
            ],
        )
    }

    #[test]
    fn a_person_reads_each_step_with_its_time_and_what_to_do() {
        let lines: Vec<String> = report().steps.iter().map(Step::to_string).collect();
        assert_eq!(
            lines,
            [
                "ok       gateway       1.2 s  ready",
                "FAILED   submit        1.2 s  422\n           mend   mend it",
                "skipped  wait                 submit failed",
            ]
        );
        assert_eq!(
            report().summary(),
            "1 failed, 1 passed, 1 skipped, in 1.2 s"
        );
        assert_eq!(report().failed(), ["submit"]);
    }

    #[test]
    fn the_form_for_programs_stays() {
        assert_eq!(
            serde_json::to_value(report()).unwrap(),
            json!({
                "form": 1,
                "verdict": "failed",
                "url": "http://127.0.0.1:8000",
                "seconds": 1.235,
                "steps": [
                    {
                        "id": "gateway", "verdict": "passed", "seconds": 1.235, "seen": "ready",
                        "mend": null, "job": null,
                    },
                    {
                        "id": "submit", "verdict": "failed", "seconds": 1.235, "seen": "422",
                        "mend": "mend it", "job": null,
                    },
                    {
                        "id": "wait", "verdict": "skipped", "seconds": 0.0,
                        "seen": "submit failed", "mend": null, "job": null,
                    },
                ],
            })
        );
    }
}
