//! A fake with a queue and a definition, and a client of the SDK.

use std::time::Duration;

use aws_sdk_batch::Client;
use aws_sdk_batch::config::retry::RetryConfig;
use aws_sdk_batch::config::{BehaviorVersion, Credentials, Region, SharedCredentialsProvider};
use aws_sdk_batch::types::{ContainerOverrides, JobDetail, JobStatus, KeyValuePair};
use aws_types::SdkConfig;
use batchway_fake_aws_batch::server::{Executor, FakeAwsBatch, ServerSettings, Time};
use batchway_fake_aws_batch::{Millis, Settings};

pub(crate) const QUEUE: &str = "live2-job-queue";
pub(crate) const DEFINITION: &str = "live2-simulation";

/// The noon of a day.
const BEGINNING: Millis = Millis(1_772_366_400_000);

pub(crate) struct Stage {
    pub(crate) fake: FakeAwsBatch,
    /// Sends everything once.
    pub(crate) client: Client,
}

impl Stage {
    /// Nobody runs jobs, and time stands still.
    pub(crate) async fn by_hand() -> Self {
        Self::with(ServerSettings {
            time: Time::ByHand(BEGINNING),
            ..ServerSettings::default()
        })
        .await
    }

    /// Jobs are run, and end at the latest two seconds after they were asked to.
    pub(crate) async fn running(executor: Executor) -> Self {
        Self::with(ServerSettings {
            executor,
            account: Settings {
                stop_grace: Millis::from_secs(2),
                ..Settings::default()
            },
            ..ServerSettings::default()
        })
        .await
    }

    pub(crate) async fn with(settings: ServerSettings) -> Self {
        let fake = FakeAwsBatch::start(settings).await.unwrap();
        fake.add_queue(QUEUE).unwrap();
        fake.add_definition(DEFINITION, "image", &[]).unwrap();
        let once = sdk(&fake.url()).into_builder();
        let once = once.retry_config(RetryConfig::disabled()).build();
        Self {
            client: Client::new(&once),
            fake,
        }
    }

    pub(crate) async fn submit(&self, name: &str) -> String {
        self.run(name, &[], &[]).await
    }

    pub(crate) async fn run(
        &self,
        name: &str,
        command: &[&str],
        environment: &[(&str, &str)],
    ) -> String {
        let mut overrides = ContainerOverrides::builder();
        for (name, value) in environment {
            let variable = KeyValuePair::builder().name(*name).value(*value).build();
            overrides = overrides.environment(variable);
        }
        if !command.is_empty() {
            let words = command.iter().map(|word| (*word).to_owned()).collect();
            overrides = overrides.set_command(Some(words));
        }
        let request = self.client.submit_job().job_name(name).job_queue(QUEUE);
        let request = request.job_definition(DEFINITION);
        let submitted = request.container_overrides(overrides.build()).send().await;
        submitted.unwrap().job_id.unwrap()
    }

    pub(crate) async fn shell(&self, script: &str) -> String {
        self.run("script", &["/bin/sh", "-c", script], &[]).await
    }

    pub(crate) async fn terminate(&self, id: &str) {
        let request = self.client.terminate_job().job_id(id).reason("enough");
        request.send().await.unwrap();
    }

    pub(crate) async fn describe(&self, id: &str) -> JobDetail {
        let described = self.client.describe_jobs().jobs(id).send().await.unwrap();
        described.jobs.unwrap().remove(0)
    }

    pub(crate) async fn status(&self, id: &str) -> JobStatus {
        self.describe(id).await.status.unwrap()
    }

    /// What hangs here ends with the deadline of the test runner.
    pub(crate) async fn until(&self, id: &str, status: &JobStatus) -> JobDetail {
        loop {
            let job = self.describe(id).await;
            if job.status() == Some(status) {
                return job;
            }
            let ended = matches!(job.status(), Some(JobStatus::Succeeded | JobStatus::Failed));
            assert!(!ended, "{job:?}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// With the SDK's own retries on, as they are unless a client says otherwise.
pub(crate) fn sdk(url: &str) -> SdkConfig {
    let credentials = Credentials::new("AKIATEST", "a secret", None, None, "test");
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .endpoint_url(url)
        .retry_config(RetryConfig::standard())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build()
}
