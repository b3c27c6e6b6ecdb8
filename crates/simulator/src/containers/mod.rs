//! The machines of AWS Batch: containers with our runner in them, or with an image that knows
//! nothing of it.

mod runner;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::identity::{JobId, TryName};
use batchway_domain::job::BackendId;
use batchway_fake_aws_batch::{Exit, Millis, Signal, Start, Stop};
use tokio::sync::watch;
use tokio::time::sleep;

use crate::world::World;

/// 128 and the number of SIGTERM, of SIGKILL.
const TERMINATED: i32 = 143;
const KILLED: i32 = 137;

/// What a container is told from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Order {
    None,
    Terminate,
    /// Its machine is gone, or it is killed.
    Die,
}

/// Every container that runs.
#[derive(Debug, Default)]
pub(crate) struct Containers(Mutex<BTreeMap<BackendId, watch::Sender<Order>>>);

impl Containers {
    fn all(&self) -> MutexGuard<'_, BTreeMap<BackendId, watch::Sender<Order>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn order(&self, id: &BackendId, order: Order) {
        if let Some(container) = self.all().get(id) {
            container.send_modify(|present| *present = order.max(*present));
        }
    }

    /// The machine goes away under it.
    pub(crate) fn kill(&self, id: &BackendId) {
        self.order(id, Order::Die);
    }
}

/// Starts and stops containers as the account asks for it, for ever.
pub(crate) async fn run_the_machine_room(world: Arc<World>) {
    loop {
        let changed = world.account_changed.notified();
        let (starts, stops, next) = world.move_account(|account, now| {
            account.advance(now);
            let (starts, stops) = (account.take_starts(), account.take_stops());
            (starts, stops, account.next_change_at())
        });
        for start in starts {
            let (orders, ordered) = watch::channel(Order::None);
            let id = BackendId(start.job_id.to_string());
            world.containers().all().insert(id.clone(), orders);
            tokio::spawn(Container::new(&world, id, &start, ordered).live());
        }
        for stop in stops {
            world.containers().obey(&stop);
        }
        let until_next = next.map(|at| at.minus(world.millis()));
        match until_next {
            Some(Millis(wait)) => {
                let wait = Duration::from_millis(u64::try_from(wait).unwrap_or(0));
                tokio::select! {
                    biased;
                    () = changed => {}
                    () = sleep(wait.max(Duration::from_millis(1))) => {}
                }
            }
            None => changed.await,
        }
    }
}

impl Containers {
    fn obey(&self, stop: &Stop) {
        let order = match stop.signal {
            Signal::Terminate => Order::Terminate,
            Signal::Kill => Order::Die,
        };
        self.order(&BackendId(stop.job_id.to_string()), order);
    }
}

/// One attempt.
struct Container {
    world: Arc<World>,
    id: BackendId,
    attempt: u32,
    /// What it was submitted as; `None` for somebody else's.
    name: Option<TryName>,
    is_gated: bool,
    ordered: watch::Receiver<Order>,
}

/// A wait was over before its time: the container is to end.
struct Told;

impl Container {
    fn new(
        world: &Arc<World>,
        id: BackendId,
        start: &Start,
        ordered: watch::Receiver<Order>,
    ) -> Self {
        let copy = world.truth().copy(&id);
        Self {
            world: world.clone(),
            is_gated: copy.as_ref().is_some_and(|copy| copy.is_gated),
            name: copy.map(|copy| copy.name),
            attempt: start.attempt,
            id,
            ordered,
        }
    }

    async fn live(mut self) {
        let mut dies = self.ordered.clone();
        let world = self.world.clone();
        let (id, attempt, name) = (self.id.clone(), self.attempt, self.name.clone());
        let exit = tokio::select! {
            biased;
            _ = dies.wait_for(|order| *order == Order::Die) => Exit::with_code(KILLED),
            exit = self.run() => exit,
        };
        if let Some(name) = &name {
            world.truth().works_no_more(&name.job, &id);
        }
        world.truth().attempt_is_over(&id, attempt);
        world.trace(|| format!("{id} attempt {attempt} exits: {:?}", exit.code));
        world.in_account(|account, now| account.exited(&id.0, attempt, exit, now));
    }

    async fn run(&mut self) -> Exit {
        if self.is_stuck().await {
            return Exit::with_code(TERMINATED);
        }
        let dice = &self.world.dice;
        let longest = u64::try_from(self.world.plan.longest_queue.as_millis()).unwrap_or(0);
        let queued = dice.millis(0, longest);
        if self.wait(queued).await.is_err() {
            return Exit::with_code(TERMINATED);
        }
        let fails = self.world.dice.happens(self.world.plan.not_started);
        if fails && !self.world.weather.is_fair() {
            return Exit::not_started("CannotPullContainerError: no such image");
        }
        let (id, attempt) = (self.id.clone(), self.attempt);
        self.world
            .in_account(|account, now| account.started(&id.0, attempt, now));
        match self.name.clone() {
            None => self.work_for_somebody_else().await,
            Some(name) if self.is_gated => self.run_the_runner(&name).await,
            Some(name) => self.run_without_gate(&name.job).await,
        }
    }

    /// Now and then there is no machine for a copy, until its record says that it is the one that
    /// counts: what nobody owns would wait for ever.
    async fn is_stuck(&mut self) -> bool {
        let Some(name) = self.name.clone() else {
            return false;
        };
        if !self.world.dice.happens(200) {
            return false;
        }
        loop {
            let counts = self
                .world
                .jobs
                .job(&name.job)
                .is_some_and(|job| job.state.backend_id() == Some(&self.id));
            if counts {
                return false;
            }
            if self.wait(Duration::from_secs(5)).await.is_err() {
                return true;
            }
        }
    }

    async fn wait(&mut self, time: Duration) -> Result<(), Told> {
        tokio::select! {
            biased;
            _ = self.ordered.wait_for(|order| *order >= Order::Terminate) => Err(Told),
            () = sleep(time) => Ok(()),
        }
    }

    async fn work_for_somebody_else(&mut self) -> Exit {
        match self.wait(Duration::from_secs(600)).await {
            Ok(()) => Exit::with_code(0),
            Err(Told) => Exit::with_code(TERMINATED),
        }
    }

    async fn run_without_gate(&mut self, job: &JobId) -> Exit {
        self.world.begins_to_work(job, &self.id, false);
        let run = self.run_time();
        let (lasts, ends_with) = self.fate(run);
        match self.wait(lasts).await {
            Ok(()) => {
                if ends_with.code == Some(0) {
                    self.world.truth().is_done(job, &self.id);
                }
                ends_with
            }
            Err(Told) => Exit::with_code(TERMINATED),
        }
    }

    fn run_time(&self) -> Duration {
        let longest = u64::try_from(self.world.plan.longest_run.as_millis()).unwrap_or(0);
        self.world.dice.millis(500, longest.max(500))
    }

    /// How long a program works, and how it ends, if nobody stops it.
    fn fate(&self, run: Duration) -> (Duration, Exit) {
        let dice = &self.world.dice;
        if self.world.weather.is_fair() || dice.happens(950) {
            (run, Exit::with_code(0))
        } else {
            (run / 2, Exit::with_code(1))
        }
    }
}
