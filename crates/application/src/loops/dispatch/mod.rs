//! Sends accepted jobs to their backend, exactly as `docs/ARCHITECTURE.md` describes: claim,
//! send once, classify.
//!
//! | file | holds |
//! |---|---|
//! | `expiring` | jobs that waited too long |
//! | `holding` | targets that take nothing for now, and the jobs that wait for them |
//! | `targets` | what job types are sent to |
//! | `submission` | what exactly is sent |
//! | `sending` | claim, send once, classify |

mod expiring;
mod holding;
mod sending;
mod submission;
mod targets;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::identity::{BackendName, JobTypeName};
use batchway_domain::job::{Job, Lane, Settlement};
use batchway_domain::ports::{Capacity, StoreError};
use futures_util::future::join_all;

use super::{Loop, Report};
use crate::Application;
use crate::calls::Calls;
use holding::HeldTargets;
use targets::ResolvedTargets;

/// How many jobs one round sends.
const BATCH: usize = 32;

/// How long a job is ours to send, and how long one sending may take. After the lease, whoever
/// finds the job must find out what happened, so a crash while sending costs that long.
#[derive(Clone, Copy, Debug)]
struct SendingTime {
    lease: Duration,
    timeout: Duration,
}

impl SendingTime {
    /// A backend on this machine answers at once, or something is wrong with it.
    const fn of(settlement: Settlement) -> Self {
        match settlement {
            Settlement::Authoritative => Self {
                lease: Duration::from_secs(15),
                timeout: Duration::from_secs(8),
            },
            Settlement::After { .. } => Self {
                lease: Duration::from_secs(60),
                timeout: Duration::from_secs(20),
            },
        }
    }
}

/// The least rest while submissions are used up, so that a few are made together then.
const LEAST_REST: Duration = Duration::from_millis(200);

/// Sends the jobs of one backend.
#[derive(Debug)]
pub struct Dispatch {
    application: Application,
    calls: Arc<Calls>,
    lane: Lane,
    sending: SendingTime,
    /// When those that waited too long were looked for last.
    expired_at: Mutex<Option<Timestamp>>,
    held: HeldTargets,
    targets: ResolvedTargets,
}

/// What came of some jobs: how long to rest before there is room for those that were put back.
type Served = Result<Option<Duration>, StoreError>;

impl Dispatch {
    pub(super) fn new(application: Application, name: BackendName, calls: Arc<Calls>) -> Self {
        let sending = SendingTime::of(calls.settlement());
        Self {
            application,
            calls,
            lane: Lane::Dispatch(name),
            sending,
            expired_at: Mutex::default(),
            held: HeldTargets::default(),
            targets: ResolvedTargets::default(),
        }
    }

    async fn room(&self) -> usize {
        match self.calls.capacity().await {
            Capacity::Slots(free) => free.min(BATCH),
            Capacity::Queue => BATCH,
        }
    }

    /// Sends what is due, each type of job by itself.
    async fn send_due(&self, room: usize) -> Report {
        let lease = self.sending.lease;
        let jobs = match self.application.take_due(&self.lane, room, lease).await {
            Ok(jobs) => jobs,
            Err(error) => return Report::failed(&error),
        };
        if self.application.is_draining() {
            return Report::of_result(self.application.hand_back(&jobs).await);
        }
        let mut report = Report {
            taken: jobs.len(),
            more: jobs.len() == room,
            ..Report::default()
        };
        let mut by_type: BTreeMap<JobTypeName, Vec<Job>> = BTreeMap::new();
        for judged in join_all(jobs.into_iter().map(|job| self.judge(job))).await {
            match judged {
                Ok(Some(job)) => by_type.entry(job.job_type.clone()).or_default().push(job),
                Ok(None) => {}
                Err(error) => report.failure = Some(error.to_string()),
            }
        }
        let types = by_type.into_iter();
        for served in join_all(types.map(|(kind, jobs)| self.serve(kind, jobs))).await {
            match served {
                Ok(rest) => report.rest = report.rest.max(rest),
                Err(error) => report.failure = Some(error.to_string()),
            }
        }
        report
    }

    /// The job, if it is to be sent by us and now.
    async fn judge(&self, job: Job) -> Result<Option<Job>, StoreError> {
        let is_held = job.state.waiting().is_some();
        // One that is held may be called back before its time.
        if !is_held && self.application.put_back_if_early(&job).await? {
            return Ok(None);
        }
        if let Some(message) = self.unstartable(&job) {
            self.application.give_up(job, message).await?;
            return Ok(None);
        }
        if !self.calls.looks_after(job.current_try.target.as_ref()) {
            self.application.leave_to_others(&job).await?;
            return Ok(None);
        }
        // While a job waits to be sent, nobody else looks after copies that must not go on.
        self.application.stop_what_must(&self.calls, &job).await;
        Ok(Some(job))
    }

    async fn serve(&self, kind: JobTypeName, jobs: Vec<Job>) -> Served {
        // Jobs of types that are gone were not judged good.
        let Some(kind) = self.application.0.job_types.get(&kind) else {
            return Ok(None);
        };
        let target = holding::TargetKey::of(&kind.execution);
        match self.held.reason(&target) {
            None => self.send_all(kind, jobs, false).await,
            Some(reason) => self.probe(kind, &target, jobs, &reason).await,
        }
    }
}

#[async_trait]
impl Loop for Dispatch {
    fn name(&self) -> String {
        self.lane.to_string()
    }

    fn period(&self) -> Duration {
        Duration::from_secs(1)
    }

    async fn run_once(&self) -> Report {
        match self.room().await {
            0 => Report::of_result(self.expire().await),
            room => self.send_due(room).await,
        }
    }

    async fn nudged(&self) {
        self.application.0.nudges.heard(&self.lane).await;
    }
}
