//! Backends on emulators of AWS Batch, each with a queue and a definition of its own.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use aws_config::SdkConfig;
use aws_sdk_batch::types::ContainerOverrides;
use batchway_compute_aws_batch::AwsBatchBackend;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{ComputeBackend, ParamsDelivery, Submission};
use batchway_fake_aws_batch::server::{Executor, FakeAwsBatch, ProcessExecutor, ServerSettings};
use batchway_fake_aws_batch::{Millis, Settings};
use batchway_memory_adapters::FailingComputeBackend;
use batchway_port_contracts::compute_backend::{
    ComputeBackendCapabilities, ComputeBackendFixture, Logs, Program, Queues, Stopping,
};
use batchway_port_contracts::specimens;
use batchway_test_servers::{BatchEnvironment, DockerEngine, LocalBatch, Moto};

use crate::gateway::{config, sdk, sdk_with_logs_at};

/// Between two looks: containers take their time.
const MOMENT: Duration = Duration::from_millis(100);

/// Where an emulator lets a program run on that should have stopped, it stops by itself.
const RUNS_ON: &str = "sleep 100";

#[derive(Debug)]
pub(crate) struct Stage {
    backend: Arc<dyn ComputeBackend>,
    /// For what is done behind the backend's back.
    batch: aws_sdk_batch::Client,
    environment: BatchEnvironment,
    target: Target,
    capabilities: ComputeBackendCapabilities,
    /// Where it is our own that plays AWS Batch. Ends with the stage.
    fake: Option<FakeAwsBatch>,
}

impl Stage {
    pub(crate) async fn on_moto() -> Self {
        let region = "eu-central-1";
        let (url, environment) = blocking(move || {
            let (engine, moto) = (DockerEngine::shared(), Moto::shared());
            let image = engine.ensure_base_image();
            let environment = moto.batch_environment(region, &unique_name(), image);
            (moto.url(), environment)
        })
        .await;
        let capabilities = ComputeBackendCapabilities {
            name_is_unique: false,
            has_slots: false,
            tells_hashes_apart: true,
            logs: Logs::AfterTheEnd,
            tells_exit_status: false,
            stopping: Stopping::RetellsFailures,
            queues: Queues::Marked {
                newest_first: false,
            },
        };
        Self::over(&sdk(&url, region), environment, capabilities).await
    }

    pub(crate) async fn on_localbatch() -> Self {
        let (sdk, environment) = blocking(|| {
            let image = DockerEngine::shared().ensure_base_image();
            let (emulator, moto) = (LocalBatch::shared(), Moto::shared());
            let environment = emulator.batch_environment(&unique_name(), image);
            let sdk = sdk_with_logs_at(&moto.url(), &emulator.url(), "us-east-1");
            (sdk, environment)
        })
        .await;
        let capabilities = ComputeBackendCapabilities {
            name_is_unique: false,
            has_slots: false,
            tells_hashes_apart: true,
            logs: Logs::None,
            tells_exit_status: true,
            stopping: Stopping::Careless,
            queues: Queues::Marked {
                newest_first: false,
            },
        };
        Self::over(&sdk, environment, capabilities).await
    }

    pub(crate) async fn on_the_fake() -> Self {
        let settings = ServerSettings {
            executor: Executor::Process(ProcessExecutor::default()),
            account: Settings {
                // A case waits for less.
                stop_grace: Millis::from_secs(2),
                ..Settings::default()
            },
            ..ServerSettings::default()
        };
        let fake = FakeAwsBatch::start(settings).await.unwrap();
        let environment = BatchEnvironment {
            queue: "simulations".to_owned(),
            definition: "simulation".to_owned(),
        };
        fake.add_queue(&environment.queue).unwrap();
        fake.add_definition(&environment.definition, "image", &[])
            .unwrap();
        let capabilities = ComputeBackendCapabilities {
            name_is_unique: false,
            has_slots: false,
            tells_hashes_apart: true,
            logs: Logs::Live,
            tells_exit_status: true,
            stopping: Stopping::Faithful,
            queues: Queues::Marked { newest_first: true },
        };
        let sdk = sdk(&fake.url(), "eu-central-1");
        let stage = Self::over(&sdk, environment, capabilities).await;
        Self {
            fake: Some(fake),
            ..stage
        }
    }

    async fn over(
        sdk: &SdkConfig,
        environment: BatchEnvironment,
        capabilities: ComputeBackendCapabilities,
    ) -> Self {
        let mut stage = Self {
            backend: Arc::new(AwsBatchBackend::new(sdk, config())),
            batch: aws_sdk_batch::Client::new(sdk),
            environment,
            target: Target(String::new()),
            capabilities,
            fake: None,
        };
        let execution = stage.execution(&[]);
        stage.target = stage.backend.resolve_target(&execution).await.unwrap();
        stage
    }

    pub(crate) fn fake(&self) -> &FakeAwsBatch {
        self.fake.as_ref().expect("a stage on the fake")
    }

    /// The same backend behind the decorator that injects failures, with none to inject.
    pub(crate) fn decorated(mut self) -> Self {
        self.backend = Arc::new(FailingComputeBackend::new(self.backend));
        self
    }

    fn execution(&self, command: &[&str]) -> Execution {
        Execution::AwsBatch(AwsBatchExecution {
            queue: self.environment.queue.clone(),
            definition: self.environment.definition.clone(),
            command: Some(command.iter().map(|word| (*word).to_owned()).collect()),
            ..AwsBatchExecution::default()
        })
    }
}

/// No two tests of any run share it.
fn unique_name() -> String {
    let now = crate::gateway::SystemClock;
    let millis = batchway_domain::ports::Clock::now(&now).as_millis();
    format!("test-{}-{millis}", std::process::id())
}

async fn blocking<T: Send + 'static>(act: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(act).await.unwrap()
}

fn script(program: Program) -> String {
    match program {
        Program::SucceedsAtOnce => "exit 0".to_owned(),
        Program::FailsWith(code) => format!("exit {code}"),
        Program::RunsUntilStopped => format!("exec {RUNS_ON}"),
        Program::IgnoresSigterm => format!("trap '' TERM; {RUNS_ON}"),
        Program::WritesLines(count) => {
            format!("n=0; while [ $n -lt {count} ]; do n=$((n+1)); echo line $n; done")
        }
        Program::WritesUntilStopped => {
            "n=0; while [ $n -lt 500 ]; do n=$((n+1)); echo line $n; sleep 0.2; done".to_owned()
        }
    }
}

#[async_trait]
impl ComputeBackendFixture for Stage {
    fn backend(&self) -> Arc<dyn ComputeBackend> {
        self.backend.clone()
    }

    fn submission(&self, name: TryName, program: Program) -> Submission {
        Submission {
            request_hash: RequestHash("5e".repeat(32)),
            name,
            target: self.target.clone(),
            execution: self.execution(&["/bin/sh", "-c", &script(program)]),
            gated: false,
            timeout: None,
            environment: BTreeMap::new(),
            params: ParamsDelivery::Inline(Arc::from(specimens::PARAMS)),
            tenant: "ada".parse().unwrap(),
        }
    }

    async fn submit_unmarked(&self, submission: &Submission) -> BackendId {
        let Execution::AwsBatch(execution) = &submission.execution else {
            panic!("submissions of this fixture are for AWS Batch");
        };
        let overrides = ContainerOverrides::builder()
            .set_command(execution.command.clone())
            .build();
        let request = self
            .batch
            .submit_job()
            .job_name(submission.name.to_string())
            .job_queue(&execution.queue)
            .job_definition(&execution.definition)
            .container_overrides(overrides);
        let submitted = request.send().await.unwrap();
        BackendId(submitted.job_id.unwrap())
    }

    async fn settle(&self) {
        tokio::time::sleep(MOMENT).await;
    }

    fn capabilities(&self) -> ComputeBackendCapabilities {
        self.capabilities
    }
}
