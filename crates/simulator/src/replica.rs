//! One gateway process after the other: each lives until it is killed, and another is started in
//! its place.

use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use batchway_application::loops::{Loop, Report};
use batchway_application::{Application, Ports, WebhookPorts};
use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::ports::{Clock, ComputeBackend, EventFeed};
use batchway_memory_adapters::{MemoryWebhookReceivers, SeededEntropy};
use futures_util::future::BoxFuture;
use futures_util::stream::{FuturesUnordered, StreamExt};
use tokio::sync::mpsc::{self, UnboundedSender};
use tokio::time::{Sleep, sleep};

use crate::artifacts::ArtifactsLink;
use crate::backend::BatchLink;
use crate::feed::FeedLink;
use crate::setting;
use crate::store::StoreLink;
use crate::world::{TrueClock, World};

/// What is asked of a gateway, by whoever waits for the answer elsewhere.
pub(crate) type Request = Box<dyn FnOnce(Application) -> BoxFuture<'static, ()> + Send>;

/// Where requests to a replica go, while there is one.
#[derive(Default)]
pub(crate) struct Inbox {
    sender: Mutex<Option<UnboundedSender<Request>>>,
    stands_still: AtomicBool,
}

impl Inbox {
    /// The process behind it stands still at its next step.
    pub(crate) fn stand_still(&self) {
        self.stands_still.store(true, Ordering::Relaxed);
    }

    fn is_to_stand_still(&self) -> bool {
        self.stands_still.swap(false, Ordering::Relaxed)
    }

    /// Whether there is someone to take it.
    pub(crate) fn send(&self, request: Request) -> bool {
        let sender = self.sender.lock().unwrap_or_else(PoisonError::into_inner);
        sender
            .as_ref()
            .is_some_and(|sender| sender.send(request).is_ok())
    }

    fn open(&self, sender: Option<UnboundedSender<Request>>) {
        *self.sender.lock().unwrap_or_else(PoisonError::into_inner) = sender;
    }
}

/// A process, and which one: what it was told counts only while it lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Process {
    pub(crate) replica: usize,
    pub(crate) incarnation: u64,
}

/// A clock that is off.
#[derive(Debug)]
struct SkewedClock {
    clock: Arc<TrueClock>,
    ahead: Duration,
    behind: Duration,
}

impl Clock for SkewedClock {
    fn now(&self) -> Timestamp {
        self.clock.now().plus(self.ahead).minus(self.behind)
    }
}

/// Runs a replica for ever.
pub(crate) async fn keep_running(world: Arc<World>, replica: usize) {
    let mut incarnation = 0;
    loop {
        incarnation += 1;
        let process = Process {
            replica,
            incarnation,
        };
        let (sender, inbox) = mpsc::unbounded_channel();
        let life = Box::pin(run(world.clone(), process, inbox));
        world.replicas[replica].open(Some(sender));
        world.truth().process_started(process);
        Mortal::new(&world, replica, life).await;
        world.replicas[replica].open(None);
        world.truth().process_died(process);
        world.weather.count_disturbance();
        sleep(world.dice.millis(50, 10_000)).await;
    }
}

async fn run(world: Arc<World>, process: Process, mut inbox: mpsc::UnboundedReceiver<Request>) {
    let application = application(&world, process);
    let loops = application.loops();
    let mut work: FuturesUnordered<_> = loops
        .iter()
        .filter(|work| setting::is_simulated(&work.name()))
        .map(|work| drive(&world, &**work))
        .collect();
    let mut requests = FuturesUnordered::new();
    loop {
        tokio::select! {
            biased;
            Some(request) = inbox.recv() => requests.push(request(application.clone())),
            Some(()) = requests.next() => {}
            Some(()) = work.next() => {}
        }
    }
}

fn application(world: &Arc<World>, process: Process) -> Application {
    let dice = &world.dice;
    let skew = u64::try_from(world.plan.skew.as_millis()).unwrap_or(0);
    let (ahead, behind) = if dice.happens(500) {
        (dice.millis(0, skew), Duration::ZERO)
    } else {
        (Duration::ZERO, dice.millis(0, skew))
    };
    let store = Arc::new(StoreLink::new(world.clone()));
    let batch: Arc<dyn ComputeBackend> = Arc::new(BatchLink::new(world.clone(), process));
    let feed: Arc<dyn EventFeed> = Arc::new(FeedLink::new(world.clone()));
    let backend: BackendName = setting::backend();
    let ports = Ports {
        jobs: store.clone(),
        history: world.jobs.clone(),
        artifacts: Arc::new(ArtifactsLink::new(world.clone())),
        backends: BTreeMap::from([(backend, batch)]),
        budget: store.clone(),
        ledger: store,
        feed: world.plan.has_feed.then_some(feed),
        webhooks: webhooks(world),
        mirror: None,
        clock: Arc::new(SkewedClock {
            clock: world.clock.clone(),
            ahead,
            behind,
        }),
        entropy: Arc::new(SeededEntropy::new(dice.below(u64::MAX))),
    };
    Application::with_machine(
        ports,
        setting::settings(),
        setting::job_types(),
        world.machine(),
    )
    .expect("the simulated job types can work")
}

/// Simulated jobs have no webhooks.
fn webhooks(world: &World) -> WebhookPorts {
    WebhookPorts {
        outbox: world.jobs.clone(),
        secrets: world.jobs.clone(),
        sender: Arc::new(MemoryWebhookReceivers::default()),
        encode: |_, _| bytes::Bytes::new(),
    }
}

/// Runs a loop as the gateway does, but for the rounds in which nothing would be due: they are
/// left out, as nothing can happen in them.
async fn drive(world: &World, work: &dyn Loop) {
    loop {
        let report = work.run_once().await;
        if report.more && report.rest.is_none() && report.failure.is_none() {
            continue;
        }
        let heeds_nudges = report.failure.is_none() && report.rest.is_none();
        tokio::select! {
            biased;
            () = work.nudged(), if heeds_nudges => {}
            () = rest(world, work, &report) => {}
        }
    }
}

async fn rest(world: &World, work: &dyn Loop, report: &Report) {
    let period = report.rest.unwrap_or_else(|| work.period());
    sleep(period.mul_f64(0.9) + world.dice.millis(0, 200)).await;
    if report.failure.is_some() {
        return;
    }
    let Ok(lane) = work.name().parse() else {
        return;
    };
    loop {
        // Asked for before looking, so that no change falls between the two.
        let changed = world.store_changed.notified();
        let now = world.now();
        match world.jobs.next_due(&lane) {
            Some(at) if at <= now => return,
            Some(at) => tokio::select! {
                biased;
                () = sleep(at.since(now)) => {}
                () = changed => {}
            },
            None => changed.await,
        }
    }
}

/// A process that is killed at one of its steps, and may stand still for a while before.
struct Mortal<'a> {
    world: &'a World,
    replica: usize,
    life: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    steps: u64,
    dies_at: Option<u64>,
    stands_still_at: Option<u64>,
    stands_still: Option<Pin<Box<Sleep>>>,
}

impl<'a> Mortal<'a> {
    fn new(
        world: &'a World,
        replica: usize,
        life: Pin<Box<dyn Future<Output = ()> + Send + 'a>>,
    ) -> Self {
        let (dice, plan) = (&world.dice, &world.plan);
        let dies = plan.kills && dice.happens(700) && !world.weather.is_fair();
        let pauses = plan.pauses && dice.happens(700) && !world.weather.is_fair();
        Self {
            world,
            replica,
            life,
            steps: 0,
            dies_at: dies.then(|| dice.scale(10)),
            stands_still_at: pauses.then(|| dice.scale(9)),
            stands_still: None,
        }
    }

    /// Shorter and longer than a lease.
    fn pause(&self) -> Duration {
        let dice = &self.world.dice;
        let pause = dice.pick(&[3_000, 30_000, 90_000, 400_000]);
        let left = self
            .world
            .plan
            .foul_for
            .saturating_sub(self.world.clock.elapsed());
        Duration::from_millis(dice.between(1_000, pause)).min(left)
    }
}

impl Future for Mortal<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        if let Some(pause) = &mut self.stands_still {
            if pause.as_mut().poll(context).is_pending() {
                return Poll::Pending;
            }
            self.stands_still = None;
        }
        self.steps += 1;
        let steps = Some(self.steps);
        if !self.world.weather.is_fair() {
            if self.dies_at == steps {
                return Poll::Ready(());
            }
            let is_told = self.world.replicas[self.replica].is_to_stand_still();
            if is_told || self.stands_still_at == steps {
                let mut pause = Box::pin(sleep(self.pause()));
                self.world.weather.count_disturbance();
                if pause.as_mut().poll(context).is_pending() {
                    self.stands_still = Some(pause);
                    return Poll::Pending;
                }
            }
        }
        self.life.as_mut().poll(context)
    }
}
