//! # What Batchway does
//!
//! * [`use_cases`]: what callers and runners ask for, one file each, all of them methods of
//!   [`Application`].
//! * [`loops`]: what goes on by itself: dispatch, resolve, watch, listen, sweep, deliver, mirror,
//!   remove, learn. Each is a `run_once`, idempotent and bounded, driven by [`loops::drive`].
//!
//! Everything outside is a port of `batchway-domain`. Nothing is spawned here but the attempts of
//! the deliver loop, which it waits for: the gateway decides what runs where.

mod archived_logs;
mod calls;
mod causes;
mod changes;
mod error;
mod estimates;
mod gate;
mod job_environment;
mod job_type_schemas;
mod log_content;
mod log_cursor;
mod looks;
pub mod loops;
mod lost_answers;
mod machine;
mod mirror_ports;
mod nudges;
mod rules;
mod settings;
mod steps;
mod stored_report;
pub mod use_cases;
mod webhook_ports;

use std::collections::BTreeMap;
use std::sync::Arc;

use batchway_domain::identity::BackendName;
use batchway_domain::job_type::JobTypes;
use batchway_domain::ports::{
    ArtifactStore, CallBudget, Clock, ComputeBackend, Entropy, EventFeed, JobStore, RunHistory,
    SweepLedger,
};
use tokio_util::sync::CancellationToken;

use calls::Calls;
use changes::JobChanges;
use estimates::Estimates;
use job_type_schemas::JobTypeSchemas;
use looks::PulledLooks;
use nudges::Nudges;

pub use error::{RequestError, Violation};
pub use job_type_schemas::InvalidJobType;
pub use machine::Machine;
pub use mirror_ports::{EncodeRow, MirrorPorts};
pub use settings::{Settings, WebhookSettings};
pub use webhook_ports::{EncodeEvent, WebhookPorts};

/// The adapters that an [`Application`] works with.
#[derive(Clone, Debug)]
pub struct Ports {
    /// Keeps jobs.
    pub jobs: Arc<dyn JobStore>,
    /// Remembers how long jobs took.
    pub history: Arc<dyn RunHistory>,
    /// Keeps results.
    pub artifacts: Arc<dyn ArtifactStore>,
    /// Runs programs, by the names that job types use.
    pub backends: BTreeMap<BackendName, Arc<dyn ComputeBackend>>,
    /// Shares the calls to backends out among all replicas.
    pub budget: Arc<dyn CallBudget>,
    /// Keeps in mind how far sweeps came, and the jobs without a record that they found.
    pub ledger: Arc<dyn SweepLedger>,
    /// Tells of changes at backends sooner than asking does, where there is one.
    pub feed: Option<Arc<dyn EventFeed>>,
    /// Deliver events.
    pub webhooks: WebhookPorts,
    /// Mirror jobs, where they are to be.
    pub mirror: Option<MirrorPorts>,
    /// Tells the time of day.
    pub clock: Arc<dyn Clock>,
    /// Gives randomness.
    pub entropy: Arc<dyn Entropy>,
}

/// The gateway without its edges: every use case is a method, in a file of its own under
/// [`use_cases`]. Cloning it is cheap and gives the same one.
#[derive(Clone, Debug)]
pub struct Application(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    ports: Ports,
    settings: Settings,
    machine: Machine,
    job_types: JobTypes,
    schemas: JobTypeSchemas,
    estimates: Estimates,
    changes: JobChanges,
    pulled_looks: PulledLooks,
    nudges: Nudges,
    /// Every backend, called at its pace.
    calls: BTreeMap<BackendName, Arc<Calls>>,
    draining: CancellationToken,
}

impl Application {
    /// Puts the application together. Compiles the schemas of all job types.
    ///
    /// # Errors
    /// [`InvalidJobType`] where a job type can't work as configured.
    pub fn new(
        ports: Ports,
        settings: Settings,
        job_types: JobTypes,
    ) -> Result<Self, InvalidJobType> {
        Self::with_machine(ports, settings, job_types, Machine::default())
    }

    /// The same, going by a state machine of its own.
    ///
    /// # Errors
    /// As [`Application::new`].
    pub fn with_machine(
        ports: Ports,
        settings: Settings,
        job_types: JobTypes,
        machine: Machine,
    ) -> Result<Self, InvalidJobType> {
        let schemas = JobTypeSchemas::compile(&job_types, &ports.backends)?;
        let nudges = Nudges::for_backends(ports.backends.keys());
        let calls = ports
            .backends
            .iter()
            .map(|(name, backend)| {
                let calls = Calls::new(backend.clone(), ports.budget.clone());
                (name.clone(), Arc::new(calls))
            })
            .collect();
        let inner = Inner {
            ports,
            settings,
            machine,
            job_types,
            schemas,
            estimates: Estimates::default(),
            changes: JobChanges::default(),
            pulled_looks: PulledLooks::default(),
            nudges,
            calls,
            draining: CancellationToken::new(),
        };
        Ok(Self(Arc::new(inner)))
    }

    /// From now on the application is not ready, and those who wait for a job are answered
    /// with what there is.
    pub fn drain(&self) {
        self.0.draining.cancel();
    }

    fn is_draining(&self) -> bool {
        self.0.draining.is_cancelled()
    }

    fn calls_to(&self, backend: &BackendName) -> Option<&Calls> {
        self.0.calls.get(backend).map(|calls| &**calls)
    }

    fn jobs(&self) -> &dyn JobStore {
        &*self.0.ports.jobs
    }

    fn artifacts(&self) -> &dyn ArtifactStore {
        &*self.0.ports.artifacts
    }

    fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn now(&self) -> batchway_domain::Timestamp {
        self.0.ports.clock.now()
    }
}
