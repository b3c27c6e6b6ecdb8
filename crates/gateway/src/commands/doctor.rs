//! `batchway doctor`.

use batchway_doctor::Report;

use crate::command_line::DoctorArguments;
use crate::configuration::{Configuration, Variables};
use crate::failure::Failure;
use crate::{doctor, job_types};

use super::explanation;

/// Prints what is wrong, or with one job, or the policy. That a configuration can't be used is one of the findings.
pub(super) async fn run(arguments: DoctorArguments) -> Result<(), Failure> {
    if let Some(job) = &arguments.job {
        let configuration = Configuration::read(&Variables::of_process()?)?;
        return Box::pin(explanation::run(configuration, job, arguments.json)).await;
    }
    let read = Variables::of_process().and_then(|variables| {
        let configuration = Configuration::read(&variables)?;
        let types = job_types::load(configuration.job_types.as_deref(), &configuration.adapters)?;
        Ok((configuration, types))
    });
    let (configuration, types) = match read {
        Ok(read) => read,
        Err(failure) if arguments.policy => return Err(failure),
        Err(failure) => {
            tell(&doctor::unusable(&failure), &arguments)?;
            return Err(Failure::misconfigured("the configuration can't be used"));
        }
    };
    if arguments.policy {
        let policy = doctor::policy(&configuration, &types).await?;
        print(&serde_json::to_string_pretty(&policy).map_err(Failure::failed)?);
        return Ok(());
    }
    let report = Box::pin(doctor::examine(&configuration, &types)).await;
    tell(&report, &arguments)?;
    match report.failed() {
        0 => Ok(()),
        1 => Err(Failure::failed("1 check failed")),
        number => Err(Failure::failed(format!("{number} checks failed"))),
    }
}

fn tell(report: &Report, arguments: &DoctorArguments) -> Result<(), Failure> {
    if arguments.json {
        let json = report.to_json();
        print(&serde_json::to_string_pretty(&json).map_err(Failure::failed)?);
    } else {
        print(&report.to_string());
    }
    Ok(())
}

#[expect(
    clippy::print_stdout,
    reason = "the findings are what the subcommand is for"
)]
fn print(text: &str) {
    println!("{text}");
}
