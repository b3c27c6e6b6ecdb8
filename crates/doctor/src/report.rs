//! All checks together, for a person and for programs.

use std::fmt;

use serde::Serialize;
use serde_json::Value;

use crate::check::{Check, Verdict};

/// The form of the JSON. Fields are only added without a new number.
const FORM: u32 = 1;

/// All that was looked at. As text, the worst stands last, beside the prompt.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    form: u32,
    verdict: Verdict,
    counts: Counts,
    checks: Vec<Check>,
}

#[derive(Clone, Copy, Debug, Default, Serialize)]
struct Counts {
    passed: usize,
    skipped: usize,
    warning: usize,
    failed: usize,
}

impl Report {
    /// The best first, and otherwise in the order in which they came.
    pub fn new(mut checks: Vec<Check>) -> Self {
        checks.sort_by_key(|check| check.verdict);
        let mut counts = Counts::default();
        for check in &checks {
            *match check.verdict {
                Verdict::Passed => &mut counts.passed,
                Verdict::Skipped => &mut counts.skipped,
                Verdict::Warning => &mut counts.warning,
                Verdict::Failed => &mut counts.failed,
            } += 1;
        }
        let verdict = match counts {
            Counts { failed: 1.., .. } => Verdict::Failed,
            Counts { warning: 1.., .. } => Verdict::Warning,
            _ => Verdict::Passed,
        };
        Self {
            form: FORM,
            verdict,
            counts,
            checks,
        }
    }

    /// How many failed.
    pub fn failed(&self) -> usize {
        self.counts.failed
    }

    /// As `docs/doctor.md` describes it.
    pub fn to_json(&self) -> Value {
        serde_json::to_value(self).expect("it has text for keys and nothing that can fail")
    }

    fn summary(&self) -> String {
        let Counts {
            passed,
            skipped,
            warning,
            failed,
        } = self.counts;
        let warnings = if warning == 1 { "warning" } else { "warnings" };
        let mut parts = vec![
            format!("{failed} failed"),
            format!("{warning} {warnings}"),
            format!("{passed} passed"),
        ];
        if skipped > 0 {
            parts.push(format!("{skipped} not looked at"));
        }
        parts.join(", ")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let width = self.checks.iter().map(|check| check.id.len()).max();
        for check in &self.checks {
            write_check(formatter, check, width.unwrap_or_default())?;
        }
        write!(formatter, "\n{}", self.summary())
    }
}

fn write_check(formatter: &mut fmt::Formatter<'_>, check: &Check, width: usize) -> fmt::Result {
    let mark = match check.verdict {
        Verdict::Passed => "ok     ",
        Verdict::Skipped => "skipped",
        Verdict::Warning => "WARNING",
        Verdict::Failed => "FAILED ",
    };
    let Check {
        id, subject, seen, ..
    } = check;
    writeln!(formatter, "{mark}  {id:width$}  {subject}: {seen}")?;
    if check.verdict <= Verdict::Skipped {
        return Ok(());
    }
    if let Some(cause) = &check.cause {
        writeln!(formatter, "           why   {cause}")?;
    }
    let Some(mend) = &check.mend else {
        return Ok(());
    };
    writeln!(formatter, "           mend  {}", mend.advice)?;
    if let Some(command) = &mend.command {
        writeln!(formatter, "                 $ {command}")?;
    }
    if let Some(policy) = &mend.policy {
        writeln!(formatter, "                 {policy}")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check::{About, Mend};
    use serde_json::json;

    fn report() -> Report {
        let about = |id| About::new(id, "Redis at 127.0.0.1:6379");
        Report::new(vec![
            about("redis.eviction").failed(
                "maxmemory-policy allkeys-lru",
                "jobs are thrown away when memory is full",
                Mend::by("set maxmemory-policy noeviction").command("redis-cli …"),
            ),
            about("redis.version").passed("8.0.2"),
            about("redis.memory").skipped("it is not told"),
        ])
    }

    #[test]
    fn a_person_reads_the_worst_last_with_its_mend() {
        assert_eq!(
            report().to_string(),
            "ok       redis.version   Redis at 127.0.0.1:6379: 8.0.2\n\
             skipped  redis.memory    Redis at 127.0.0.1:6379: it is not told\n\
             FAILED   redis.eviction  Redis at 127.0.0.1:6379: maxmemory-policy allkeys-lru\n\
             \x20          why   jobs are thrown away when memory is full\n\
             \x20          mend  set maxmemory-policy noeviction\n\
             \x20                $ redis-cli …\n\n\
             1 failed, 0 warnings, 1 passed, 1 not looked at"
        );
    }

    #[test]
    fn the_form_for_programs_stays() {
        assert_eq!(
            report().to_json(),
            json!({
                "form": 1,
                "verdict": "failed",
                "counts": {"passed": 1, "skipped": 1, "warning": 0, "failed": 1},
                "checks": [
                    {
                        "id": "redis.version", "subject": "Redis at 127.0.0.1:6379",
                        "verdict": "passed", "seen": "8.0.2", "cause": null, "mend": null,
                    },
                    {
                        "id": "redis.memory", "subject": "Redis at 127.0.0.1:6379",
                        "verdict": "skipped", "seen": "it is not told", "cause": null, "mend": null,
                    },
                    {
                        "id": "redis.eviction", "subject": "Redis at 127.0.0.1:6379",
                        "verdict": "failed", "seen": "maxmemory-policy allkeys-lru",
                        "cause": "jobs are thrown away when memory is full",
                        "mend": {
                            "advice": "set maxmemory-policy noeviction",
                            "command": "redis-cli …", "policy": null,
                        },
                    },
                ],
            })
        );
    }

    #[test]
    fn the_whole_is_as_good_as_its_worst_and_what_was_skipped_does_not_count() {
        let about = About::new("a", "b");
        let verdict = |checks| Report::new(checks).verdict;
        assert_eq!(verdict(vec![]), Verdict::Passed);
        assert_eq!(verdict(vec![about.skipped("")]), Verdict::Passed);
        let warned = about.warning("", "", Mend::default());
        assert_eq!(verdict(vec![warned, about.passed("")]), Verdict::Warning);
    }
}
