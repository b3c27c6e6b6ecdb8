//! The job store in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{ApiKeys, CallBudget, Clock, JobStore, RunHistory, SweepLedger};
use batchway_memory_adapters::{
    CallBudgetCall, FailingCallBudget, FailingJobStore, FailingSweepLedger, Fault, JobStoreCall,
    ManualClock, MemoryJobStore, SweepLedgerCall,
};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};
use batchway_port_contracts::sweep_ledger::SweepLedgerFixture;

use crate::retrying::{RetryingCallBudget, RetryingJobStore, RetryingSweepLedger};

type Decorate = fn(Arc<MemoryJobStore>) -> Decorated;

struct Fixture {
    clock: Arc<ManualClock>,
    decorate: Decorate,
    opened: Mutex<Opened>,
}

#[derive(Clone)]
struct Opened {
    store: Arc<MemoryJobStore>,
    decorated: Decorated,
}

/// The ports that can stand behind a decorator.
#[derive(Clone)]
struct Decorated {
    jobs: Arc<dyn JobStore>,
    budget: Arc<dyn CallBudget>,
    ledger: Arc<dyn SweepLedger>,
}

impl Opened {
    fn new(clock: &Arc<ManualClock>, decorate: Decorate) -> Self {
        let store = Arc::new(MemoryJobStore::new(clock.clone()));
        Self {
            decorated: decorate(store.clone()),
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
        self.opened().decorated.jobs
    }

    fn keys(&self) -> Arc<dyn ApiKeys> {
        self.opened().store
    }

    fn runs(&self) -> Arc<dyn RunHistory> {
        self.opened().store
    }

    fn budget(&self) -> Arc<dyn CallBudget> {
        self.opened().decorated.budget
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

impl SweepLedgerFixture for Fixture {
    fn ledger(&self) -> Arc<dyn SweepLedger> {
        self.opened().decorated.ledger
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

fn plain(store: Arc<MemoryJobStore>) -> Decorated {
    Decorated {
        jobs: store.clone(),
        budget: store.clone(),
        ledger: store,
    }
}

fn idle(store: Arc<MemoryJobStore>) -> Decorated {
    Decorated {
        jobs: Arc::new(FailingJobStore::new(store.clone())),
        budget: Arc::new(FailingCallBudget::new(store.clone())),
        ledger: Arc::new(FailingSweepLedger::new(store)),
    }
}

fn failing(
    store: Arc<MemoryJobStore>,
    fault: Fault,
    of_jobs: &[JobStoreCall],
    of_budget: &[CallBudgetCall],
) -> Decorated {
    let jobs = FailingJobStore::new(store.clone());
    for call in of_jobs {
        jobs.faults().fail_every_other(*call, fault);
    }
    let budget = FailingCallBudget::new(store.clone());
    for call in of_budget {
        budget.faults().fail_every_other(*call, fault);
    }
    // Each of its calls answers again as it did.
    let ledger = FailingSweepLedger::new(store);
    for call in SweepLedgerCall::ALL {
        ledger.faults().fail_every_other(call, fault);
    }
    Decorated {
        jobs: Arc::new(RetryingJobStore(jobs)),
        budget: Arc::new(RetryingCallBudget(budget)),
        ledger: Arc::new(RetryingSweepLedger(ledger)),
    }
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

mod undecorated {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(plain));
    batchway_port_contracts::sweep_ledger_contract!(behind(plain));
}

mod behind_idle_decorator {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(idle));
    batchway_port_contracts::sweep_ledger_contract!(behind(idle));
}

mod declined_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::Declined,
        &JobStoreCall::ALL,
        &CallBudgetCall::ALL
    )));
    batchway_port_contracts::sweep_ledger_contract!(behind(|store| failing(
        store,
        Fault::Declined,
        &JobStoreCall::ALL,
        &CallBudgetCall::ALL
    )));
}

mod request_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::RequestLost,
        &JobStoreCall::ALL,
        &CallBudgetCall::ALL
    )));
    batchway_port_contracts::sweep_ledger_contract!(behind(|store| failing(
        store,
        Fault::RequestLost,
        &JobStoreCall::ALL,
        &CallBudgetCall::ALL
    )));
}

mod reply_lost_and_tried_again {
    use super::*;
    batchway_port_contracts::job_store_contract!(behind(|store| failing(
        store,
        Fault::ReplyLost,
        &REPEATABLE,
        &[CallBudgetCall::SlowDown]
    )));
    batchway_port_contracts::sweep_ledger_contract!(behind(|store| failing(
        store,
        Fault::ReplyLost,
        &REPEATABLE,
        &[CallBudgetCall::SlowDown]
    )));
}
