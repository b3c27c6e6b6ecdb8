//! What a test does to the backend, and asks of it.

use batchway_domain::Timestamp;
use batchway_domain::diagnosis::Obstacles;
use batchway_domain::identity::TryName;
use batchway_domain::job::{BackendId, Failure, FailureClass, WaitingReason};
use batchway_domain::ports::{Held, StopEvidence, Submission};

use super::MemoryComputeBackend;
use super::job::MemoryJob;

/// Moving jobs. Each panics where the backend has no such job, and does nothing to one that has
/// ended, as an end is for good.
impl MemoryComputeBackend {
    /// The job waits for this reason. One that ran loses its host, and waits for its next
    /// attempt.
    pub fn wait(&self, id: &BackendId, reason: Option<WaitingReason>) {
        self.change(id, |job, now| job.wait(reason, now));
    }

    /// The job's program runs, as its next attempt.
    pub fn run(&self, id: &BackendId) {
        self.change(id, MemoryJob::run);
    }

    /// The job's program writes a line now.
    ///
    /// # Panics
    /// Where no program of the job ever ran.
    pub fn write(&self, id: &BackendId, line: &str) {
        self.change(id, |job, now| job.write(line, now));
    }

    /// The job ends well.
    pub fn succeed(&self, id: &BackendId) {
        self.change(id, MemoryJob::succeed);
    }

    /// The job ends in this way, by itself.
    pub fn fail(&self, id: &BackendId, failure: Failure) {
        self.change(id, |job, now| {
            job.fail(failure, StopEvidence::None, false, now);
        });
    }

    /// The job's program ends with this exit status, other than 0.
    pub fn exit(&self, id: &BackendId, code: i32) {
        let message = format!("The program ended with exit status {code}.");
        let failure = Failure::new(FailureClass::ProgramExit, message).with_exit_code(code);
        self.change(id, |job, now| {
            job.run(now);
            job.fail(failure, StopEvidence::None, false, now);
        });
    }

    /// The job's runner ends, as another copy of the try has the gate.
    pub fn lose_gate(&self, id: &BackendId) {
        let failure = Failure::new(FailureClass::StartFailure, "Another copy has the gate.");
        self.change(id, |job, now| {
            job.run(now);
            job.fail(failure, StopEvidence::None, true, now);
        });
    }

    /// Someone stops the job at the backend, without asking the gateway.
    pub fn stop_outside(&self, id: &BackendId) {
        self.change(id, |job, now| job.stop(StopEvidence::Flag, now));
    }

    /// The job's runner ends on the gateway's order.
    pub fn end_on_order(&self, id: &BackendId) {
        self.change(id, |job, now| job.stop(StopEvidence::OurReason, now));
    }

    /// The backend loses every trace of the job.
    pub fn vanish(&self, id: &BackendId) {
        let vanished = self.state().jobs.remove(id);
        assert!(vanished.is_some(), "there is no job {id}");
    }

    fn change(&self, id: &BackendId, step: impl FnOnce(&mut MemoryJob, Timestamp)) {
        let now = self.clock.now();
        let mut state = self.state();
        let job = state.jobs.get_mut(id);
        let known = job.is_some();
        if let Some(job) = job {
            step(job, now);
        }
        drop(state);
        assert!(known, "there is no job {id}");
    }
}

/// Bad days.
impl MemoryComputeBackend {
    /// The next so many submissions take effect, and their replies are lost.
    pub fn lose_replies(&self, count: usize) {
        self.state().replies_to_lose = count;
    }

    /// Takes no submission for this reason; with `None` it takes them again.
    pub fn hold(&self, held: Option<Held>) {
        self.state().held = held;
    }

    /// What it says that stands in the way of all that is sent to it.
    pub fn put_in_the_way(&self, obstacles: Obstacles) {
        self.state().obstacles = obstacles;
    }

    /// Whether look-ups by name find nothing, as one that lags behind.
    pub fn hide_from_lookups(&self, hides: bool) {
        self.state().hides_from_lookups = hides;
    }

    /// From now on, stopping a job takes until [`MemoryComputeBackend::finish_stops`].
    pub fn hold_stops(&self) {
        self.state().holds_stops = true;
    }

    /// Ends every job that was asked to stop.
    pub fn finish_stops(&self) {
        let now = self.clock.now();
        let mut state = self.state();
        for job in state.jobs.values_mut().filter(|job| job.is_stopping) {
            job.stop(StopEvidence::OurReason, now);
        }
    }
}

/// What became of it.
impl MemoryComputeBackend {
    /// Every job that there is, in the order of submission.
    pub fn ids(&self) -> Vec<BackendId> {
        self.state().jobs.keys().cloned().collect()
    }

    /// Every job that bears this name, in the order of submission.
    pub fn ids_of(&self, name: &TryName) -> Vec<BackendId> {
        let state = self.state();
        let jobs = state.jobs.iter();
        jobs.filter(|(_, job)| job.submission.name == *name)
            .map(|(id, _)| id.clone())
            .collect()
    }

    /// What a job was submitted with.
    pub fn submission(&self, id: &BackendId) -> Option<Submission> {
        let state = self.state();
        state.jobs.get(id).map(|job| job.submission.clone())
    }

    /// How often a submission was taken as a new job.
    pub fn submissions_taken(&self) -> u64 {
        self.state().submissions
    }

    /// How many lines the job's last attempt has written.
    pub fn lines_written(&self, id: &BackendId) -> usize {
        let state = self.state();
        let job = state.jobs.get(id);
        job.and_then(|job| job.logs.last()).map_or(0, Vec::len)
    }

    /// Whether someone asked for the job to be stopped, and it has not ended yet.
    pub fn is_stopping(&self, id: &BackendId) -> bool {
        self.state().jobs.get(id).is_some_and(|job| job.is_stopping)
    }

    /// Whether what is kept of the job was freed.
    pub fn is_forgotten(&self, id: &BackendId) -> bool {
        let state = self.state();
        state.jobs.get(id).is_some_and(|job| job.is_forgotten)
    }
}
