//! Where jobs run and leave their results: the fake of AWS Batch, whose jobs are processes under
//! the real runner, and moto's S3.

use std::time::Duration;

use batchway_fake_aws_batch::server::{
    Executor, FakeAwsBatch, JobRecord, ProcessExecutor, ServerSettings,
};
use batchway_fake_aws_batch::wire::{
    ContainerOverrides, JobStatus, KeyValuePair, RegisterJobDefinition, SubmitJob,
};
use batchway_fake_aws_batch::{Fault, FaultRule, Millis, Operation, Pace, Settings};
use batchway_fault_proxy::FaultProxy;
use batchway_test_servers::Moto;

use crate::Outcome;
use crate::books::BatchJob;
use crate::bucket::Bucket;
use crate::programs::program;
use crate::stage::on_this_machine;

const QUEUE: &str = "live2-job-queue";
const DEFINITION: &str = "live2-simulation";
const BUCKET: &str = "live2-artifacts";
const REGION: &str = "eu-central-1";
/// Has the runner ask whether it may work.
const GATED: &str = "BATCHWAY_GATED";

/// Long enough for a cancel to meet a job that waits.
const PACE: Pace = Pace {
    submitted: Millis(50),
    pending: Millis(0),
    runnable: Millis(200),
    starting: Millis(50),
};

/// AWS, as far as a run needs it.
#[derive(Debug)]
pub(crate) struct Aws {
    batch: FakeAwsBatch,
    pub(crate) to_batch: FaultProxy,
    pub(crate) bucket: Bucket,
    /// Between gateways and S3; runners go straight there.
    pub(crate) to_s3: FaultProxy,
    _moto: Moto,
}

impl Aws {
    pub(crate) async fn start(seed: u64) -> Outcome<Self> {
        let moto = Moto::start();
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
        environment.push(("AWS_ENDPOINT_URL", moto.url()));
        definition.container_properties.environment = environment
            .into_iter()
            .map(|(name, value)| KeyValuePair::new(name, value))
            .collect();
        batch.act(|account, now| account.register_job_definition(&definition, now))?;
        Ok(Self {
            to_batch: FaultProxy::start(batch.address(), seed)?,
            batch,
            bucket: Bucket::create(&moto.url(), BUCKET).await?,
            to_s3: FaultProxy::start(on_this_machine(moto.port()), seed)?,
            _moto: moto,
        })
    }

    /// What a gateway has to be told.
    pub(crate) fn variables(&self) -> Vec<(&'static str, String)> {
        let mut variables = credentials("of-the-service");
        variables.extend([
            ("AWS_ENDPOINT_URL", url_of(&self.to_s3)),
            ("AWS_ENDPOINT_URL_BATCH", url_of(&self.to_batch)),
            ("AWS_BATCH_JOB_QUEUE", QUEUE.to_owned()),
            ("AWS_BATCH_JOB_DEFINITION", DEFINITION.to_owned()),
            ("AWS_S3_BUCKET", BUCKET.to_owned()),
        ]);
        variables
    }

    /// Every job that AWS Batch ever accepted.
    pub(crate) fn jobs(&self) -> Vec<BatchJob> {
        self.batch.jobs().iter().map(BatchJob::from).collect()
    }

    /// So often, AWS Batch itself does this to a SubmitJob.
    pub(crate) fn spoil_submissions(&self, fault: Fault, times: u32) {
        self.batch.add_fault(FaultRule {
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
        let Some(latest) = self.batch.jobs().pop() else {
            return Ok(());
        };
        let ids = [latest.job_id.to_string()];
        self.batch.act(|account, now| {
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
        self.batch.act(|account, _| account.set_list_lag(span));
    }

    /// From now on, AWS Batch itself does what it should.
    pub(crate) async fn calm_down(&self) -> Outcome<()> {
        self.lag(Duration::ZERO);
        let http = reqwest::Client::builder().no_proxy().build()?;
        let rules = format!("{}/_control/faults", self.batch.url());
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

fn credentials(who: &str) -> Vec<(&'static str, String)> {
    vec![
        ("AWS_ACCESS_KEY_ID", who.to_owned()),
        ("AWS_SECRET_ACCESS_KEY", who.to_owned()),
        ("AWS_REGION", REGION.to_owned()),
    ]
}

fn url_of(proxy: &FaultProxy) -> String {
    format!("http://{}", proxy.address())
}
