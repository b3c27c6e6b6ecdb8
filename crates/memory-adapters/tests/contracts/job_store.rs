//! The job store in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ApiKeys, Clock, JobStore, RunHistory};
use batchway_memory_adapters::{FailingJobStore, Fault, JobStoreCall, ManualClock, MemoryJobStore};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};

use crate::retrying::RetryingJobStore;

type Decorate = fn(Arc<MemoryJobStore>) -> Arc<dyn JobStore>;

struct Fixture {
    clock: Arc<ManualClock>,
    decorate: Decorate,
    opened: Mutex<Opened>,
}

#[derive(Clone)]
struct Opened {
    store: Arc<MemoryJobStore>,
    jobs: Arc<dyn JobStore>,
}

impl Opened {
    fn new(clock: &Arc<ManualClock>, decorate: Decorate) -> Self {
        let store = Arc::new(MemoryJobStore::new(clock.clone()));
        Self {
            jobs: decorate(store.clone()),
            store,
        }
    }
}

impl Fixture {
    fn opened(&self) -> Opened {
        self.opened.lock().expect("nobody panics with it").clone()
    }
}

#[async_trait]
impl JobStoreFixture for Fixture {
    fn jobs(&self) -> Arc<dyn JobStore> {
        self.opened().jobs
    }

    fn keys(&self) -> Arc<dyn ApiKeys> {
        self.opened().store
    }

    fn runs(&self) -> Arc<dyn RunHistory> {
        self.opened().store
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn advance(&self, by: Duration) {
        self.clock.advance(by);
    }

    async fn reopen(&self) {
        *self.opened.lock().expect("nobody panics with it") =
            Opened::new(&self.clock, self.decorate);
    }

    fn capabilities(&self) -> JobStoreCapabilities {
        JobStoreCapabilities { durable: false }
    }
}

async fn behind(decorate: Decorate) -> Fixture {
    let clock = Arc::new(ManualClock::default());
    let opened = Mutex::new(Opened::new(&clock, decorate));
    Fixture {
        clock,
        decorate,
        opened,
    }
}

fn failing(store: Arc<MemoryJobStore>, fault: Fault, calls: &[JobStoreCall]) -> Arc<dyn JobStore> {
    let failing = FailingJobStore::new(store);
    for call in calls {
        failing.faults().fail_every_other(*call, fault);
    }
    Arc::new(RetryingJobStore(failing))
}

/// Calls whose repetition after an unknown effect answers as the first would have.
const REPEATABLE: [JobStoreCall; 9] = [
    JobStoreCall::Authenticate,
    JobStoreCall::Find,
    JobStoreCall::List,
    JobStoreCall::Load,
    JobStoreCall::Params,
    JobStoreCall::Commit,
    JobStoreCall::Reschedule,
    JobStoreCall::EventsOfUser,
    JobStoreCall::Check,
];

mod plain {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| store));
}

mod behind_idle_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| Arc::new(FailingJobStore::new(
        store
    ))));
}

mod declined_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::Declined,
        &JobStoreCall::ALL
    )));
}

mod request_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::RequestLost,
        &JobStoreCall::ALL
    )));
}

mod reply_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::ReplyLost,
        &REPEATABLE
    )));
}
