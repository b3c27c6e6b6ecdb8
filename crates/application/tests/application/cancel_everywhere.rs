//! A cancel at every point of a job's life, with a gate and without, on both kinds of backend. The
//! world does its worst meanwhile: whatever may start starts as soon as it can, and stops take
//! their time.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use batchway_domain::artifacts::{GateEntry, ProgramEnd};
use batchway_domain::identity::JobId;
use batchway_domain::job::{
    BackendId, Failure, FailureClass, Job, JobState, JobStatus, RetryPolicy,
};
use batchway_domain::job_type::{JobType, JobTypes};
use batchway_domain::ports::{BackendState, ChangedJob, ComputeBackend, Held};
use batchway_memory_adapters::{ComputeBackendCall, Fault, MemoryComputeBackend};
use futures_util::FutureExt;

use crate::feed::Feed;
use crate::job_types::{BATCH, PROCESS, REMOTE, SIMULATE, job_types};
use crate::scene::{MINUTE, SECOND, Scene, Setup, World, admitted};
use crate::wandering_backend::WanderingBackend;

/// Where a job runs, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Kind {
    name: &'static str,
    backend: &'static str,
    gated: bool,
}

const KINDS: [Kind; 4] = [
    Kind {
        name: "gated_process",
        backend: PROCESS,
        gated: true,
    },
    Kind {
        name: "plain_process",
        backend: PROCESS,
        gated: false,
    },
    Kind {
        name: "gated_batch",
        backend: BATCH,
        gated: true,
    },
    Kind {
        name: "plain_batch",
        backend: BATCH,
        gated: false,
    },
];

fn kinds() -> JobTypes {
    let of_kind = |kind: Kind| {
        let model = if kind.backend == PROCESS {
            SIMULATE
        } else {
            REMOTE
        };
        let model = job_types().get(&model.parse().unwrap()).unwrap().clone();
        JobType {
            name: kind.name.parse().unwrap(),
            gated: kind.gated,
            tries: RetryPolicy::standard(),
            ..Arc::unwrap_or_clone(model)
        }
    };
    KINDS.map(of_kind).into_iter().collect()
}

/// When the cancel comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Point {
    /// Nobody has begun to send it.
    Queued,
    /// Its target takes nothing.
    Held,
    /// The request is on its way to the backend.
    RequestOnItsWay,
    /// The same, and the backend does not take it.
    RequestNotTaken,
    /// The backend has taken it, and the answer is on its way.
    AnswerOnItsWay,
    /// The same, and the answer is lost after the cancel.
    AnswerLostLater,
    /// The answer was lost.
    AnswerLost,
    /// The answer was lost, and the program runs.
    AnswerLostAndRunning,
    /// The request was lost, and nobody knows.
    RequestLost,
    /// Nothing was found of a first sending, and it is to be sent again.
    InDoubtAndQueued,
    /// It was sent again, as nothing was found of the first copy, and both are there.
    TwoCopies,
    /// The backend has it, and it waits there.
    Waiting,
    /// The program runs, and nobody has seen that.
    Starting,
    Running,
    /// The program has ended well, and its copy has not.
    Finishing,
    /// The copy has ended well, and nobody has seen that.
    EndedUnseen,
    /// It failed, and waits for its next try.
    BackingOff,
    Completed,
    Failed,
}

impl Point {
    const ALL: [Self; 19] = [
        Self::Queued,
        Self::Held,
        Self::RequestOnItsWay,
        Self::RequestNotTaken,
        Self::AnswerOnItsWay,
        Self::AnswerLostLater,
        Self::AnswerLost,
        Self::AnswerLostAndRunning,
        Self::RequestLost,
        Self::InDoubtAndQueued,
        Self::TwoCopies,
        Self::Waiting,
        Self::Starting,
        Self::Running,
        Self::Finishing,
        Self::EndedUnseen,
        Self::BackingOff,
        Self::Completed,
        Self::Failed,
    ];

    /// Whether a job of this kind can be there: look-ups that are authoritative see all.
    fn exists_for(self, kind: Kind) -> bool {
        let needs_lag = matches!(self, Self::InDoubtAndQueued | Self::TwoCopies);
        !(needs_lag && kind.backend == PROCESS)
    }

    /// What becomes of a job that is cancelled there.
    const fn end(self) -> JobStatus {
        match self {
            Self::Finishing | Self::EndedUnseen | Self::Completed => JobStatus::Completed,
            Self::Failed => JobStatus::Failed,
            _ => JobStatus::Cancelled,
        }
    }
}

fn expired_credentials() -> Held {
    Held {
        code: "credentials".to_owned(),
        message: "The credentials have expired.".to_owned(),
    }
}

/// A job on its way through all this.
struct Life {
    scene: Scene,
    feed: Arc<Feed>,
    kind: Kind,
    point: Point,
    id: JobId,
}

impl Life {
    /// A job that has just been accepted.
    async fn new(kind: Kind, point: Point) -> Self {
        let world = World::new(8);
        let feed = Arc::new(Feed::default());
        let gateway = world.replica(Setup {
            process: Some(Arc::new(WanderingBackend::steady(world.process.clone()))),
            batch: Some(Arc::new(WanderingBackend::steady(world.batch.clone()))),
            job_types: kinds(),
            feed: Some(feed.clone()),
            ..Setup::default()
        });
        let id = world.submit(&gateway, kind.name).await;
        Self {
            scene: Scene { world, gateway },
            feed,
            kind,
            point,
            id,
        }
    }

    fn job(&self) -> Job {
        self.scene.job(&self.id)
    }

    fn backend(&self) -> &MemoryComputeBackend {
        self.scene.world.backend_of(&self.job())
    }

    fn copies(&self) -> Vec<BackendId> {
        self.backend().ids()
    }

    async fn run(&self, work: &str) {
        self.scene
            .run(&format!("{work}:{}", self.kind.backend))
            .await;
    }

    /// What waits starts, where its gate lets it.
    async fn start(&self, copy: &BackendId) {
        if self.kind.gated {
            self.scene.world.start_runner(&self.job(), copy).await;
        } else {
            self.backend().run(copy);
        }
    }

    /// The program ends well.
    fn finish(&self, copy: &BackendId) {
        if self.kind.gated {
            self.scene.world.finish_runner(&self.job(), copy);
        } else {
            self.backend().succeed(copy);
        }
    }

    async fn send(&self) -> BackendId {
        self.run("dispatch").await;
        assert!(matches!(self.job().state, JobState::Submitted { .. }));
        self.copies().pop().unwrap()
    }

    async fn send_in_doubt(&self) {
        self.run("dispatch").await;
        assert!(matches!(self.job().state, JobState::Unresolved { .. }));
    }

    async fn look(&self) {
        self.scene.world.clock.advance(MINUTE);
        self.run("watch").await;
    }

    /// The first copy is not found for so long that the job is to be sent again.
    async fn look_in_vain(&self) {
        self.backend().lose_replies(1);
        self.backend().hide_from_lookups(true);
        self.send_in_doubt().await;
        while !matches!(self.job().state, JobState::Accepted { .. }) {
            self.scene.world.clock.advance(MINUTE);
            self.run("resolve").await;
        }
        self.backend().hide_from_lookups(false);
    }

    /// Brings the job to where it is cancelled, and cancels it there.
    async fn come_and_cancel(&self) {
        match self.point {
            Point::RequestOnItsWay => self.cancel_while_sending(0).await,
            Point::RequestNotTaken => {
                self.backend().hold(Some(expired_credentials()));
                self.cancel_while_sending(0).await;
                self.backend().hold(None);
            }
            Point::AnswerOnItsWay => self.cancel_while_sending(1).await,
            Point::AnswerLostLater => {
                self.backend().lose_replies(1);
                self.cancel_while_sending(1).await;
            }
            _ => {
                self.come().await;
                self.cancel();
            }
        }
    }

    /// The cancel comes between the claim and the answer, when the backend has taken so many.
    async fn cancel_while_sending(&self, taken: u64) {
        let mut sending = pin!(self.run("dispatch"));
        poll_fn(|context| {
            let is_there = || {
                let is_being_sent = matches!(self.job().state, JobState::Submitting { .. });
                is_being_sent && self.backend().submissions_taken() == taken
            };
            while !is_there() {
                let has_ended = sending.as_mut().poll(context).is_ready();
                assert!(!has_ended, "{:?}", self.job().state);
            }
            Poll::Ready(())
        })
        .await;
        self.cancel();
        sending.await;
    }

    async fn come(&self) {
        match self.point {
            Point::Queued => {}
            Point::Held => {
                self.backend().hold(Some(expired_credentials()));
                self.run("dispatch").await;
                self.backend().hold(None);
                assert!(self.job().state.waiting().is_some());
            }
            Point::AnswerLost => {
                self.backend().lose_replies(1);
                self.send_in_doubt().await;
            }
            Point::AnswerLostAndRunning => {
                self.backend().lose_replies(1);
                self.send_in_doubt().await;
                self.start(&self.copies()[0]).await;
            }
            Point::RequestLost => {
                let gateway = &self.scene.gateway;
                let faults = if self.kind.backend == PROCESS {
                    gateway.process.faults()
                } else {
                    gateway.batch.faults()
                };
                faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
                self.send_in_doubt().await;
            }
            Point::InDoubtAndQueued => self.look_in_vain().await,
            Point::TwoCopies => {
                self.look_in_vain().await;
                let second = self.send().await;
                self.start(&second).await;
                self.feed.tell(Some(ChangedJob {
                    backend_id: self.copies()[0].clone(),
                    name: self.backend().submission(&second).unwrap().name,
                }));
                self.scene.run("listen").await;
            }
            Point::Waiting => drop(self.send().await),
            Point::Starting => {
                let copy = self.send().await;
                self.start(&copy).await;
            }
            _ => self.come_to_run_and_on().await,
        }
    }

    async fn come_to_run_and_on(&self) {
        let copy = self.send().await;
        self.start(&copy).await;
        self.look().await;
        assert_eq!(self.job().status(), JobStatus::Running);
        match self.point {
            Point::Finishing if self.kind.gated => {
                let end = ProgramEnd::Exited { code: 0 };
                let world = &self.scene.world;
                world.leave(&self.job(), &copy, end, &["results.h5"]);
            }
            Point::Finishing | Point::EndedUnseen => self.finish(&copy),
            Point::BackingOff => {
                let gone = Failure::new(FailureClass::HostLost, "The machine went away.");
                self.backend().fail(&copy, gone);
                self.look().await;
                assert!(matches!(self.job().state, JobState::Accepted { .. }));
            }
            Point::Completed => {
                self.finish(&copy);
                self.look().await;
            }
            Point::Failed => {
                self.backend().exit(&copy, 1);
                self.look().await;
            }
            _ => {}
        }
    }

    /// Asks twice, and stays for no answer. The second request changes nothing.
    fn cancel(&self) {
        let before = self.job();
        for _ in 0..2 {
            let (application, key) = (&self.scene.gateway.application, &self.scene.world.key);
            let cancel = application.cancel_job(key, self.id.as_str());
            let answer = cancel
                .now_or_never()
                .map(|answer| answer.unwrap().confirmed);
            let job = self.job();
            assert_eq!(answer.is_some(), job.status().is_terminal(), "{job:?}");
            let expected = match before.status().is_terminal() {
                true => before.version,
                false => before.version + 1,
            };
            assert_eq!(job.version, expected);
        }
    }

    /// Never `cancelled` while something works or could begin to; and what is on its way to be
    /// sent is not sent after the cancel.
    async fn check_what_is_said(&self, taken: u64) {
        let what = || format!("{:?} at {:?}: {:#?}", self.kind, self.point, self.job());
        assert_eq!(self.backend().submissions_taken(), taken, "{}", what());
        if self.job().status() != JobStatus::Cancelled {
            return;
        }
        for description in self.backend().describe(&self.copies()).await.unwrap() {
            let goes_on = match description.state {
                BackendState::Running => true,
                BackendState::Waiting { .. } => self.may_start(&description.id),
                BackendState::Succeeded | BackendState::Failed { .. } => false,
            };
            assert!(!goes_on, "{} of {}", description.id, what());
        }
    }

    fn may_start(&self, copy: &BackendId) -> bool {
        let of_other = |entry: GateEntry| entry != admitted(copy);
        !(self.kind.gated && self.scene.world.gate_of(&self.job()).is_some_and(of_other))
    }

    async fn is_alive(&self, copy: &BackendId) -> bool {
        let described = self.backend().describe(std::slice::from_ref(copy)).await;
        !described.unwrap()[0].state.has_ended()
    }

    fn stops(&self) -> u64 {
        let gateway = &self.scene.gateway;
        let backends = [&gateway.process, &gateway.batch];
        let calls = backends.map(|one| one.faults().calls(ComputeBackendCall::Terminate));
        calls.iter().sum()
    }

    /// Of the copies that were asked to stop, the newest does.
    fn let_one_stop(&self) {
        let is_stopping = |copy: &BackendId| self.backend().is_stopping(copy);
        if let Some(copy) = self.copies().into_iter().rfind(is_stopping) {
            self.backend().end_on_order(&copy);
        }
    }

    /// The loops go round for half an hour, and stops take effect after a quarter of one, where
    /// they take their time. Says in how many rounds a copy was alive.
    async fn go_on(&self, taken: u64) -> u64 {
        let mut lively = 0;
        for round in 0..90 {
            for work in ["dispatch", "resolve", "watch"] {
                self.run(work).await;
                self.check_what_is_said(taken).await;
            }
            let mut is_lively = false;
            for copy in self.copies() {
                if self.is_alive(&copy).await {
                    self.start(&copy).await;
                    self.check_what_is_said(taken).await;
                    is_lively |= self.is_alive(&copy).await;
                }
            }
            lively += u64::from(is_lively);
            if round >= 45 && round % 5 == 0 {
                self.let_one_stop();
            }
            self.scene.world.clock.advance(20 * SECOND);
        }
        lively
    }
}

async fn live(kind: Kind, point: Point, has_slow_stops: bool) {
    let what = format!("{kind:?} at {point:?}, slow stops: {has_slow_stops}");
    let life = Life::new(kind, point).await;
    if has_slow_stops {
        life.backend().hold_stops();
    }
    life.come_and_cancel().await;
    let taken = life.backend().submissions_taken();
    assert!(taken <= 2, "{what}");
    let (before, stops) = (life.job(), life.stops());
    let is_over = before.status().is_terminal();
    life.check_what_is_said(taken).await;
    let lively = life.go_on(taken).await;
    let stops = life.stops() - stops;

    let job = life.job();
    assert_eq!(job.status(), point.end(), "{what}: {job:#?}");
    assert_eq!(job.surplus, [], "{what}");
    for copy in life.copies() {
        assert!(!life.is_alive(&copy).await, "{what}: {copy} lives on");
    }
    if is_over {
        assert_eq!(job, before, "{what}");
    }
    // Asked for at least once a minute, as long as it does not show.
    assert!(3 * stops >= lively, "{what}: {stops} in {lively} rounds");
    life.cancel();
    assert_eq!(life.job(), job, "{what}");
}

#[tokio::test(start_paused = true)]
async fn a_cancel_at_any_point_is_honest_and_comes_to_an_end() {
    for kind in KINDS {
        for point in Point::ALL {
            if !point.exists_for(kind) {
                continue;
            }
            for has_slow_stops in [false, true] {
                live(kind, point, has_slow_stops).await;
            }
        }
    }
}
