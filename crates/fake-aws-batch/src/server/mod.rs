//! The account behind HTTP, as AWS Batch speaks it.
//!
//! [`FakeAwsBatch::start`] listens on a port of this machine and answers the AWS SDKs, boto3 and
//! the AWS CLI. No signature is checked, any credentials pass. The same port answers what
//! CloudWatch Logs would say of the jobs' output, and the control endpoint under `/_control`
//! (`GET /_control` lists it).
//!
//! ```no_run
//! # async fn example() -> std::io::Result<()> {
//! use batchway_fake_aws_batch::{Fault, FaultRule, Operation};
//! use batchway_fake_aws_batch::server::{FakeAwsBatch, ServerSettings};
//!
//! let fake = FakeAwsBatch::start(ServerSettings::default()).await?;
//! fake.add_queue("simulations").expect("a name that AWS takes");
//! fake.add_definition("simulation", "image", &[]).expect("a name that AWS takes");
//! fake.add_fault(FaultRule::once(Operation::SubmitJob, Fault::LostReplyAfterAcceptance));
//! println!("AWS_ENDPOINT_URL_BATCH={}", fake.url());
//! # Ok(())
//! # }
//! ```

mod control;
mod envelope;
mod events;
mod executor;
mod history;
mod listener;
mod log_streams;
mod machine;
mod operations;
mod reply;
mod service;
mod tags;
mod time;

use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio_util::task::TaskTracker;

pub use events::{EventQueue, Tampering};
pub use executor::{ContainerExecutor, Executor, Outcome, ProcessExecutor};
pub use history::{Caller, JobRecord, Request, Run};
pub use time::Time;

use crate::faults::{FaultRule, Operation};
use crate::wire::{
    ComputeResourcesType, CreateComputeEnvironment, CreateJobQueue, RegisterJobDefinition,
};
use crate::{Account, ApiError, Exit, Millis, Settings};
use events::Outbox;
use executor::Surroundings;
use machine::{Launch, Machine};
use service::Service;
use time::Clock;

/// How a server is to be.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// Where it listens. Port 0 takes any free one.
    pub listen: SocketAddr,
    /// The account that it plays. Events are recorded in any case: they tell what truly happened.
    pub account: Settings,
    /// What moves its time.
    pub time: Time,
    /// What runs the programs of jobs.
    pub executor: Executor,
    /// Where its events go.
    pub events: Option<EventQueue>,
}

impl Default for ServerSettings {
    /// Any free port of this machine alone, real time, and nobody who runs programs.
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            account: Settings::default(),
            time: Time::Real,
            executor: Executor::None(Outcome::default()),
            events: None,
        }
    }
}

/// A server, and the means to steer it from the same process.
///
/// When it is dropped, it stops listening, cuts its connections, and ends all programs that it
/// runs; where that has to be over, await [`stop`](Self::stop).
#[derive(Debug)]
pub struct FakeAwsBatch {
    address: SocketAddr,
    machine: Arc<Machine>,
    tasks: JoinSet<()>,
    attempts: TaskTracker,
}

impl FakeAwsBatch {
    /// Starts to listen. There are no queues and no definitions yet.
    ///
    /// # Errors
    /// The address is taken, or not this machine's.
    pub async fn start(settings: ServerSettings) -> io::Result<Self> {
        let listener = TcpListener::bind(settings.listen).await?;
        let address = listener.local_addr()?;
        let outbox = settings.events.is_some().then(Arc::<Outbox>::default);
        let clock = Arc::new(Clock::new(settings.time));
        let account = Account::new(Settings {
            records_events: true,
            ..settings.account
        });
        let instance = format!("{}-{}", std::process::id(), address.port());
        let executor = &settings.executor;
        let (machine, launches) = Machine::new(instance, account, clock, executor, outbox.clone());
        let machine = Arc::new(machine);

        let mut tasks = JoinSet::new();
        let service = Arc::new(Service::new(machine.clone()));
        tasks.spawn(listener::serve(listener, service));
        let driven = machine.clone();
        tasks.spawn(async move { driven.drive().await });
        if let (Some(outbox), Some(queue)) = (outbox, settings.events) {
            tasks.spawn(events::deliver(outbox, queue));
        }
        let attempts = TaskTracker::new();
        let runs = run_attempts(
            machine.clone(),
            settings.executor,
            launches,
            attempts.clone(),
        );
        tasks.spawn(runs);
        Ok(Self {
            address,
            machine,
            tasks,
            attempts,
        })
    }

    /// `http://127.0.0.1:{port}`, for `AWS_ENDPOINT_URL_BATCH`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Where it listens.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Makes a Fargate Spot environment of this name with `-environment` behind it, and a queue
    /// over it.
    ///
    /// # Errors
    /// There is one already, or the name is none that AWS takes.
    pub fn add_queue(&self, name: &str) -> Result<(), ApiError> {
        let environment = format!("{name}-environment");
        let kind = ComputeResourcesType::FargateSpot;
        let made = CreateComputeEnvironment::managed(&environment, kind);
        self.act(|account, now| {
            account.create_compute_environment(&made, now)?;
            account.create_job_queue(&CreateJobQueue::new(name, &environment), now)?;
            Ok(())
        })
    }

    /// Registers a revision of a definition with one vCPU and 2,048 MiB on Fargate.
    ///
    /// # Errors
    /// The name is none that AWS takes.
    pub fn add_definition(
        &self,
        name: &str,
        image: &str,
        command: &[String],
    ) -> Result<(), ApiError> {
        let mut definition = RegisterJobDefinition::fargate(name, image);
        definition.container_properties.command = command.to_vec();
        self.act(|account, now| account.register_job_definition(&definition, now).map(drop))
    }

    /// Does something with the account as it is now, and then all that follows from it. What
    /// happens to jobs is better done by the methods below, which also tell the truth of it.
    pub fn act<T>(&self, action: impl FnOnce(&mut Account, Millis) -> T) -> T {
        self.machine
            .act(|inside, now| action(&mut inside.account, now))
    }

    /// Lets something go wrong.
    pub fn add_fault(&self, rule: FaultRule) {
        self.machine.act(|inside, _| inside.faults.add(rule));
    }

    /// Rules that have not struck as often as they were to.
    #[must_use]
    pub fn faults(&self) -> Vec<FaultRule> {
        self.machine.look(|inside| inside.faults.rules().to_vec())
    }

    /// Nothing goes wrong any more.
    pub fn clear_faults(&self) {
        self.machine.act(|inside, _| inside.faults.clear());
    }

    /// Every job ever accepted, in that order.
    #[must_use]
    pub fn jobs(&self) -> Vec<JobRecord> {
        self.machine
            .look(|inside| inside.history.jobs().cloned().collect())
    }

    /// How often this was asked for, whatever became of it.
    #[must_use]
    pub fn calls(&self, operation: Operation) -> u64 {
        let name = operation.as_str();
        self.machine
            .look(|inside| inside.history.calls().get(name).copied().unwrap_or(0))
    }

    /// Batch forgets the job; its container runs on. Whether there was one.
    pub fn vanish(&self, job_id: &str) -> bool {
        self.machine.act(|inside, _| inside.vanish(job_id))
    }

    /// Ends the job's attempt, where nobody runs it. Whether there was one.
    pub fn end(&self, job_id: &str, exit: Exit) -> bool {
        self.machine
            .act(|inside, now| inside.end(job_id, exit, now))
    }

    /// How attempts end from now on that nobody runs.
    pub fn set_outcome(&self, outcome: Outcome) {
        self.machine.act(|inside, _| inside.outcome = outcome);
    }

    /// What becomes of the next events.
    pub fn tamper_with_events(&self, tampering: Tampering) {
        if let Some(outbox) = self.machine.outbox() {
            outbox.tamper(tampering);
        }
    }

    /// Lets time pass by hand, also beside the real time.
    pub fn advance(&self, span: Duration) {
        self.machine.advance(span);
    }

    /// What time it is in there.
    #[must_use]
    pub fn now(&self) -> Millis {
        self.machine.now()
    }

    /// What the attempt (from 1) wrote so far, where it was started.
    #[must_use]
    pub fn log(&self, job_id: &str, attempt: u32) -> Option<String> {
        let stream = self.machine.look(|inside| {
            let runs = &inside.history.job(job_id)?.runs;
            let run = runs.iter().find(|run| run.attempt == attempt)?;
            Some(run.log_stream_name.clone())
        })?;
        self.machine.logs().text(&stream)
    }

    /// Stops listening, and returns when all programs have ended.
    pub async fn stop(mut self) {
        self.tasks.shutdown().await;
        self.attempts.close();
        self.attempts.wait().await;
    }
}

/// Runs what is to be run, for as long as it is polled. Programs end with it.
async fn run_attempts(
    machine: Arc<Machine>,
    executor: Executor,
    mut launches: mpsc::UnboundedReceiver<Launch>,
    tracker: TaskTracker,
) {
    let executor = Arc::new(executor);
    let mut attempts = JoinSet::new();
    loop {
        tokio::select! {
            Some(launch) = launches.recv() => {
                let attempt = run_attempt(machine.clone(), executor.clone(), launch);
                attempts.spawn(tracker.track_future(attempt));
            }
            Some(_) = attempts.join_next() => {}
            else => std::future::pending().await,
        }
    }
}

async fn run_attempt(machine: Arc<Machine>, executor: Arc<Executor>, launch: Launch) {
    let Launch { start, orders } = launch;
    let around = Surroundings {
        orders,
        machine: machine.clone(),
    };
    let exit = match &*executor {
        // Such attempts are ended by the machine, and come here never.
        Executor::None(_) => return,
        Executor::Process(processes) => processes.run(&start, around).await,
        Executor::Container(containers) => containers.run(&start, around).await,
    };
    machine.exited(&start, exit);
}
