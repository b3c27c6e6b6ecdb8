//! What all replicas share, and what is true.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;
use batchway_fake_aws_batch::Account;
use batchway_memory_adapters::{MemoryArtifactStore, MemoryJobStore, StoreSnapshot};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::containers::Containers;
use crate::dice::Dice;
use crate::feed::Feed;
use crate::plan::Plan;
use crate::plants::Plant;
use crate::replica::Inbox;
use crate::truth::Truth;

/// When every history begins: 2026-03-01T12:00:00Z.
const BEGINNING: i64 = 1_772_366_400_000;

/// One history's world.
pub(crate) struct World {
    pub(crate) dice: Dice,
    pub(crate) plan: Plan,
    pub(crate) plant: Option<Plant>,
    pub(crate) clock: Arc<TrueClock>,
    pub(crate) jobs: Arc<MemoryJobStore>,
    pub(crate) artifacts: Arc<MemoryArtifactStore>,
    pub(crate) feed: Feed,
    pub(crate) replicas: Vec<Inbox>,
    /// Rung whenever a record or a due time has changed.
    pub(crate) store_changed: Notify,
    /// Rung whenever something may have become due in the machine room of the account.
    pub(crate) account_changed: Notify,
    pub(crate) weather: Weather,
    account: Mutex<Account>,
    containers: Containers,
    /// What is on the disk of a store that does not wait for it.
    written: Mutex<Option<StoreSnapshot>>,
    truth: Mutex<Truth>,
}

/// What fails now.
#[derive(Debug, Default)]
pub(crate) struct Weather {
    /// From now on nothing fails any more.
    is_fair: AtomicBool,
    store_is_down: AtomicBool,
    artifacts_are_down: AtomicBool,
    batch_is_down: AtomicBool,
    rights_are_missing: AtomicBool,
    calls_are_throttled: AtomicBool,
    gateways_are_cut_off: AtomicBool,
    /// How many faults there were.
    faults: AtomicU64,
    /// Those of them that keep a gateway from writing something down.
    disturbances: AtomicU64,
}

macro_rules! switches {
    ($($get:ident, $set:ident;)*) => {
        $(
            pub(crate) fn $get(&self) -> bool {
                self.$get.load(Ordering::Relaxed)
            }

            pub(crate) fn $set(&self, value: bool) {
                self.$get.store(value, Ordering::Relaxed);
            }
        )*
    };
}

impl Weather {
    switches! {
        is_fair, set_fair;
        store_is_down, set_store_down;
        artifacts_are_down, set_artifacts_down;
        batch_is_down, set_batch_down;
        rights_are_missing, set_rights_missing;
        calls_are_throttled, set_calls_throttled;
        gateways_are_cut_off, set_gateways_cut_off;
    }

    pub(crate) fn count_fault(&self) {
        self.faults.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn count_disturbance(&self) {
        self.count_fault();
        self.disturbances.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn disturbances(&self) -> u64 {
        self.disturbances.load(Ordering::Relaxed)
    }

    pub(crate) fn faults(&self) -> u64 {
        self.faults.load(Ordering::Relaxed)
    }

    /// Whether everything can be reached now.
    pub(crate) fn is_calm(&self) -> bool {
        !self.store_is_down()
            && !self.artifacts_are_down()
            && !self.batch_is_down()
            && !self.rights_are_missing()
            && !self.calls_are_throttled()
    }

    /// All that was broken works.
    pub(crate) fn clear(&self) {
        self.set_fair(true);
        self.set_store_down(false);
        self.set_artifacts_down(false);
        self.set_batch_down(false);
        self.set_rights_missing(false);
        self.set_calls_throttled(false);
        self.set_gateways_cut_off(false);
    }
}

/// The true time: that of the stores and of AWS.
#[derive(Debug)]
pub(crate) struct TrueClock(Instant);

impl TrueClock {
    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

impl Clock for TrueClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(BEGINNING).plus(self.elapsed())
    }
}

impl World {
    pub(crate) fn new(seed: u64, plant: Option<Plant>) -> Self {
        let dice = Dice::new(seed);
        let plan = Plan::draw(&dice);
        let clock = Arc::new(TrueClock(Instant::now()));
        Self {
            jobs: Arc::new(MemoryJobStore::new(clock.clone())),
            artifacts: Arc::new(MemoryArtifactStore::new(clock.clone())),
            feed: Feed::default(),
            replicas: (0..plan.replicas).map(|_| Inbox::default()).collect(),
            store_changed: Notify::new(),
            account_changed: Notify::new(),
            weather: Weather::default(),
            account: Mutex::new(crate::account::open(seed, &plan)),
            containers: Containers::default(),
            written: Mutex::default(),
            truth: Mutex::default(),
            clock,
            plan,
            plant,
            dice,
        }
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn is_planted(&self, plant: Plant) -> bool {
        self.plant == Some(plant)
    }

    /// The account as it is now.
    pub(crate) fn account(&self) -> MutexGuard<'_, Account> {
        self.account.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn truth(&self) -> MutexGuard<'_, Truth> {
        self.truth.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) const fn containers(&self) -> &Containers {
        &self.containers
    }

    pub(crate) fn keep_written(&self, snapshot: StoreSnapshot) {
        *self.written.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshot);
    }

    pub(crate) fn take_written(&self) -> Option<StoreSnapshot> {
        self.written
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take()
    }

    /// Whether every client has been answered.
    pub(crate) fn all_are_posted(&self) -> bool {
        self.truth().accepted().count() as u64 == self.plan.jobs
    }
}
