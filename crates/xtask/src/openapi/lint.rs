//! Two public linters judge the API document, each with all that it has to say.

use std::path::Path;
use std::process::Command;

use crate::failure::{Failure, Outcome};
use crate::metadata::Metadata;
use crate::{node, process};

/// Where each linter's rules stand.
const RULES: &str = "crates/xtask/openapi-lint";

pub(super) fn check(metadata: &Metadata, document: &Path) -> Outcome {
    let rules = metadata.root.join(RULES);
    for (name, mut linter) in [
        ("Redocly", redocly(metadata, &rules)?),
        ("Spectral", spectral(metadata, &rules)?),
    ] {
        process::run(linter.arg(document)).map_err(|failure| {
            Failure::because(format!(
                "{name} finds fault with docs/openapi.json: {failure}"
            ))
        })?;
    }
    Ok(())
}

fn redocly(metadata: &Metadata, rules: &Path) -> Outcome<Command> {
    let mut linter = node::tool(&metadata.target, "redocly")?;
    linter
        .args(["lint", "--max-problems=1000", "--config"])
        .arg(rules.join("redocly.yaml"))
        // It would else look for a newer version of itself.
        .env("REDOCLY_SUPPRESS_UPDATE_NOTICE", "true")
        .env("REDOCLY_TELEMETRY", "off");
    Ok(linter)
}

fn spectral(metadata: &Metadata, rules: &Path) -> Outcome<Command> {
    let mut linter = node::tool(&metadata.target, "spectral")?;
    linter
        .args(["lint", "--fail-severity=hint", "--display-only-failures"])
        .arg("--ruleset")
        .arg(rules.join("spectral.yaml"));
    Ok(linter)
}
