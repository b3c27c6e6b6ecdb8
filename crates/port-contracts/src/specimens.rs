//! Jobs to try an adapter with: how they begin, and what is observed of them on their way. Their
//! states come from the state machine, so that no adapter is tried with what can't be.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, DeploymentId, JobId, Shard, TryName, UserName};
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{
    BackendId, Backoff, Failure, FailureClass, Job, NewJob, Pace, RequestHash, RetryPolicy, Rules,
    Settlement, Target,
};
use batchway_domain::ports::{
    Admission, AdmissionLimits, BackendAttempt, BackendState, Description, Idempotency,
    StopEvidence,
};

/// Params as a client would send them.
pub const PARAMS: &str = r#"{"simulation_config":{"mode":"open_chemistry","config":{"num_particles":1000,"temperature":300,"steps":50000}}}"#;

/// Limits that no case reaches by accident.
pub const AMPLE_LIMITS: AdmissionLimits = AdmissionLimits {
    queued: 1_000_000,
    active_of_user: None,
};

/// Where specimens run, unless said otherwise.
pub fn backend() -> BackendName {
    "process".parse().expect("a valid name")
}

/// The installation that specimens belong to.
pub fn deployment() -> DeploymentId {
    "specimen".parse().expect("a valid name")
}

/// Whose jobs specimens are, where nobody else is named.
pub fn tenant() -> UserName {
    "ada".parse().expect("a valid name")
}

/// The id of the `serial`th job, created at `created_at`. Later serials have greater ids.
pub fn job_id(user: &UserName, created_at: Timestamp, serial: u64) -> JobId {
    let mut entropy = [0; JobId::ENTROPY_BYTES];
    entropy[..8].copy_from_slice(&serial.to_be_bytes());
    JobId::new(created_at, Shard::of_user(user), entropy)
}

/// A simulation of `user`, to run on [`backend`].
pub fn new_job(user: &UserName, created_at: Timestamp, serial: u64) -> NewJob {
    NewJob {
        id: job_id(user, created_at, serial),
        environment: "test".parse().expect("a valid name"),
        job_type: "run_simulation".parse().expect("a valid name"),
        backend: backend(),
        work: 50_000_000.0,
        estimated_seconds: 120,
        webhook: None,
        request_hash: RequestHash(format!("{serial:064x}")),
    }
}

/// The admission of a job with ordinary params, ample limits and no idempotency key.
pub fn admission(job: NewJob) -> Admission {
    Admission {
        job,
        params: Arc::from(PARAMS),
        idempotency: None,
        limits: AMPLE_LIMITS,
    }
}

/// An idempotency key that is known for three days, with a fingerprint all of whose bytes are
/// `fingerprint`.
pub fn idempotency(key: &str, fingerprint: u8) -> Idempotency {
    Idempotency {
        key: key.parse().expect("a valid key"),
        fingerprint: [fingerprint; 32],
        kept_for: Duration::from_secs(3 * 24 * 3600),
    }
}

/// Rules of a job without a gate on a backend whose look-ups are authoritative.
pub fn rules() -> Rules {
    Rules {
        gated: false,
        settlement: Settlement::Authoritative,
        tries: RetryPolicy::standard(),
        backoff: Backoff {
            first: Duration::from_secs(10),
            longest: Duration::from_secs(600),
        },
        max_queue_time: None,
        pace: Pace {
            shortest: Duration::from_secs(1),
            longest: Duration::from_secs(30),
        },
        retention: Duration::from_secs(90 * 24 * 3600),
    }
}

/// The name of the `number`th try of a job.
pub fn try_name(deployment: DeploymentId, job: JobId, number: u32) -> TryName {
    TryName {
        deployment,
        job,
        number,
    }
}

/// What the backend calls the present try of a specimen.
pub fn backend_id(job: &Job) -> BackendId {
    BackendId(format!("backend-{}-{}", job.id, job.current_try.number))
}

/// A dispatcher claims the job for a minute from `now`.
pub fn claimed(now: Timestamp) -> Observation {
    Observation::Claimed {
        lease_until: now.plus(Duration::from_secs(60)),
        target: Target("this-machine".to_owned()),
    }
}

/// The backend took the claimed job.
pub fn taken(job: &Job) -> Observation {
    Observation::SubmitAccepted {
        epoch: job.current_try.epoch,
        backend_id: backend_id(job),
    }
}

/// The backend says that the program runs, since `now`.
pub fn running(job: &Job, now: Timestamp) -> Observation {
    described(job, BackendState::Running, vec![started(now)])
}

/// The backend says that the program ended well at `now`, `ran_for` after its start.
pub fn succeeded(job: &Job, now: Timestamp, ran_for: Duration) -> Observation {
    let attempt = BackendAttempt {
        stopped_at: Some(now),
        ..started(now.minus(ran_for))
    };
    described(job, BackendState::Succeeded, vec![attempt])
}

/// The backend says that the program failed at `now`. A lost host gives another try, the
/// program's own exit does not.
pub fn failed(job: &Job, class: FailureClass, now: Timestamp) -> Observation {
    let failure = Failure::new(class, "The specimen was made to fail.");
    let attempt = BackendAttempt {
        stopped_at: Some(now),
        failure: Some(failure.clone()),
        ..started(now)
    };
    let state = BackendState::Failed {
        failure,
        stop: StopEvidence::None,
        lost_gate: false,
    };
    described(job, state, vec![attempt])
}

/// The backend says this of the job.
pub fn described(job: &Job, state: BackendState, attempts: Vec<BackendAttempt>) -> Observation {
    Observation::Described {
        description: Description {
            id: backend_id(job),
            state,
            attempts,
        },
        manifest: None,
        main_result: None,
    }
}

fn started(at: Timestamp) -> BackendAttempt {
    BackendAttempt {
        started_at: Some(at),
        ..BackendAttempt::default()
    }
}
