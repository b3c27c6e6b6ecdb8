//! `batchway smoke`.

use std::time::Duration;

use crate::command_line::SmokeArguments;
use crate::configuration::{Configuration, Secret, Variables};
use crate::failure::Failure;
use crate::smoke::{self, Audience, Errand};

/// A machine that has not started within a day won't start.
const LONGEST: Duration = Duration::from_secs(24 * 3600);

/// Uses the gateway that is configured, and tells how it went.
pub(super) async fn run(arguments: SmokeArguments) -> Result<(), Failure> {
    if arguments.timeout > LONGEST {
        return Err(Failure::misconfigured("--timeout must be at most 24h"));
    }
    let variables = Variables::of_process()?;
    let audience = match arguments.json {
        true => Audience::Program,
        false => Audience::Person,
    };
    let report = smoke::run(Errand {
        configuration: Configuration::read(&variables)?,
        url: arguments.url,
        key: variables.get("BATCHWAY_API_KEY").map(Secret::new),
        limit: arguments.timeout,
        audience,
    });
    let report = Box::pin(report).await?;
    match audience {
        Audience::Program => {
            print(&serde_json::to_string_pretty(&report).map_err(Failure::failed)?)
        }
        Audience::Person => print(&format!("\n{}", report.summary())),
    }
    match report.failed().as_slice() {
        [] => Ok(()),
        steps => Err(Failure::failed(format!("failed: {}", steps.join(", ")))),
    }
}

#[expect(
    clippy::print_stdout,
    reason = "what was seen is what the subcommand is for"
)]
fn print(text: &str) {
    println!("{text}");
}
