//! The fake of AWS Batch, whose jobs are processes under the real runner.

use std::net::SocketAddr;
use std::time::Duration;

use batchway_fake_aws_batch::server::{
    Executor, FakeAwsBatch, JobRecord, ProcessExecutor, ServerSettings,
};
use batchway_fake_aws_batch::wire::{
    ContainerOverrides, JobStatus, KeyValuePair, RegisterJobDefinition, SubmitJob,
};
use batchway_fake_aws_batch::{Fault, FaultRule, Millis, Operation, Pace, Settings};

use super::{DEFINITION, QUEUE, credentials};
use crate::Outcome;
use crate::books::BatchJob;
use crate::http;
use crate::programs::program;

/// Has the runner ask whether it may work.
const GATED: &str = "BATCHWAY_GATED";

/// Long enough for a cancel to meet a job that waits.
const PACE: Pace = Pace {
    submitted: Millis(50),
    pending: Millis(0),
    runnable: Millis(200),
    starting: Millis(50),
};

/// AWS Batch, with the truth about every job.
#[derive(Debug)]
pub(crate) struct FakeBatch(FakeAwsBatch);

impl FakeBatch {
    /// `s3`: the address of S3 for jobs.
    pub(super) async fn start(seed: u64, s3: &str) -> Outcome<Self> {
        let runner = program("batchway-runner")?.display().to_string();
        let batch = FakeAwsBatch::start(ServerSettings {
            account: Settings {
                seed,
                pace: PACE,
                ..Settings::default()
            },
            executor: Executor::Process(ProcessExecutor {
                program: vec![runner, "run".to_owned(), "--".to_owned()],
            }),
            ..ServerSettings::default()
        })
        .await?;
        batch.add_queue(QUEUE)?;
        let mut definition = RegisterJobDefinition::fargate(DEFINITION, "image");
        let mut environment = credentials("of-the-job-role");
        environment.push(("AWS_ENDPOINT_URL", s3.to_owned()));
        definition.container_properties.environment = environment
            .into_iter()
            .map(|(name, value)| KeyValuePair::new(name, value))
            .collect();
        batch.act(|account, now| account.register_job_definition(&definition, now))?;
        Ok(Self(batch))
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.0.address()
    }

    /// Every job that AWS Batch ever accepted.
    pub(super) fn jobs(&self) -> Vec<BatchJob> {
        self.0.jobs().iter().map(BatchJob::from).collect()
    }

    /// So often, AWS Batch itself does this to a SubmitJob.
    pub(crate) fn spoil_submissions(&self, fault: Fault, times: u32) {
        self.0.add_fault(FaultRule {
            operation: Operation::SubmitJob,
            job_name: None,
            fault,
            times,
        });
    }

    /// The latest submission is done once more, as by a client library that sends again what was
    /// not answered. A copy that is not gated starts its program without asking anybody: then the
    /// promise of one run can't be kept.
    pub(crate) fn copy_latest(&self, is_gated: bool) -> Outcome<()> {
        let Some(latest) = self.0.jobs().pop() else {
            return Ok(());
        };
        let ids = [latest.job_id.to_string()];
        self.0.act(|account, now| {
            let Some(job) = account.describe_jobs(&ids, now)?.pop() else {
                return Ok(());
            };
            let mut environment = job.container.environment.to_vec();
            environment.retain(|pair| {
                !pair.name.starts_with("AWS_BATCH") && (is_gated || pair.name != GATED)
            });
            let copy = SubmitJob {
                job_name: job.job_name.to_string(),
                job_queue: job.job_queue.to_string(),
                job_definition: job.job_definition.to_string(),
                tags: (*job.tags).clone(),
                container_overrides: Some(ContainerOverrides {
                    command: Some(job.container.command.to_vec()),
                    environment,
                    ..ContainerOverrides::default()
                }),
                ..SubmitJob::default()
            };
            account.submit_job(&copy, now).map(drop)
        })?;
        Ok(())
    }

    /// From now on, ListJobs does not show what is younger than this.
    pub(crate) fn lag(&self, span: Duration) {
        let span = Millis(i64::try_from(span.as_millis()).unwrap_or(i64::MAX));
        self.0.act(|account, _| account.set_list_lag(span));
    }

    /// From now on, AWS Batch itself does what it should.
    pub(crate) async fn calm_down(&self) -> Outcome<()> {
        self.lag(Duration::ZERO);
        let http = http::client()?;
        let rules = format!("{}/_control/faults", self.0.url());
        http.delete(rules).send().await?.error_for_status()?;
        Ok(())
    }
}

impl From<&JobRecord> for BatchJob {
    fn from(record: &JobRecord) -> Self {
        Self {
            id: record.job_id.to_string(),
            name: record.job_name.to_string(),
            status: format!("{:?}", record.status),
            is_over: matches!(record.status, JobStatus::Succeeded | JobStatus::Failed),
        }
    }
}
