//! An account with a queue and two definitions, and what it promises.

mod arrays;
mod attempts;
mod bad_days;
mod blocking;
mod definitions;
mod dependencies;
mod determinism;
mod events;
mod listing;
mod queues;
mod reading;
mod refusals;
mod statuses;
mod stopping;
mod timeouts;

use std::sync::Arc;

use super::{Account, Exit, Millis, Settings, Signal, Start};
use crate::wire::{
    ComputeResourcesType, CreateComputeEnvironment, CreateJobQueue, JobDetail, JobQueueState,
    JobStatus, JobSummary, ListJobs, RegisterJobDefinition, RetryStrategy, SubmitJob,
};

/// A moment in 2026.
const BEGINNING: Millis = Millis(1_772_366_400_000);

/// An account and its clock.
struct World {
    account: Account,
    now: Millis,
}

impl World {
    fn new() -> Self {
        Self::with(Settings::default())
    }

    /// With the queues `main` and `fair`, and the definitions `program` (Fargate) and `machine`
    /// (EC2).
    fn with(settings: Settings) -> Self {
        let now = BEGINNING;
        let mut account = Account::new(settings);
        let environment =
            CreateComputeEnvironment::managed("ce", ComputeResourcesType::FargateSpot);
        account
            .create_compute_environment(&environment, now)
            .unwrap();
        let main = CreateJobQueue::new("main", "ce");
        account.create_job_queue(&main, now).unwrap();
        let fair = CreateJobQueue {
            scheduling_policy_arn: Some("arn:aws:batch:eu-central-1:1:scheduling-policy/p".into()),
            ..CreateJobQueue::new("fair", "ce")
        };
        account.create_job_queue(&fair, now).unwrap();
        let fargate = RegisterJobDefinition::fargate("program", "image:1");
        account.register_job_definition(&fargate, now).unwrap();
        let ec2 = RegisterJobDefinition::ec2("machine", "image:1");
        account.register_job_definition(&ec2, now).unwrap();
        Self { account, now }
    }

    fn pass(&mut self, span: Millis) {
        self.now = self.now.plus(span);
        self.account.advance(self.now);
    }

    fn pass_secs(&mut self, seconds: i64) {
        self.pass(Millis::from_secs(seconds));
    }

    fn submit(&mut self, request: &SubmitJob) -> String {
        let submitted = self.account.submit_job(request, self.now);
        submitted.unwrap().job_id.to_string()
    }

    fn refused(&mut self, request: &SubmitJob) -> String {
        let error = self.account.submit_job(request, self.now).unwrap_err();
        assert_eq!(
            (error.status, error.code),
            (400, "ClientException"),
            "{error}"
        );
        error.message
    }

    fn describe(&mut self, id: &str) -> Option<JobDetail> {
        let found = self.account.describe_jobs(&[id.to_owned()], self.now);
        found.unwrap().pop()
    }

    fn job(&mut self, id: &str) -> JobDetail {
        self.describe(id)
            .unwrap_or_else(|| panic!("{id} is not described"))
    }

    fn status(&mut self, id: &str) -> JobStatus {
        self.job(id).status
    }

    fn reason(&mut self, id: &str) -> String {
        self.job(id).status_reason.unwrap_or_default().into_owned()
    }

    fn list(&mut self, request: &ListJobs) -> Vec<JobSummary> {
        let listed = self.account.list_jobs(request, self.now);
        listed.unwrap().job_summary_list
    }

    fn starts(&mut self) -> Vec<Start> {
        self.account.advance(self.now);
        self.account.take_starts()
    }

    /// Starts the container that is due, which is one, and returns it.
    fn start(&mut self) -> Start {
        let mut starts = self.starts();
        assert_eq!(starts.len(), 1, "one start is due: {starts:?}");
        let start = starts.remove(0);
        self.account.started(&start.job_id, start.attempt, self.now);
        start
    }

    /// Starts all containers that are due.
    fn start_all(&mut self) -> Vec<Start> {
        let starts = self.starts();
        for start in &starts {
            self.account.started(&start.job_id, start.attempt, self.now);
        }
        starts
    }

    fn exit(&mut self, start: &Start, exit: Exit) {
        self.account
            .exited(&start.job_id, start.attempt, exit, self.now);
        self.account.advance(self.now);
    }

    /// Submits and starts it.
    fn running(&mut self, request: &SubmitJob) -> Start {
        self.submit(request);
        self.start()
    }

    fn stops(&mut self) -> Vec<(String, u32, Signal)> {
        self.account.advance(self.now);
        let stops = self.account.take_stops().into_iter();
        stops
            .map(|stop| (stop.job_id.to_string(), stop.attempt, stop.signal))
            .collect()
    }

    fn set_queue(&mut self, queue: &str, state: JobQueueState) {
        let request = crate::wire::UpdateJobQueue {
            job_queue: queue.to_owned(),
            state: Some(state),
            ..crate::wire::UpdateJobQueue::default()
        };
        self.account.update_job_queue(&request, self.now).unwrap();
    }
}

/// A job on Fargate.
fn program(name: &str) -> SubmitJob {
    SubmitJob {
        job_name: name.to_owned(),
        job_queue: "main".to_owned(),
        job_definition: "program".to_owned(),
        ..SubmitJob::default()
    }
}

/// A job on EC2.
fn machine(name: &str) -> SubmitJob {
    SubmitJob {
        job_definition: "machine".to_owned(),
        ..program(name)
    }
}

fn with_attempts(attempts: i32, request: SubmitJob) -> SubmitJob {
    SubmitJob {
        retry_strategy: Some(RetryStrategy {
            attempts: Some(attempts),
            ..RetryStrategy::default()
        }),
        ..request
    }
}

fn ids(jobs: &[JobSummary]) -> Vec<&str> {
    jobs.iter().map(|job| &*job.job_id).collect()
}

fn names(jobs: &[JobSummary]) -> Vec<Arc<str>> {
    jobs.iter().map(|job| Arc::clone(&job.job_name)).collect()
}
