//! A job on its way to the point of the cancel, and on from there.

use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::task::Poll;

use batchway_domain::artifacts::{GateEntry, ProgramEnd};
use batchway_domain::identity::JobId;
use batchway_domain::job::{BackendId, Failure, FailureClass, Job, JobState, JobStatus};
use batchway_domain::ports::{BackendState, ChangedJob, ComputeBackend, Held};
use batchway_memory_adapters::{ComputeBackendCall, Fault, MemoryComputeBackend};
use futures_util::FutureExt;

use super::kind::{Kind, kinds};
use super::point::Point;
use crate::feed::Feed;
use crate::job_types::PROCESS;
use crate::scene::{MINUTE, SECOND, Scene, Setup, World, admitted};
use crate::wandering_backend::WanderingBackend;

fn expired_credentials() -> Held {
    Held {
        code: "credentials".to_owned(),
        message: "The credentials have expired.".to_owned(),
    }
}

/// A job on its way through all this.
pub(super) struct Life {
    pub(super) scene: Scene,
    feed: Arc<Feed>,
    kind: Kind,
    point: Point,
    pub(super) id: JobId,
}

impl Life {
    /// A job that has just been accepted.
    pub(super) async fn new(kind: Kind, point: Point) -> Self {
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

    pub(super) fn job(&self) -> Job {
        self.scene.job(&self.id)
    }

    pub(super) fn backend(&self) -> &MemoryComputeBackend {
        self.scene.world.backend_of(&self.job())
    }

    pub(super) fn copies(&self) -> Vec<BackendId> {
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

    pub(super) async fn look(&self) {
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
    pub(super) async fn come_and_cancel(&self) {
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

    pub(super) async fn come(&self) {
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
    pub(super) fn cancel(&self) {
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
    pub(super) async fn check_what_is_said(&self, taken: u64) {
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

    pub(super) fn may_start(&self, copy: &BackendId) -> bool {
        let of_other = |entry: GateEntry| entry != admitted(copy);
        !(self.kind.gated && self.scene.world.gate_of(&self.job()).is_some_and(of_other))
    }

    pub(super) async fn is_alive(&self, copy: &BackendId) -> bool {
        let described = self.backend().describe(std::slice::from_ref(copy)).await;
        !described.unwrap()[0].state.has_ended()
    }

    pub(super) fn stops(&self) -> u64 {
        let gateway = &self.scene.gateway;
        let backends = [&gateway.process, &gateway.batch];
        let calls = backends.map(|one| one.faults().calls(ComputeBackendCall::Terminate));
        calls.iter().sum()
    }

    /// Of the copies that were asked to stop, the newest does.
    pub(super) fn let_one_stop(&self) {
        let is_stopping = |copy: &BackendId| self.backend().is_stopping(copy);
        if let Some(copy) = self.copies().into_iter().rfind(is_stopping) {
            self.backend().end_on_order(&copy);
        }
    }

    /// The loops go round for half an hour, and stops take effect after a quarter of one, where
    /// they take their time. Says in how many rounds a copy was alive.
    pub(super) async fn go_on(&self, taken: u64) -> u64 {
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
