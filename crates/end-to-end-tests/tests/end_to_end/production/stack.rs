//! Everything that the production path stands on, for one test.

use std::ops::Deref;
use std::path::Path;
use std::process::Output;

use batchway_test_servers::{DockerEngine, Moto, Port, RedisServer};
use serde_json::json;
use tempfile::TempDir;

use super::aws::Aws;
use super::image;
use crate::gateway::{Gateway, Installation, wait_for};

const QUEUE: &str = "live2-job-queue";
const DEFINITION: &str = "live2-simulation";
const REGION: &str = "eu-central-1";
const BUCKET: &str = "live2-artifacts";

/// Signs what replicas share.
const SECRET: &str = "a secret of the tests that is the same on all replicas";

/// An AWS and a Redis for one test, and replicas of the gateway that share them.
pub(crate) struct Stack {
    engine: DockerEngine,
    moto: Moto,
    aws: Aws,
    redis: RedisServer,
    deployment: String,
    /// Where containers reach the gateway, its first replica: known before it listens there.
    port: Port,
    folder: TempDir,
    has_job_types: bool,
}

/// A running gateway and the folder that it keeps to itself.
pub(crate) struct Replica {
    // Before its folder, which goes last.
    gateway: Gateway,
    _installation: Installation,
}

impl Deref for Replica {
    type Target = Gateway;

    fn deref(&self) -> &Gateway {
        &self.gateway
    }
}

impl Replica {
    /// Ends the replica without any chance to tidy up.
    pub(crate) fn kill(self) {
        self.gateway.kill();
    }
}

impl Stack {
    /// The job types that are built in.
    pub(crate) fn start() -> Self {
        let stack = Self::without_queue();
        stack.create_queue();
        stack
    }

    /// Job types that show what a simulation would hide.
    pub(crate) fn with_job_types(types: &str) -> Self {
        Self::start().of_job_types(types)
    }

    pub(crate) fn of_job_types(mut self, types: &str) -> Self {
        std::fs::write(self.job_types(), types).unwrap();
        self.has_job_types = true;
        self
    }

    pub(crate) fn without_queue() -> Self {
        let engine = DockerEngine::shared();
        let moto = Moto::start();
        moto.set_batch_progression(1);
        let aws = Aws::at(&moto.url());
        aws.create_bucket(BUCKET);
        let image = image::of_jobs(&engine);
        aws.register_definition(DEFINITION, &image, &[], &moto.url_in_containers());
        let port = Port::reserve();
        Self {
            engine,
            moto,
            aws,
            redis: RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "always"]),
            deployment: format!("e2e{}", port.number()),
            port,
            folder: tempfile::tempdir().unwrap(),
            has_job_types: false,
        }
    }

    pub(crate) fn create_queue(&self) {
        // It comes with a definition of its own, which nobody asks for.
        let _ = self.moto.batch_environment(REGION, QUEUE, "none");
    }

    pub(crate) fn queue(&self) -> &'static str {
        QUEUE
    }

    pub(crate) fn bucket(&self) -> &'static str {
        BUCKET
    }

    pub(crate) fn moto(&self) -> &Moto {
        &self.moto
    }

    /// The image of the definition becomes another one.
    pub(crate) fn define(&self, image: &str, command: &[&str]) {
        let endpoint = self.moto.url_in_containers();
        self.aws
            .register_definition(DEFINITION, image, command, &endpoint);
    }

    pub(crate) fn deployment(&self) -> &str {
        &self.deployment
    }

    /// A program beside the replicas, run to its end.
    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.installation().run(arguments)
    }

    /// A job that no gateway asked for: it sleeps under this name, marked as a deployment's.
    pub(crate) fn submit_stray(&self, name: &str, deployment: &str) -> String {
        let image = self.engine.ensure_base_image();
        let endpoint = self.moto.url_in_containers();
        let sleep = ["sleep", "120"];
        self.aws
            .register_definition("stray", image, &sleep, &endpoint);
        let tags = json!({"batchway:deployment": deployment});
        self.aws.submit_job(name, QUEUE, "stray", &tags)
    }

    pub(crate) fn has_ended(&self, id: &str) -> bool {
        matches!(&*self.aws.status_of_job(id), "SUCCEEDED" | "FAILED")
    }

    pub(crate) fn delete_bucket(&self) {
        self.aws.delete_bucket_with_all_in_it(BUCKET);
    }

    /// How many jobs AWS Batch was ever given.
    pub(crate) fn jobs_at_batch(&self) -> usize {
        self.aws.jobs_in(QUEUE)
    }

    /// The containers that run for a job.
    pub(crate) fn containers_of(&self, job: &str) -> Vec<String> {
        let filter = format!("name={job}");
        let listed = self.engine.run(&["ps", "--quiet", "--filter", &filter]);
        listed.lines().map(str::to_owned).collect()
    }

    /// moto says RUNNING before the container is there.
    pub(crate) fn wait_for_containers_of(&self, job: &str, number: usize) {
        wait_for("its container", || {
            (self.containers_of(job).len() == number).then_some(())
        });
    }

    pub(crate) fn create_key(&self, user: &str) -> String {
        self.installation().create_key(user)
    }

    /// The replica whose address containers know.
    pub(crate) fn serve(&self) -> Replica {
        self.serve_at(self.port.number(), &[])
    }

    /// A replica beside it.
    pub(crate) fn serve_another(&self) -> Replica {
        self.serve_at(0, &[])
    }

    pub(crate) fn serve_with(&self, variables: &[(&str, &str)]) -> Replica {
        self.serve_at(self.port.number(), variables)
    }

    fn serve_at(&self, port: u16, variables: &[(&str, &str)]) -> Replica {
        let installation = variables
            .iter()
            .fold(self.installation(), |installation, (name, value)| {
                installation.set(name, value)
            });
        let listen = format!("0.0.0.0:{port}");
        let gateway = installation.start(&["serve", "--listen", &listen]);
        Replica {
            gateway,
            _installation: installation,
        }
    }

    /// The environment variables of the requirements, and what the emulators need besides.
    fn installation(&self) -> Installation {
        let installation = Installation::new()
            .set("AWS_ACCESS_KEY_ID", "of-the-service")
            .set("AWS_SECRET_ACCESS_KEY", "of-the-service")
            .set("AWS_REGION", REGION)
            .set("AWS_BATCH_JOB_QUEUE", QUEUE)
            .set("AWS_BATCH_JOB_DEFINITION", DEFINITION)
            .set("AWS_S3_BUCKET", BUCKET)
            .set("AWS_ENDPOINT_URL", &self.moto.url())
            .set("REDIS_HOST", "127.0.0.1")
            .set("REDIS_PORT", &self.redis.port().to_string())
            .set("BATCHWAY_DEPLOYMENT", &self.deployment)
            .set("BATCHWAY_SECRET", SECRET)
            .set(
                "BATCHWAY_PUBLIC_URL",
                &format!("http://host.docker.internal:{}", self.port.number()),
            );
        if self.has_job_types {
            let path = self.job_types();
            return installation.set("BATCHWAY_JOB_TYPES", path.to_str().unwrap());
        }
        installation
    }

    fn job_types(&self) -> std::path::PathBuf {
        Path::join(self.folder.path(), "job-types.toml")
    }
}

impl Drop for Stack {
    /// Jobs outlive the gateway and moto, but not the test.
    fn drop(&mut self) {
        let filter = format!("name=bw-{}-", self.deployment);
        let mut list = self.engine.command();
        list.args(["ps", "--quiet", "--filter", &filter]);
        // A test that has failed already says more than this could.
        let left = list
            .output()
            .map(|output| output.stdout)
            .unwrap_or_default();
        for container in String::from_utf8_lossy(&left).lines() {
            // It may end by itself meanwhile.
            let _ = self.engine.command().args(["kill", container]).output();
        }
    }
}
