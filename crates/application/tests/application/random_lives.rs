//! Whole lives of jobs: two replicas over one store and two backends, all of which fail at
//! random, in random order, with runners, cancels and a clock that jumps. Whatever happens, each
//! accepted request has one run to effect, and nothing is said that is not so.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::use_cases::SubmitRequest;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::JobId;
use batchway_domain::job::{
    BackendId, CancelCause, Failure, FailureClass, Job, JobState, JobStatus, NumberedAttempt,
};
use batchway_domain::ports::{BackendState, ChangedJob, ComputeBackend, Entropy, Held};
use batchway_domain::runner::RunnerReport;
use batchway_memory_adapters::SeededEntropy;
use futures_util::FutureExt;
use tokio::task::yield_now;

use crate::bad_days::break_at_random;
use crate::feed::Feed;
use crate::job_types::{FOREIGN, HURRY, REMOTE, SIMULATE};
use crate::limited_backend::LimitedBackend;
use crate::scene::{MINUTE, Replica, SECOND, Setup, World, request};
use crate::wandering_backend::WanderingBackend;

const SEEDS: u64 = 100;
const STEPS: usize = 400;
const MOST_JOBS: usize = 8;

const LOOPS: [&str; 9] = [
    "dispatch:process",
    "resolve:process",
    "watch:process",
    "dispatch:aws-batch",
    "resolve:aws-batch",
    "watch:aws-batch",
    "listen",
    "sweep:aws-batch",
    "remove",
];

/// One history, made by a seed.
struct History {
    seed: u64,
    dice: SeededEntropy,
    world: World,
    replicas: [Replica; 2],
    /// What both replicas call, at the backend with a queue.
    service: Arc<LimitedBackend>,
    feed: Arc<Feed>,
    posts: usize,
    /// How often a job was seen that waits for a target which takes nothing.
    held: usize,
    /// The copies whose programs ended well, by job.
    effects: BTreeMap<JobId, Vec<BackendId>>,
}

#[tokio::test(start_paused = true)]
async fn every_job_has_one_end_and_at_most_one_effect() {
    let mut ends: BTreeMap<JobStatus, usize> = BTreeMap::new();
    let (mut held, mut events) = (0, 0);
    for seed in 0..SEEDS {
        let mut history = History::new(seed);
        for _ in 0..STEPS {
            history.step().await;
            history.check_what_is_said().await;
        }
        history.settle().await;
        history.check_the_end().await;
        held += history.held;
        events += history.feed.told();
        for job in history.world.jobs.all_jobs() {
            *ends.entry(job.status()).or_default() += 1;
        }
    }
    // The histories are worth something only where they end in all ways.
    for status in [
        JobStatus::Completed,
        JobStatus::Failed,
        JobStatus::Cancelled,
    ] {
        assert!(ends[&status] > 20, "{ends:?}");
    }
    assert!(held > 100 && events > 1000, "{held} held, {events} events");
}

impl History {
    fn new(seed: u64) -> Self {
        let world = World::new(3);
        let feed = Arc::new(Feed::default());
        let service = LimitedBackend::new(world.batch.clone(), world.clock.clone());
        let service = Arc::new(service.with_calls(4, 20));
        let replicas = [1, 2].map(|number| {
            let seed = seed * 10 + number;
            let replica = world.replica(Setup {
                seed,
                process: Some(Arc::new(WanderingBackend::new(world.process.clone(), seed))),
                batch: Some(Arc::new(WanderingBackend::new(service.clone(), seed))),
                feed: Some(feed.clone()),
                ..Setup::default()
            });
            break_at_random(&replica, seed);
            replica
        });
        if seed.is_multiple_of(3) {
            world.process.hold_stops();
            world.batch.hold_stops();
        }
        Self {
            seed,
            dice: SeededEntropy::new(seed),
            world,
            replicas,
            service,
            feed,
            posts: 0,
            held: 0,
            effects: BTreeMap::new(),
        }
    }

    /// A number below this one.
    fn roll(&self, below: usize) -> usize {
        let dice: &dyn Entropy = &self.dice;
        usize::from(u16::from_le_bytes(dice.bytes())) % below
    }

    async fn step(&mut self) {
        match self.roll(25) {
            0 if self.posts < MOST_JOBS => self.post().await,
            0..=7 => self.run_a_loop().await,
            8 | 9 => self.run_both_replicas().await,
            10..=14 => self.move_a_copy().await,
            15 => self.cancel_a_job(),
            16 => {
                let hides = self.roll(2) == 0;
                self.world.batch.hide_from_lookups(hides);
            }
            17 => {
                self.world.process.finish_stops();
                self.world.batch.finish_stops();
            }
            18 => self.world.clock.advance(self.roll(20 * 60) as u32 * SECOND),
            19 => self.service.throttle(self.roll(6)),
            20 => self.hold_or_open(),
            21 | 22 => self.tell_of_a_copy().await,
            23 => self.feed.fail(self.roll(3) == 0),
            _ => self.world.clock.advance(Duration::from_millis(500)),
        }
    }

    /// A client that repeats its request with the same key until it is answered.
    async fn post(&mut self) {
        let kinds = [SIMULATE, SIMULATE, HURRY, REMOTE, REMOTE, FOREIGN];
        let kind = kinds[self.roll(kinds.len())];
        let key = format!("post-{}", self.posts);
        self.posts += 1;
        loop {
            let replica = &self.replicas[self.roll(2)];
            let request = SubmitRequest {
                idempotency_key: Some(key.clone()),
                ..request(kind)
            };
            let answer = replica.application.submit_job(&self.world.key, request);
            if answer.await.is_ok() {
                return;
            }
        }
    }

    async fn run_a_loop(&self) {
        let replica = &self.replicas[self.roll(2)];
        replica.run(LOOPS[self.roll(LOOPS.len())]).await;
    }

    /// Loops of both at the same time, and cancels between their steps.
    async fn run_both_replicas(&self) {
        let work = [0; 4].map(|_| LOOPS[self.roll(LOOPS.len())]);
        let rounds = self.roll(3);
        let [first, second] = &self.replicas;
        let meanwhile = async {
            for _ in 0..rounds {
                self.cancel_a_job();
                yield_now().await;
            }
        };
        tokio::join!(
            first.run(work[0]),
            second.run(work[1]),
            first.run(work[2]),
            second.run(work[3]),
            meanwhile
        );
    }

    /// Credentials expire, or there are new ones.
    fn hold_or_open(&self) {
        let held = (self.roll(3) == 0).then(|| Held {
            code: "credentials".to_owned(),
            message: "The gateway's credentials have expired.".to_owned(),
        });
        if self.roll(2) == 0 {
            self.world.batch.hold(held);
        } else {
            self.world.process.hold(held);
        }
    }

    /// An event of any copy, also of one that ended long ago, perhaps twice.
    async fn tell_of_a_copy(&self) {
        let copies = self.copies().await;
        if copies.is_empty() {
            return;
        }
        let (job, copy, _) = &copies[self.roll(copies.len())];
        let submission = self.world.backend_of(job).submission(copy).unwrap();
        for _ in 0..=self.roll(2) {
            self.feed.tell(Some(ChangedJob {
                backend_id: copy.clone(),
                name: submission.name.clone(),
            }));
        }
    }

    fn cancel_a_job(&self) {
        let jobs = self.world.jobs.all_jobs();
        if jobs.is_empty() || self.roll(4) > 0 {
            return;
        }
        let id = &jobs[self.roll(jobs.len())].id;
        let application = &self.replicas[self.roll(2)].application;
        // Nobody waits for the answer.
        let _unheard = application
            .cancel_job(&self.world.key, id.as_str())
            .now_or_never();
    }

    async fn move_a_copy(&mut self) {
        let copies = self.copies().await;
        if copies.is_empty() {
            return;
        }
        let (job, copy, state) = &copies[self.roll(copies.len())];
        match state {
            BackendState::Waiting { .. } => self.leave_the_queue(job, copy).await,
            BackendState::Running => self.go_on(job, copy).await,
            BackendState::Succeeded | BackendState::Failed { .. } => {}
        }
    }

    /// A copy that waits gets a machine, or none that can start it.
    async fn leave_the_queue(&self, job: &Job, copy: &BackendId) {
        if self.roll(6) == 0 {
            let failure = Failure::new(FailureClass::ImagePull, "There is no such image.");
            self.world.backend_of(job).fail(copy, failure);
        } else {
            self.begin(job, copy).await;
        }
    }

    /// A copy is started. Under our runner it has to pass the gate.
    async fn begin(&self, job: &Job, copy: &BackendId) {
        if is_gated(job) {
            self.world.start_runner(job, copy).await;
        } else {
            self.world.batch.run(copy);
        }
    }

    async fn go_on(&mut self, job: &Job, copy: &BackendId) {
        let backend = self.world.backend_of(job);
        match self.roll(10) {
            0..=3 if is_gated(job) => self.report(job, copy).await,
            4 if job.backend.as_str() != "process" => backend.wait(copy, None),
            5 => {
                let gone = Failure::new(FailureClass::HostLost, "The machine went away.");
                backend.fail(copy, gone);
            }
            6 => backend.exit(copy, 1),
            7 if self.roll(5) == 0 => backend.stop_outside(copy),
            _ => self.end_well(job, copy),
        }
    }

    /// The program ends well, unless it is stopped before.
    fn end_well(&mut self, job: &Job, copy: &BackendId) {
        if is_gated(job) {
            let end = ProgramEnd::Exited { code: 0 };
            self.world.leave(job, copy, end, &["results.h5"]);
        }
        self.world.backend_of(job).succeed(copy);
        let effects = self.effects.entry(job.id.clone()).or_default();
        effects.push(copy.clone());
    }

    /// A runner speaks, and ends its program where it is told to.
    async fn report(&self, job: &Job, copy: &BackendId) {
        let backend = self.world.backend_of(job);
        let number = backend.submission(copy).unwrap().name.number;
        let token = self.world.token(&job.id, number);
        let description = backend.describe(std::slice::from_ref(copy)).await.unwrap();
        let report = RunnerReport {
            backend_id: copy.clone(),
            attempt: u32::try_from(description[0].attempts.len()).unwrap(),
            progress: Some(0.5),
            message: None,
        };
        let application = &self.replicas[self.roll(2)].application;
        if let Ok(order) = application.report_progress(&token, report).await
            && order.stop
        {
            self.world.leave(job, copy, ProgramEnd::Stopped, &[]);
            let stopped = Failure::new(FailureClass::Unknown, "The program was stopped.");
            backend.fail(copy, stopped);
        }
    }

    /// Every copy at every backend, with its job.
    async fn copies(&self) -> Vec<(Job, BackendId, BackendState)> {
        let mut copies = Vec::new();
        for backend in [&self.world.process, &self.world.batch] {
            for description in backend.describe(&backend.ids()).await.unwrap() {
                let submission = backend.submission(&description.id).unwrap();
                let job = self.world.jobs.job(&submission.name.job).unwrap();
                copies.push((job, description.id, description.state));
            }
        }
        copies
    }

    /// No job that is said to have ended has a program that works.
    async fn check_what_is_said(&mut self) {
        let jobs = self.world.jobs.all_jobs();
        let is_held = |job: &&Job| {
            matches!(
                job.state,
                JobState::Accepted {
                    waiting: Some(_),
                    ..
                }
            )
        };
        self.held += jobs.iter().filter(is_held).count();
        for (job, copy, state) in self.copies().await {
            let works = state == BackendState::Running && is_gated(&job);
            assert!(
                !(works && job.status().is_terminal()),
                "seed {}: {copy} works, and {job:?}",
                self.seed
            );
        }
    }

    /// Fair weather, until nothing moves any more.
    async fn settle(&mut self) {
        for replica in &self.replicas {
            replica.jobs.faults().clear();
            replica.artifacts.faults().clear();
            replica.process.faults().clear();
            replica.batch.faults().clear();
            replica.budget.faults().clear();
        }
        self.world.batch.hide_from_lookups(false);
        self.world.batch.hold(None);
        self.world.process.hold(None);
        self.service.throttle(0);
        self.feed.fail(false);
        for _ in 0..200 {
            for (number, work) in LOOPS.iter().enumerate() {
                let report = self.replicas[number % 2].run(work).await;
                assert_eq!(report.failure, None);
            }
            self.world.process.finish_stops();
            self.world.batch.finish_stops();
            for (job, copy, state) in self.copies().await {
                match state {
                    BackendState::Waiting { .. } => self.begin(&job, &copy).await,
                    BackendState::Running => self.end_well(&job, &copy),
                    BackendState::Succeeded | BackendState::Failed { .. } => {}
                }
            }
            self.world.clock.advance(MINUTE);
            self.check_what_is_said().await;
        }
    }

    async fn check_the_end(&self) {
        let seed = self.seed;
        let jobs = self.world.jobs.all_jobs();
        assert_eq!(jobs.len(), self.posts, "seed {seed}: one job a request");
        for job in &jobs {
            assert!(job.status().is_terminal(), "seed {seed}: {job:?}");
            assert_eq!(job.surplus, [], "seed {seed}: {job:?}");
            let events = self.world.jobs.events_of(&job.id);
            let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
            let expected: Vec<u64> = (1..=job.events).collect();
            assert_eq!(numbers, expected, "seed {seed}: {job:?}");
            if is_gated(job) {
                self.check_effects(job);
            }
            self.check_logs(job);
        }
        assert_eq!(self.feed.left(), 0, "seed {seed}: every event is settled");
        for (job, copy, state) in self.copies().await {
            assert!(state.has_ended(), "seed {seed}: {copy} of {job:?}");
        }
    }

    /// What every program wrote was archived, whatever failed.
    fn check_logs(&self, job: &Job) {
        let seed = self.seed;
        assert_eq!(job.archive_logs_at, None, "seed {seed}: {job:?}");
        let ran = |one: &NumberedAttempt<'_>| one.attempt.started_at.is_some();
        for log in job.numbered_attempts().filter(ran) {
            let key = job.folder().log(log.attempt.try_number, log.of_try);
            let archived = self.world.artifacts.content(key.as_str());
            assert!(archived.is_some(), "seed {seed}: no {key} of {job:?}");
        }
    }

    /// At most one copy ended well, and exactly where the job is completed: the one that counts.
    fn check_effects(&self, job: &Job) {
        let seed = self.seed;
        let effects = self.effects.get(&job.id).map_or(&[][..], Vec::as_slice);
        match &job.state {
            JobState::Completed => {
                let counted = job.backend_id().cloned();
                let counted: Vec<BackendId> = counted.into_iter().collect();
                assert_eq!(effects, counted, "seed {seed}: {job:?}");
            }
            JobState::Cancelled {
                cause: CancelCause::Requested,
            } => {
                assert!(job.cancel_requested_at.is_some());
                assert_eq!(effects, [], "seed {seed}: {job:?}");
            }
            _ => assert_eq!(effects, [], "seed {seed}: {job:?}"),
        }
    }
}

fn is_gated(job: &Job) -> bool {
    job.job_type.as_str() != FOREIGN
}
