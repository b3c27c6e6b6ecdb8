//! Strays in the queue of a backend, and gateways that sweep it.

use std::time::Duration;

use batchway_application::loops::Report;
use batchway_domain::identity::{JobId, TryName};
use batchway_domain::job::BackendId;
use batchway_domain::ports::{ComputeBackend, Queue, Submission, SweepLedger};
use batchway_memory_adapters::ComputeBackendCall;

use crate::job_types::REMOTE;
use crate::scene::{Replica, SECOND, Scene, World};

pub(crate) const SWEEP: &str = "sweep:aws-batch";

/// The time between two sweeps, and a bit.
pub(crate) const TURN: Duration = Duration::from_secs(301);

pub(crate) const HOUR: Duration = Duration::from_secs(3600);

impl World {
    /// The queue of every job type on the backend with queues.
    pub(crate) fn queue() -> Queue {
        Queue("memory:queue:definition:1".to_owned())
    }

    /// A request of ours that is taken only now, as this try of a job.
    pub(crate) async fn stray(&self, like: &BackendId, number: u32) -> BackendId {
        let submission = self.batch.submission(like).unwrap();
        let name = TryName {
            number,
            ..submission.name.clone()
        };
        self.take_in(Submission { name, ..submission }).await
    }

    /// A job under the name of one that no store knows.
    pub(crate) async fn orphan(&self, like: &BackendId, serial: u64) -> BackendId {
        let submission = self.batch.submission(like).unwrap();
        let mut entropy = [9; JobId::ENTROPY_BYTES];
        entropy[..8].copy_from_slice(&serial.to_be_bytes());
        let name = TryName {
            job: JobId::new(self.now(), "00".parse().unwrap(), entropy),
            number: 1,
            ..submission.name.clone()
        };
        self.take_in(Submission { name, ..submission }).await
    }

    pub(crate) async fn take_in(&self, submission: Submission) -> BackendId {
        self.batch.submit(&submission).await.unwrap()
    }

    pub(crate) async fn has_ended(&self, copy: &BackendId) -> bool {
        let answer = self.batch.describe(std::slice::from_ref(copy)).await;
        answer.unwrap()[0].state.has_ended()
    }

    pub(crate) async fn swept_until(&self) -> Option<batchway_domain::Timestamp> {
        self.jobs.swept_until(&Self::queue()).await.unwrap()
    }

    pub(crate) async fn orphan_ids(&self) -> Vec<BackendId> {
        let orphans = self.jobs.orphans().await.unwrap();
        orphans.into_iter().map(|orphan| orphan.id).collect()
    }
}

impl Replica {
    /// Rounds until the sweep that is due is completed. Answers the rest after the last.
    pub(crate) async fn sweep(&self, world: &World) -> Report {
        for _ in 0..500 {
            let report = self.run(SWEEP).await;
            let is_under_way = report.rest == Some(SECOND);
            if !is_under_way || report.failure.is_some() {
                return report;
            }
            world.clock.advance(SECOND);
        }
        panic!("the sweep comes to no end");
    }

    pub(crate) fn pages_read(&self) -> u64 {
        self.batch.faults().calls(ComputeBackendCall::ListQueue)
    }

    pub(crate) fn stops_sent(&self) -> u64 {
        self.batch.faults().calls(ComputeBackendCall::Terminate)
    }
}

impl Scene {
    /// The next sweep, to its end.
    pub(crate) async fn sweep(&self) {
        self.world.clock.advance(TURN);
        let report = self.gateway.sweep(&self.world).await;
        assert_eq!(report.failure, None);
    }

    /// A job that has been completed, and the copy that did it.
    pub(crate) async fn completed(&self) -> (JobId, BackendId) {
        let (id, copy) = self.start(REMOTE).await;
        self.world.finish_runner(&self.job(&id), &copy);
        self.watch_all(&id).await;
        (id, copy)
    }
}
