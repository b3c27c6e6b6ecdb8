//! Whether Batch starts a job again.

use crate::wire::{EvaluateOnExit, RetryAction, RetryStrategy};

/// How an attempt ended, as rules look at it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Evidence<'a> {
    pub(super) exit_code: Option<i32>,
    pub(super) reason: Option<&'a str>,
    pub(super) status_reason: Option<&'a str>,
}

/// Whether there is another attempt after this failure of the attempt of that number. The first
/// rule that matches decides; where none does, the job is repeated.
pub(super) fn is_repeated(strategy: &RetryStrategy, attempt: u32, evidence: Evidence<'_>) -> bool {
    let attempts = strategy.attempts.unwrap_or(1);
    if i64::from(attempt) >= i64::from(attempts) {
        return false;
    }
    let rule = strategy
        .evaluate_on_exit
        .iter()
        .find(|rule| matches(rule, evidence));
    rule.and_then(|rule| rule.action) != Some(RetryAction::Exit)
}

/// Whether all that the rule names matches.
fn matches(rule: &EvaluateOnExit, evidence: Evidence<'_>) -> bool {
    let exit_code = evidence.exit_code.map(|code| code.to_string());
    let named = [
        (&rule.on_exit_code, exit_code.as_deref()),
        (&rule.on_reason, evidence.reason),
        (&rule.on_status_reason, evidence.status_reason),
    ];
    named.into_iter().all(|(pattern, text)| match pattern {
        None => true,
        // Not documented for a missing text; who relies on `*` there should be told.
        Some(pattern) => text.is_some_and(|text| is_like(pattern, text)),
    })
}

/// A pattern may end in `*`.
pub(super) fn is_like(pattern: &str, text: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == pattern,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOST_GONE: Evidence<'static> = Evidence {
        exit_code: None,
        reason: None,
        status_reason: Some("Host EC2 (instance i-0abc) terminated."),
    };
    const OUT_OF_MEMORY: Evidence<'static> = Evidence {
        exit_code: Some(137),
        reason: Some("OutOfMemoryError: Container killed due to memory usage"),
        status_reason: Some("Essential container in task exited"),
    };

    fn rule(
        status_reason: Option<&str>,
        reason: Option<&str>,
        exit_code: Option<&str>,
        action: RetryAction,
    ) -> EvaluateOnExit {
        EvaluateOnExit {
            on_status_reason: status_reason.map(str::to_owned),
            on_reason: reason.map(str::to_owned),
            on_exit_code: exit_code.map(str::to_owned),
            action: Some(action),
        }
    }

    fn repeated(rules: Vec<EvaluateOnExit>, evidence: Evidence<'_>) -> bool {
        let strategy = RetryStrategy {
            attempts: Some(3),
            evaluate_on_exit: rules,
        };
        is_repeated(&strategy, 1, evidence)
    }

    #[test]
    fn rules_and_what_they_decide() {
        use RetryAction::{Exit, Retry};
        let on_host = || rule(Some("Host EC2*"), None, None, Retry);
        let exit_else = || rule(None, None, Some("*"), Exit);
        let table = [
            ("no rule at all", vec![], OUT_OF_MEMORY, true),
            (
                "none matches",
                vec![rule(None, None, Some("1"), Exit)],
                OUT_OF_MEMORY,
                true,
            ),
            (
                "exit code",
                vec![rule(None, None, Some("137"), Exit)],
                OUT_OF_MEMORY,
                false,
            ),
            (
                "exit code by glob",
                vec![rule(None, None, Some("13*"), Exit)],
                OUT_OF_MEMORY,
                false,
            ),
            (
                "a part is not the whole",
                vec![rule(None, None, Some("13"), Exit)],
                OUT_OF_MEMORY,
                true,
            ),
            (
                "reason",
                vec![rule(None, Some("OutOfMemory*"), None, Exit)],
                OUT_OF_MEMORY,
                false,
            ),
            (
                "status reason",
                vec![rule(Some("Essential*"), None, None, Exit)],
                OUT_OF_MEMORY,
                false,
            ),
            ("host first", vec![on_host(), exit_else()], HOST_GONE, true),
            (
                "host first, other end",
                vec![on_host(), exit_else()],
                OUT_OF_MEMORY,
                false,
            ),
            (
                "first match wins",
                vec![exit_else(), rule(None, None, Some("137"), Retry)],
                OUT_OF_MEMORY,
                false,
            ),
            (
                "all that is named",
                vec![rule(Some("Host EC2*"), None, Some("137"), Exit)],
                OUT_OF_MEMORY,
                true,
            ),
            ("nothing there to match", vec![exit_else()], HOST_GONE, true),
        ];
        for (case, rules, evidence, expected) in table {
            assert_eq!(repeated(rules, evidence), expected, "{case}");
        }
    }

    #[test]
    fn attempts_are_counted() {
        let strategy = |attempts| RetryStrategy {
            attempts,
            evaluate_on_exit: Vec::new(),
        };
        let table = [
            (None, 1, false),
            (Some(1), 1, false),
            (Some(2), 1, true),
            (Some(2), 2, false),
        ];
        for (attempts, attempt, expected) in table {
            let found = is_repeated(&strategy(attempts), attempt, OUT_OF_MEMORY);
            assert_eq!(found, expected, "attempt {attempt} of {attempts:?}");
        }
    }
}
