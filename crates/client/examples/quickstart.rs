#![expect(
    clippy::disallowed_methods,
    clippy::print_stderr,
    clippy::print_stdout,
    reason = "an example reads the environment and talks to its terminal"
)]
//! docs/quickstart-rust.md shows what follows.

use std::error::Error;

use batchway_client::{CarriesProblem, Client, types::JobStatus};
use tokio::fs::File;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let url = std::env::var("BATCHWAY_URL")?;
    let client = Client::new(&url, &std::env::var("BATCHWAY_API_KEY")?)?;

    let request: batchway_client::types::SubmitJobRequest = serde_json::from_str(
        r#"{
            "job_type": "run_simulation",
            "params": {
                "simulation_config": {
                    "mode": "open_chemistry",
                    "config": {"num_particles": 200, "temperature": 300, "steps": 2000}
                }
            }
        }"#,
    )?;
    // Sent twice under one key, it still starts one job.
    let submission = client.submit_job().idempotency_key("quickstart-1");
    let submitted = match submission.body(request).send().await {
        Ok(submitted) => submitted,
        Err(error) => {
            if let Some(problem) = error.problem() {
                eprintln!("{}: {problem}", problem.kind());
            }
            return Err(error.into());
        }
    };

    let job = client.wait_until_ended(&submitted.job_id).await?;
    println!(
        "{} {} {}",
        job.job_id,
        job.status,
        job.error.unwrap_or_default()
    );
    if job.status != JobStatus::Completed {
        return Err("the job has no results".into());
    }

    let list = client.list_artifacts().job_id(&job.job_id).send().await?;
    for artifact in &list.artifacts {
        let name = artifact.key.rsplit('/').next().unwrap_or(&artifact.key);
        client
            .download(artifact, &mut File::create(name).await?)
            .await?;
        println!("{name}: {} bytes", artifact.size);
    }
    Ok(())
}
