//! A gateway over adapters in memory, and what tests do to it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use batchway_application::loops::{Loop, Report};
use batchway_application::use_cases::SubmitRequest;
use batchway_application::{
    Application, MirrorPorts, Ports, RequestError, Violation, WebhookPorts,
};
use batchway_domain::Timestamp;
use batchway_domain::artifacts::{GateEntry, Manifest, ManifestObject, ProgramEnd};
use batchway_domain::identity::{BackendName, JobId};
use batchway_domain::job::{BackendId, Job, JobState, JobStatus};
use batchway_domain::job_type::JobTypes;
use batchway_domain::ports::{
    AdmissionLimits, ArtifactStore, Clock, ComputeBackend, Created, EventFeed,
};
use batchway_domain::security::{ApiKey, JobToken, KeyDigest, LinkSigner};
use batchway_memory_adapters::{
    ComputeBackendCall, FailingArtifactStore, FailingCallBudget, FailingComputeBackend,
    FailingJobStore, FailingMirrorBacklog, FailingSweepLedger, FailingWebhookOutbox, Fault,
    JobStoreCall, ManualClock, MemoryArtifactStore, MemoryComputeBackend, MemoryJobMirror,
    MemoryJobStore, MemoryWebhookReceivers, SeededEntropy,
};
use bytes::Bytes;
use serde_json::value::RawValue;

use crate::job_types::{BATCH, PROCESS, job_types};
use crate::settings::{encode_plainly, secrets, settings};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const DAY: Duration = Duration::from_secs(24 * 3600);

/// What all replicas share: the stores, the backends and the time.
pub(crate) struct World {
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) jobs: Arc<MemoryJobStore>,
    pub(crate) artifacts: Arc<MemoryArtifactStore>,
    pub(crate) process: Arc<MemoryComputeBackend>,
    pub(crate) batch: Arc<MemoryComputeBackend>,
    pub(crate) receivers: MemoryWebhookReceivers,
    pub(crate) mirror: Arc<MemoryJobMirror>,
    /// The key of `ada`.
    pub(crate) key: KeyDigest,
    api_key: ApiKey,
}

/// One gateway, with faults of its own before each adapter.
pub(crate) struct Replica {
    pub(crate) application: Application,
    pub(crate) jobs: Arc<FailingJobStore>,
    pub(crate) artifacts: Arc<FailingArtifactStore>,
    pub(crate) budget: Arc<FailingCallBudget>,
    pub(crate) ledger: Arc<FailingSweepLedger>,
    pub(crate) outbox: Arc<FailingWebhookOutbox>,
    pub(crate) backlog: Arc<FailingMirrorBacklog>,
    pub(crate) process: Arc<FailingComputeBackend>,
    pub(crate) batch: Arc<FailingComputeBackend>,
    loops: Vec<Box<dyn Loop>>,
}

/// What differs from one test's gateway to another's.
pub(crate) struct Setup {
    pub(crate) slots: usize,
    pub(crate) limits: AdmissionLimits,
    pub(crate) job_types: JobTypes,
    /// In place of the backend with slots.
    pub(crate) process: Option<Arc<dyn ComputeBackend>>,
    /// In place of the backend with a queue.
    pub(crate) batch: Option<Arc<dyn ComputeBackend>>,
    pub(crate) feed: Option<Arc<dyn EventFeed>>,
    /// Tells the ids of one replica from those of another.
    pub(crate) seed: u64,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            slots: 8,
            limits: AdmissionLimits {
                queued: 1000,
                active_of_user: None,
            },
            job_types: job_types(),
            process: None,
            batch: None,
            feed: None,
            seed: 1,
        }
    }
}

/// A world with one gateway.
pub(crate) struct Scene {
    pub(crate) world: World,
    pub(crate) gateway: Replica,
}

impl Scene {
    pub(crate) fn new() -> Self {
        Self::with(Setup::default())
    }

    pub(crate) fn with_slots(slots: usize) -> Self {
        Self::with(Setup {
            slots,
            ..Setup::default()
        })
    }

    /// In place of the backend with slots there is this one.
    pub(crate) fn with_backend(backend: impl ComputeBackend + 'static) -> Self {
        Self::with(Setup {
            process: Some(Arc::new(backend)),
            ..Setup::default()
        })
    }

    pub(crate) fn with(setup: Setup) -> Self {
        let world = World::new(setup.slots);
        let gateway = world.replica(setup);
        Self { world, gateway }
    }

    /// Accepts a job of `ada`.
    pub(crate) async fn submit(&self, kind: &str) -> JobId {
        self.world.submit(&self.gateway, kind).await
    }

    /// One round of a loop, which must not fail.
    pub(crate) async fn run(&self, work: &str) -> Report {
        let report = self.gateway.run(work).await;
        assert_eq!(report.failure, None, "{work}");
        report
    }

    /// Accepts a job and sends it; answers also its id at the backend.
    pub(crate) async fn send(&self, kind: &str) -> (JobId, BackendId) {
        let id = self.submit(kind).await;
        let lane = format!("dispatch:{}", self.job(&id).backend);
        self.run(&lane).await;
        let JobState::Submitted { backend_id, .. } = self.job(&id).state else {
            panic!("{:?}", self.job(&id).state);
        };
        (id, backend_id)
    }

    /// Accepts a job, sends it, and lets its runner pass the gate.
    pub(crate) async fn start(&self, kind: &str) -> (JobId, BackendId) {
        let (id, copy) = self.send(kind).await;
        self.world.start_runner(&self.job(&id), &copy).await;
        self.watch_all(&id).await;
        assert_eq!(self.job(&id).status(), JobStatus::Running);
        (id, copy)
    }

    /// Looks at the job now, and at all others that are due.
    pub(crate) async fn watch_all(&self, id: &JobId) -> Report {
        self.world.clock.advance(MINUTE);
        let lane = format!("watch:{}", self.job(id).backend);
        self.run(&lane).await
    }

    pub(crate) fn job(&self, id: &JobId) -> Job {
        self.world.jobs.job(id).unwrap()
    }

    pub(crate) fn status(&self, id: &JobId) -> JobStatus {
        self.job(id).status()
    }
}

impl World {
    pub(crate) fn new(slots: usize) -> Self {
        let clock = Arc::new(ManualClock::default());
        let jobs = Arc::new(MemoryJobStore::new(clock.clone()).with_mirror_backlog());
        let api_key = jobs.register_user("ada");
        let signer = LinkSigner::new(secrets(), "http://gateway.example");
        Self {
            artifacts: Arc::new(MemoryArtifactStore::with_signer(clock.clone(), signer)),
            process: Arc::new(MemoryComputeBackend::with_slots(clock.clone(), slots)),
            batch: Arc::new(MemoryComputeBackend::with_queue(clock.clone())),
            receivers: MemoryWebhookReceivers::default(),
            mirror: Arc::default(),
            key: api_key.digest(),
            api_key,
            jobs,
            clock,
        }
    }

    /// The same backends under a store that was made now, with the same users.
    pub(crate) fn with_new_store(self) -> Self {
        let jobs = Arc::new(MemoryJobStore::new(self.clock.clone()));
        // Keys come out the same each time.
        assert_eq!(jobs.register_user("ada").digest(), self.key);
        Self { jobs, ..self }
    }

    pub(crate) fn replica(&self, setup: Setup) -> Replica {
        let jobs = Arc::new(FailingJobStore::new(self.jobs.clone()));
        let artifacts = Arc::new(FailingArtifactStore::new(self.artifacts.clone()));
        let slots = setup.process.unwrap_or_else(|| self.process.clone());
        let process = Arc::new(FailingComputeBackend::new(slots));
        let queue = setup.batch.unwrap_or_else(|| self.batch.clone());
        let batch = Arc::new(FailingComputeBackend::new(queue));
        let backends: [(BackendName, Arc<dyn ComputeBackend>); 2] = [
            (PROCESS.parse().unwrap(), process.clone()),
            (BATCH.parse().unwrap(), batch.clone()),
        ];
        let budget = Arc::new(FailingCallBudget::new(self.jobs.clone()));
        let ledger = Arc::new(FailingSweepLedger::new(self.jobs.clone()));
        let outbox = Arc::new(FailingWebhookOutbox::new(self.jobs.clone()));
        let backlog = Arc::new(FailingMirrorBacklog::new(self.jobs.clone()));
        let ports = Ports {
            jobs: jobs.clone(),
            history: self.jobs.clone(),
            artifacts: artifacts.clone(),
            backends: BTreeMap::from(backends),
            budget: budget.clone(),
            ledger: ledger.clone(),
            feed: setup.feed,
            webhooks: WebhookPorts {
                outbox: outbox.clone(),
                secrets: self.jobs.clone(),
                sender: Arc::new(self.receivers.clone()),
                encode: encode_plainly,
            },
            mirror: Some(MirrorPorts {
                backlog: backlog.clone(),
                mirror: self.mirror.clone(),
                encode: |job| serde_json::to_vec(&job.snapshot()).unwrap().into(),
            }),
            clock: self.clock.clone(),
            entropy: Arc::new(SeededEntropy::new(setup.seed)),
        };
        let application = Application::new(ports, settings(setup.limits), setup.job_types).unwrap();
        let loops = application.loops();
        Replica {
            application,
            jobs,
            artifacts,
            budget,
            ledger,
            outbox,
            backlog,
            process,
            batch,
            loops,
        }
    }

    pub(crate) async fn submit(&self, gateway: &Replica, kind: &str) -> JobId {
        gateway.submit(&self.key, kind).await
    }

    /// Another user's key.
    pub(crate) fn register(&self, user: &str) -> KeyDigest {
        self.jobs.register_user(user).digest()
    }

    /// The text of `ada`'s key.
    pub(crate) fn api_key(&self) -> &ApiKey {
        &self.api_key
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    pub(crate) fn backend_of(&self, job: &Job) -> &MemoryComputeBackend {
        if job.backend.as_str() == PROCESS {
            &self.process
        } else {
            &self.batch
        }
    }

    /// What a runner does first: it writes its id into the gate, goes on where that stands
    /// there, and ends where another does. Says whether it went on.
    pub(crate) async fn start_runner(&self, job: &Job, copy: &BackendId) -> bool {
        let gate = job.folder().gate(self.try_of(job, copy));
        let entry = Bytes::from(admitted(copy).encode());
        let passes = match self.artifacts.create(&gate, entry.clone()).await.unwrap() {
            Created::Won => true,
            Created::AlreadyThere => self.artifacts.content(gate.as_str()) == Some(entry),
        };
        if passes {
            self.backend_of(job).run(copy);
        } else {
            self.backend_of(job).lose_gate(copy);
        }
        passes
    }

    /// What a runner does last: results, then the manifest.
    pub(crate) fn leave(&self, job: &Job, copy: &BackendId, end: ProgramEnd, names: &[&str]) {
        for name in names {
            let key = job.folder().artifact(name).unwrap();
            self.artifacts.insert(key.as_str(), "content");
        }
        let object = |name: &&str| ManifestObject {
            name: (*name).to_owned(),
            size: 7,
            sha256: "0".repeat(64),
        };
        let manifest = Manifest {
            version: Manifest::VERSION,
            backend_id: copy.clone(),
            attempt: 1,
            end,
            message: None,
            started_at: None,
            stopped_at: self.now(),
            objects: names.iter().map(object).collect(),
        };
        let key = job.folder().manifest(self.try_of(job, copy));
        self.artifacts.insert(key.as_str(), manifest.encode());
    }

    /// The try that a copy was submitted as.
    fn try_of(&self, job: &Job, copy: &BackendId) -> u32 {
        let submission = self.backend_of(job).submission(copy).unwrap();
        submission.name.number
    }

    /// The runner ends well, with a main result.
    pub(crate) fn finish_runner(&self, job: &Job, copy: &BackendId) {
        self.leave(job, copy, ProgramEnd::Exited { code: 0 }, &["results.h5"]);
        self.backend_of(job).succeed(copy);
    }

    /// Writes this into the gate of the job's present try.
    pub(crate) fn write_gate(&self, job: &Job, entry: &GateEntry) {
        let gate = job.folder().gate(job.current_try.number);
        self.artifacts.insert(gate.as_str(), entry.encode());
    }

    /// What stands in the gate of the job's present try.
    pub(crate) fn gate_of(&self, job: &Job) -> Option<GateEntry> {
        let gate = job.folder().gate(job.current_try.number);
        GateEntry::decode(&self.artifacts.content(gate.as_str())?)
    }

    /// The token of a try's runner.
    pub(crate) fn token(&self, job: &JobId, try_number: u32) -> String {
        let token = JobToken {
            job: job.clone(),
            try_number,
            expires_at: self.now().plus(DAY),
        };
        token.sign(&secrets())
    }
}

impl Replica {
    /// One round of the loop of this name.
    pub(crate) async fn run(&self, work: &str) -> Report {
        self.find_loop(work).run_once().await
    }

    pub(crate) fn find_loop(&self, work: &str) -> &dyn Loop {
        let found = self.loops.iter().find(|one| one.name() == work);
        &**found.unwrap_or_else(|| panic!("there is no loop {work}"))
    }

    /// The dispatcher of this backend claims a job and dies before it sends it.
    pub(crate) async fn claim_and_die(&self, backend: &str) {
        let faults = if backend == PROCESS {
            self.process.faults()
        } else {
            self.batch.faults()
        };
        faults.fail_next(ComputeBackendCall::Submit, Fault::RequestLost);
        let commits = self.jobs.faults().calls(JobStoreCall::Commit);
        for after_the_claim in [2, 3] {
            let number = commits + after_the_claim;
            let faults = self.jobs.faults();
            faults.fail_nth(JobStoreCall::Commit, number, Fault::RequestLost);
        }
        self.run(&format!("dispatch:{backend}")).await;
    }

    pub(crate) async fn submit(&self, key: &KeyDigest, kind: &str) -> JobId {
        let submitted = self.application.submit_job(key, request(kind)).await;
        submitted.unwrap().job_id
    }
}

/// A request that is accepted.
pub(crate) fn request(kind: &str) -> SubmitRequest {
    request_with(kind, r#"{"steps": 1000}"#)
}

pub(crate) fn request_with(kind: &str, params: &str) -> SubmitRequest {
    SubmitRequest {
        job_type: kind.to_owned(),
        params: RawValue::from_string(params.to_owned()).unwrap(),
        idempotency_key: None,
        idempotency_header: None,
        webhook_url: None,
    }
}

/// The pointers of a refusal for its content, each with its sentence.
#[track_caller]
pub(crate) fn violations<T: std::fmt::Debug>(answer: Result<T, RequestError>) -> Vec<Violation> {
    match answer {
        Err(RequestError::Invalid(violations)) => violations,
        other => panic!("{other:?}"),
    }
}

pub(crate) fn admitted(copy: &BackendId) -> GateEntry {
    GateEntry::Admitted {
        backend_id: copy.clone(),
    }
}

pub(crate) fn cancelled_gate() -> GateEntry {
    GateEntry::Cancelled {
        deployment: "test0000".parse().unwrap(),
    }
}
