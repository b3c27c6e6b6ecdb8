//! The job store in memory.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::{
    ApiKeys, CallBudget, Clock, JobStore, MirrorBacklog, RunHistory, SweepLedger, WebhookOutbox,
    WebhookSecrets,
};
use batchway_memory_adapters::{
    CallBudgetCall, FailingCallBudget, FailingJobStore, FailingMirrorBacklog, FailingSweepLedger,
    FailingWebhookOutbox, FailingWebhookSecrets, Fault, JobStoreCall, ManualClock, MemoryJobStore,
    MirrorBacklogCall, SweepLedgerCall, WebhookOutboxCall, WebhookSecretsCall,
};
use batchway_port_contracts::job_store::{JobStoreCapabilities, JobStoreFixture};
use batchway_port_contracts::mirror_backlog::MirrorBacklogFixture;
use batchway_port_contracts::sweep_ledger::SweepLedgerFixture;
use batchway_port_contracts::webhook_outbox::WebhookOutboxFixture;
use batchway_port_contracts::webhook_secrets::WebhookSecretsFixture;

use crate::retrying::{RetryingCallBudget, RetryingJobStore, RetryingSweepLedger};
use crate::retrying_mirror::RetryingMirrorBacklog;
use crate::retrying_webhooks::{RetryingWebhookOutbox, RetryingWebhookSecrets};

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
    outbox: Arc<dyn WebhookOutbox>,
    secrets: Arc<dyn WebhookSecrets>,
    backlog: Arc<dyn MirrorBacklog>,
}

impl Opened {
    fn new(clock: &Arc<ManualClock>, decorate: Decorate) -> Self {
        let store = Arc::new(MemoryJobStore::new(clock.clone()).with_mirror_backlog());
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

impl WebhookOutboxFixture for Fixture {
    fn outbox(&self) -> Arc<dyn WebhookOutbox> {
        self.opened().decorated.outbox
    }
}

impl WebhookSecretsFixture for Fixture {
    fn webhook_secrets(&self) -> Arc<dyn WebhookSecrets> {
        self.opened().decorated.secrets
    }
}

impl MirrorBacklogFixture for Fixture {
    fn mirror_backlog(&self) -> Arc<dyn MirrorBacklog> {
        self.opened().decorated.backlog
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
        ledger: store.clone(),
        outbox: store.clone(),
        secrets: store.clone(),
        backlog: store,
    }
}

fn idle(store: Arc<MemoryJobStore>) -> Decorated {
    Decorated {
        jobs: Arc::new(FailingJobStore::new(store.clone())),
        budget: Arc::new(FailingCallBudget::new(store.clone())),
        ledger: Arc::new(FailingSweepLedger::new(store.clone())),
        outbox: Arc::new(FailingWebhookOutbox::new(store.clone())),
        secrets: Arc::new(FailingWebhookSecrets::new(store.clone())),
        backlog: Arc::new(FailingMirrorBacklog::new(store)),
    }
}

/// Which calls fail.
#[derive(Clone, Copy)]
struct Struck {
    of_jobs: &'static [JobStoreCall],
    of_budget: &'static [CallBudgetCall],
    of_outbox: &'static [WebhookOutboxCall],
    of_backlog: &'static [MirrorBacklogCall],
}

/// Those of the ledger and of the secrets fail always: each answers again as it did.
fn failing(store: Arc<MemoryJobStore>, fault: Fault, struck: Struck) -> Decorated {
    let jobs = FailingJobStore::new(store.clone());
    for call in struck.of_jobs {
        jobs.faults().fail_every_other(*call, fault);
    }
    let budget = FailingCallBudget::new(store.clone());
    for call in struck.of_budget {
        budget.faults().fail_every_other(*call, fault);
    }
    let outbox = FailingWebhookOutbox::new(store.clone());
    for call in struck.of_outbox {
        outbox.faults().fail_every_other(*call, fault);
    }
    let ledger = FailingSweepLedger::new(store.clone());
    for call in SweepLedgerCall::ALL {
        ledger.faults().fail_every_other(call, fault);
    }
    let backlog = FailingMirrorBacklog::new(store.clone());
    for call in struck.of_backlog {
        backlog.faults().fail_every_other(*call, fault);
    }
    let secrets = FailingWebhookSecrets::new(store);
    for call in WebhookSecretsCall::ALL {
        secrets.faults().fail_every_other(call, fault);
    }
    Decorated {
        jobs: Arc::new(RetryingJobStore(jobs)),
        budget: Arc::new(RetryingCallBudget(budget)),
        ledger: Arc::new(RetryingSweepLedger(ledger)),
        outbox: Arc::new(RetryingWebhookOutbox(outbox)),
        secrets: Arc::new(RetryingWebhookSecrets(secrets)),
        backlog: Arc::new(RetryingMirrorBacklog(backlog)),
    }
}

const ALL: Struck = Struck {
    of_jobs: &JobStoreCall::ALL,
    of_budget: &CallBudgetCall::ALL,
    of_outbox: &WebhookOutboxCall::ALL,
    of_backlog: &MirrorBacklogCall::ALL,
};

/// Calls whose repetition after an unknown effect answers as the first would have.
const REPEATABLE: Struck = Struck {
    of_jobs: &[
        JobStoreCall::Authenticate,
        JobStoreCall::Find,
        JobStoreCall::List,
        JobStoreCall::Load,
        JobStoreCall::Params,
        JobStoreCall::Commit,
        JobStoreCall::Reschedule,
        JobStoreCall::EventsOfUser,
        JobStoreCall::Check,
    ],
    of_budget: &[CallBudgetCall::SlowDown],
    of_outbox: &[
        WebhookOutboxCall::Record,
        WebhookOutboxCall::Load,
        WebhookOutboxCall::OfJob,
    ],
    of_backlog: &[MirrorBacklogCall::Mirrored, MirrorBacklogCall::PutOff],
};

fn declined(store: Arc<MemoryJobStore>) -> Decorated {
    failing(store, Fault::Declined, ALL)
}

fn request_lost(store: Arc<MemoryJobStore>) -> Decorated {
    failing(store, Fault::RequestLost, ALL)
}

fn reply_lost(store: Arc<MemoryJobStore>) -> Decorated {
    failing(store, Fault::ReplyLost, REPEATABLE)
}

/// Every contract that the store has to keep.
macro_rules! contracts {
    ($decorate:expr) => {
        use super::*;
        batchway_port_contracts::job_store_contract!(behind($decorate));
        batchway_port_contracts::sweep_ledger_contract!(behind($decorate));
        batchway_port_contracts::webhook_outbox_contract!(behind($decorate));
        batchway_port_contracts::webhook_secrets_contract!(behind($decorate));
        batchway_port_contracts::mirror_backlog_contract!(behind($decorate));
    };
}

mod undecorated {
    contracts!(plain);
}

mod behind_idle_decorator {
    contracts!(idle);
}

mod declined_and_tried_again {
    contracts!(declined);
}

mod request_lost_and_tried_again {
    contracts!(request_lost);
}

mod reply_lost_and_tried_again {
    contracts!(reply_lost);
}
