//! moto as AWS Batch, whose jobs are containers.

use std::fs::{self, File, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::UNIX_EPOCH;

use batchway_test_servers::{DockerEngine, Moto};
use reqwest::Client;
use serde_json::{Value, json};

use super::{DEFINITION, QUEUE, REGION, credentials};
use crate::Outcome;
use crate::books::BatchJob;
use crate::http;
use crate::programs::program;

const IMAGE: &str = "batchway-job";
const DOCKERFILE: &str = include_str!("../../../../infra/docker/job.Dockerfile");

/// A queue of moto's, and the engine that its containers run in.
#[derive(Debug)]
pub(crate) struct Containers {
    engine: DockerEngine,
    http: Client,
    url: String,
    /// How the names of this run's jobs begin.
    prefix: String,
}

/// An engine that moto finds.
pub(super) struct Engine(DockerEngine);

impl Containers {
    /// Before moto is started, which looks for it.
    pub(super) fn engine() -> Engine {
        Engine(DockerEngine::shared())
    }

    /// Every job that was ever accepted, whatever its status.
    pub(super) async fn jobs(&self) -> Outcome<Vec<BatchJob>> {
        let statuses = [
            "SUBMITTED",
            "PENDING",
            "RUNNABLE",
            "STARTING",
            "RUNNING",
            "SUCCEEDED",
            "FAILED",
        ];
        let mut all = Vec::new();
        for status in statuses {
            let asked = json!({"jobQueue": QUEUE, "jobStatus": status});
            let list = self.ask("listjobs", &asked).await?;
            let jobs = list["jobSummaryList"].as_array().into_iter().flatten();
            let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            all.extend(jobs.map(|job| BatchJob {
                id: text(&job["jobId"]),
                name: text(&job["jobName"]),
                status: status.to_owned(),
                is_over: matches!(status, "SUCCEEDED" | "FAILED"),
            }));
        }
        Ok(all)
    }

    /// Containers that run, of the jobs whose name holds this.
    pub(crate) fn running(&self, part_of_name: &str) -> Vec<String> {
        let mut list = self.engine.command();
        list.args(["ps", "--quiet", "--filter", &format!("name={part_of_name}")]);
        let output = list.output().map(|output| output.stdout);
        let ids = String::from_utf8_lossy(&output.unwrap_or_default()).into_owned();
        ids.lines().map(str::to_owned).collect()
    }

    async fn ask(&self, action: &str, body: &Value) -> Outcome<Value> {
        let credential = format!("test/20260101/{REGION}/batch/aws4_request");
        let answer = self
            .http
            .post(format!("{}/v1/{action}", self.url))
            .header(
                "authorization",
                format!(
                    "AWS4-HMAC-SHA256 Credential={credential}, SignedHeaders=host, Signature=0"
                ),
            )
            .json(body)
            .send()
            .await?
            .error_for_status()?;
        Ok(answer.json().await?)
    }
}

impl Engine {
    /// A queue of moto's, and a definition of the image with the runner, whose containers find
    /// the folder where it is on this machine.
    pub(super) async fn with(
        self,
        moto: &Moto,
        folder: &Path,
        deployment: &str,
    ) -> Outcome<Containers> {
        let Self(engine) = self;
        let image = image(&engine)?;
        let _ = moto.batch_environment(REGION, QUEUE, "none");
        // The image's user is another one than who runs this.
        fs::set_permissions(folder, Permissions::from_mode(0o777))?;
        let mut environment = credentials("of-the-job-role");
        environment.push(("AWS_ENDPOINT_URL", moto.url_in_containers()));
        let environment: Vec<Value> = environment
            .into_iter()
            .map(|(name, value)| json!({"name": name, "value": value}))
            .collect();
        let containers = Containers {
            engine,
            http: http::client()?,
            url: moto.url(),
            prefix: format!("bw-{deployment}-"),
        };
        let definition = json!({
            "jobDefinitionName": DEFINITION,
            "type": "container",
            "containerProperties": {
                "image": image,
                "environment": environment,
                "resourceRequirements": [
                    {"type": "VCPU", "value": "1"},
                    {"type": "MEMORY", "value": "512"},
                ],
                "volumes": [{"name": "folder", "host": {"sourcePath": folder}}],
                "mountPoints": [
                    {"sourceVolume": "folder", "containerPath": folder, "readOnly": false},
                ],
            },
        });
        containers.ask("registerjobdefinition", &definition).await?;
        Ok(containers)
    }
}

impl Drop for Containers {
    /// Jobs outlive moto, but not the run.
    fn drop(&mut self) {
        for container in self.running(&self.prefix) {
            // It may end by itself meanwhile.
            let _ = self.engine.command().args(["kill", &container]).output();
        }
    }
}

/// The image of jobs with this build's runner, made where it is not there yet. The tests of whole
/// stacks make it under the same name.
fn image(engine: &DockerEngine) -> Outcome<String> {
    engine.ensure_base_image();
    let programs = [program("batchway-runner")?, program("open-chemistry")?];
    let mut newest = 0;
    for program in &programs {
        let modified = fs::metadata(program)?.modified()?;
        newest = newest.max(modified.duration_since(UNIX_EPOCH)?.as_nanos());
    }
    let tag = format!("{IMAGE}:{newest}");
    // Of those that run side by side, one builds it.
    let lock = File::create(programs[0].with_extension("image-lock"))?;
    lock.lock()?;
    if !engine.has_image(&tag) {
        let context = tempfile::tempdir()?;
        fs::write(context.path().join("Dockerfile"), DOCKERFILE)?;
        for program in &programs {
            let name = program.file_name().ok_or("a program has a name")?;
            fs::copy(program, context.path().join(name))?;
        }
        let folder = context.path().display().to_string();
        let options = ["--target", "prebuilt", "--network", "host", "--tag"];
        engine.run(&[&["build"], &options[..], &[&tag, &folder]].concat());
    }
    Ok(tag)
}
