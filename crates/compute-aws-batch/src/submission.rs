//! The request that starts a try.

use std::time::Duration;

use aws_sdk_batch::types::{EvaluateOnExit, JobTimeout, RetryAction, RetryStrategy};
use batchway_domain::identity::UserName;
use batchway_domain::ports::Submission;

/// The least that AWS Batch takes as a timeout.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What a try under our runner gets beyond its time limit: to fetch inputs, to store results. The
/// runner ends the program in time; this ends a runner that hangs.
const BACKSTOP: Duration = Duration::from_secs(30 * 60);

/// After what a job is started again by AWS Batch itself, as another attempt of the same try: its
/// machine went away. Everything else is repeated by the gateway, which counts by class.
const REPEATED: [&str; 2] = ["Host EC2*", "Your Spot Task was interrupted*"];

/// How often a try is started at most. One without a gate only once: its image can't be told to
/// run only once.
pub(crate) fn retry_strategy(gated: bool, attempts: i32) -> RetryStrategy {
    if !gated || attempts <= 1 {
        return RetryStrategy::builder().attempts(1).build();
    }
    let rule = EvaluateOnExit::builder;
    // What no rule matches is repeated. Whether `*` matches a text that is missing is not
    // documented, so each of the three is asked for.
    let ends = [
        rule().on_status_reason("*"),
        rule().on_reason("*"),
        rule().on_exit_code("*"),
    ];
    let rules = REPEATED
        .map(|reason| rule().on_status_reason(reason).action(RetryAction::Retry))
        .into_iter()
        .chain(ends.map(|end| end.action(RetryAction::Exit)))
        .map(|rule| rule.build());
    RetryStrategy::builder()
        .attempts(attempts.min(10))
        .set_evaluate_on_exit(Some(rules.collect()))
        .build()
}

/// When AWS Batch ends an attempt; `None`: as the definition says.
pub(crate) fn timeout(submission: &Submission) -> Option<JobTimeout> {
    let limit = submission.timeout?;
    let limit = if submission.gated {
        limit.saturating_add(BACKSTOP)
    } else {
        limit.max(SHORTEST_TIMEOUT)
    };
    let seconds = limit.as_secs() + u64::from(limit.subsec_nanos() > 0);
    Some(
        JobTimeout::builder()
            .attempt_duration_seconds(i32::try_from(seconds).unwrap_or(i32::MAX))
            .build(),
    )
}

/// The tenant as a fair-share queue knows it: letters and digits only, another one for each
/// tenant. `Z` escapes.
pub(crate) fn share_identifier(tenant: &UserName) -> String {
    let mut share = String::new();
    for character in tenant.as_str().chars() {
        match character {
            'Z' => share.push_str("ZZ"),
            '-' => share.push_str("Zd"),
            '_' => share.push_str("Zu"),
            other => share.push(other),
        }
    }
    share
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn only_a_lost_machine_is_repeated_and_everything_else_ends() {
        let strategy = retry_strategy(true, 5);
        assert_eq!(strategy.attempts(), Some(5));
        let rules = strategy.evaluate_on_exit();
        assert!(rules.len() <= 5, "AWS Batch takes no more");
        let retried: Vec<_> = rules
            .iter()
            .filter(|rule| rule.action() == Some(&RetryAction::Retry))
            .map(|rule| rule.on_status_reason().unwrap())
            .collect();
        assert_eq!(retried, REPEATED);
        let last = rules.last().unwrap();
        assert_eq!(last.action(), Some(&RetryAction::Exit));
        let ends: Vec<_> = rules[2..]
            .iter()
            .map(|rule| {
                [
                    rule.on_status_reason(),
                    rule.on_reason(),
                    rule.on_exit_code(),
                ]
            })
            .collect();
        assert!(ends.iter().all(|end| end.contains(&Some("*"))));
    }

    #[test]
    fn what_has_no_gate_is_started_once() {
        for strategy in [retry_strategy(false, 5), retry_strategy(true, 1)] {
            assert_eq!(strategy.attempts(), Some(1));
        }
        assert_eq!(retry_strategy(true, 99).attempts(), Some(10));
    }

    #[test]
    fn each_tenant_has_a_share_of_its_own() {
        let tenants = ["ada", "a-b", "ab", "a_b", "aZb", "aZdb", "Zu", "0-_"];
        let tenants = tenants.map(|name| share_identifier(&name.parse().unwrap()));
        for share in &tenants {
            assert!(
                share.bytes().all(|byte| byte.is_ascii_alphanumeric()),
                "{share}"
            );
        }
        assert_eq!(BTreeSet::from(tenants.clone()).len(), tenants.len());
    }
}
