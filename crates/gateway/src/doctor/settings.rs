//! The configuration itself: whether it can be used, and what may surprise.

use batchway_doctor::{About, Check, Mend, Report};
use batchway_domain::job_type::JobTypes;

use crate::configuration::Configuration;
use crate::failure::Failure;

/// The report on a configuration that can't be used at all.
pub(crate) fn unusable(failure: &Failure) -> Report {
    let check = About::new("configuration", "environment and .env").failed(
        failure.to_string(),
        "no gateway starts with it",
        Mend::by("set what is named; .env.example explains each variable"),
    );
    Report::new(vec![check])
}

pub(super) fn examine(configuration: &Configuration, types: &JobTypes) -> Vec<Check> {
    let about = About::new("configuration", "environment and .env");
    let names: Vec<String> = types.iter().map(|kind| kind.name.to_string()).collect();
    let mut checks = vec![about.passed(format!("whole; job types {}", names.join(", ")))];
    checks.extend(configuration.warnings.iter().map(|warning| {
        let mend = Mend::by("see docs/configuration.md");
        about.warning(warning, "it has another effect than one may expect", mend)
    }));
    checks
}

/// Networks of the inside that webhooks may reach.
pub(super) fn examine_webhooks(configuration: &Configuration) -> Vec<Check> {
    let about = About::new("webhooks.policy", "whom webhooks may call");
    let policy = &configuration.webhooks.policy;
    // Where clouds tell a machine its credentials.
    let metadata = ["169.254.169.254", "fd00:ec2::254", "169.254.170.2"]
        .into_iter()
        .find(|address| address.parse().is_ok_and(|address| policy.permits(address)));
    vec![match metadata {
        Some(address) => about.failed(
            format!("BATCHWAY_WEBHOOK_ALLOW_PRIVATE allows {address}"),
            "whoever may post a job may have this machine's credentials fetched",
            Mend::by("allow only the networks of your receivers"),
        ),
        None => about.passed("the internet, and what BATCHWAY_WEBHOOK_ALLOW_PRIVATE adds"),
    }]
}
