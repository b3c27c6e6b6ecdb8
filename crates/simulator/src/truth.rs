//! What is true in a history, and the promises that are held against it at every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::artifacts::{ArtifactKey, Manifest};
use batchway_domain::identity::{JobId, TryName};
use batchway_domain::job::{BackendId, Job, JobState, JobStatus};
use batchway_fake_aws_batch::wire::JobStatus as JobStatusAtBatch;
use tokio::time::sleep;

use crate::replica::Process;
use crate::world::World;

/// How long whoever hears the id of a copy may take to write it down, when nothing is in the way.
const WRITTEN_DOWN_WITHIN: Duration = Duration::from_secs(45);

/// What was accepted from us.
#[derive(Clone, Debug)]
pub(crate) struct Copy {
    pub(crate) name: TryName,
    pub(crate) is_gated: bool,
    status: JobStatusAtBatch,
}

/// Everything that nobody but the simulator can know.
#[derive(Debug, Default)]
pub(crate) struct Truth {
    violation: Option<String>,
    /// The job that each request of a client stands for, once it was answered.
    accepted: BTreeMap<String, JobId>,
    alive: BTreeMap<usize, u64>,
    /// Every try at the backend that bears a name of ours and is none: never to be touched.
    foreign: BTreeSet<BackendId>,
    /// Every copy that was accepted from us.
    copies: BTreeMap<BackendId, Copy>,
    /// The programs that work now.
    working: BTreeMap<JobId, BackendId>,
    /// The copies that worked to their end and left their results.
    done: BTreeMap<JobId, BackendId>,
    /// The copies whose machine went away while their last word was on its way: the backend had
    /// said by then that they failed, and either word may be taken.
    done_late: BTreeSet<BackendId>,
    /// Of types without a gate, the one copy that was started.
    started_without_gate: BTreeMap<JobId, BackendId>,
    vanished: BTreeSet<BackendId>,
    stopped: BTreeSet<BackendId>,
    /// The attempts whose containers are gone.
    exited: BTreeSet<(BackendId, u32)>,
    ends: BTreeMap<JobId, JobStatus>,
    /// Jobs whose owner wanted them stopped while nothing of them was being sent.
    not_to_be_sent: BTreeSet<JobId>,
    /// What happened, where somebody wants to read it.
    trace: Option<Vec<String>>,
}

impl Truth {
    pub(crate) fn keep_trace(&mut self) {
        self.trace = Some(Vec::new());
    }

    pub(crate) fn take_trace(&mut self) -> Vec<String> {
        self.trace.take().unwrap_or_default()
    }

    pub(crate) fn violation(&self) -> Option<&str> {
        self.violation.as_deref()
    }

    /// Only the first is worth telling.
    pub(crate) fn violate(&mut self, sentence: String) {
        self.violation.get_or_insert(sentence);
    }

    pub(crate) fn process_started(&mut self, process: Process) {
        self.alive.insert(process.replica, process.incarnation);
    }

    pub(crate) fn process_died(&mut self, process: Process) {
        self.alive.remove(&process.replica);
    }

    fn is_alive(&self, process: Process) -> bool {
        self.alive.get(&process.replica) == Some(&process.incarnation)
    }

    /// A client was answered with a 2xx.
    pub(crate) fn request_accepted(&mut self, key: &str, job: &JobId) {
        let first = self
            .accepted
            .entry(key.to_owned())
            .or_insert_with(|| job.clone());
        if first != job {
            let sentence = format!("request {key} was answered with {first} and with {job}");
            self.violate(sentence);
        }
    }

    pub(crate) fn accepted(&self) -> impl Iterator<Item = &JobId> {
        self.accepted.values()
    }

    pub(crate) fn add_foreign(&mut self, id: BackendId) {
        self.foreign.insert(id);
    }

    pub(crate) fn add_copy(&mut self, id: BackendId, name: TryName, is_gated: bool) {
        let status = JobStatusAtBatch::Submitted;
        let copy = Copy {
            name,
            is_gated,
            status,
        };
        self.copies.insert(id, copy);
    }

    pub(crate) fn copy(&self, id: &BackendId) -> Option<Copy> {
        self.copies.get(id).cloned()
    }

    pub(crate) fn copies(&self) -> usize {
        self.copies.len()
    }

    pub(crate) fn note_status(&mut self, id: &BackendId, status: JobStatusAtBatch) {
        if let Some(copy) = self.copies.get_mut(id) {
            copy.status = status;
        }
    }

    pub(crate) fn alive_copies(&self) -> impl Iterator<Item = (&BackendId, &TryName)> {
        let copies = self.copies.iter();
        let alive =
            copies.filter(|(id, copy)| !copy.status.is_terminal() && !self.vanished.contains(*id));
        alive.map(|(id, copy)| (id, &copy.name))
    }

    pub(crate) fn vanish(&mut self, id: BackendId) {
        self.vanished.insert(id);
    }

    pub(crate) fn has_vanished(&self) -> bool {
        !self.vanished.is_empty()
    }

    pub(crate) fn attempt_is_over(&mut self, id: &BackendId, attempt: u32) {
        self.exited.insert((id.clone(), attempt));
    }

    fn is_over(&self, id: &BackendId, attempt: u32) -> bool {
        self.exited.contains(&(id.clone(), attempt))
    }

    /// Whether this is the first stop of that copy.
    pub(crate) fn stops_first_time(&mut self, id: &BackendId) -> bool {
        self.stopped.insert(id.clone())
    }

    pub(crate) fn works_no_more(&mut self, job: &JobId, copy: &BackendId) {
        if self.working.get(job) == Some(copy) {
            self.working.remove(job);
        }
    }

    fn is_alive_at_batch(&self, id: &BackendId) -> bool {
        self.alive_copies().any(|(alive, _)| alive == id)
    }

    /// A copy's program has worked to its end, and left its results.
    pub(crate) fn is_done(&mut self, job: &JobId, copy: &BackendId) {
        self.done.entry(job.clone()).or_insert_with(|| copy.clone());
    }
}

impl World {
    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        let mut truth = self.truth();
        if let Some(trace) = &mut truth.trace {
            let elapsed = self.clock.elapsed().as_secs_f64();
            trace.push(format!("{elapsed:10.3} {}", line()));
        }
    }

    /// A gateway stops a job at the backend.
    pub(crate) fn stop_asked(&self, id: &BackendId) {
        let name = self.truth().copy(id).map(|copy| copy.name);
        let record = name.as_ref().and_then(|name| self.jobs.job(&name.job));
        let mut truth = self.truth();
        if truth.foreign.contains(id) {
            truth.violate(format!("{id} was stopped, and is none of ours"));
        }
        let Some((name, record)) = name.zip(record) else {
            return;
        };
        let works = truth.working.get(&name.job) == Some(id);
        let is_wanted = record.cancel_requested_at.is_none()
            && !record.status().is_terminal()
            && record.current_try.number == name.number;
        if works && is_wanted {
            let sentence = format!("{id} was stopped while it worked, and nobody asked for it");
            truth.violate(sentence);
        }
    }

    /// A program begins to work. Nobody else may, and nobody may have.
    pub(crate) fn begins_to_work(&self, job: &JobId, copy: &BackendId, is_gated: bool) {
        self.trace(|| format!("{copy} works on {job}"));
        let record = self.jobs.job(job);
        let mut truth = self.truth();
        if let Some(other) = truth.working.get(job) {
            let sentence = format!("{copy} works on {job} beside {other}");
            truth.violate(sentence);
        }
        if let Some(other) = truth.done.get(job) {
            let sentence = format!("{copy} works on {job}, which {other} has done");
            truth.violate(sentence);
        }
        match record {
            Some(record) if record.status().is_terminal() => {
                truth.violate(format!(
                    "{copy} works on {job}, which is {}",
                    record.status()
                ));
            }
            Some(_) => {}
            None => truth.violate(format!("{copy} works on {job}, which nobody knows")),
        }
        if !is_gated {
            let first = truth
                .started_without_gate
                .entry(job.clone())
                .or_insert_with(|| copy.clone())
                .clone();
            // Of what Batch forgot before anyone heard of it, nobody can know.
            if first != *copy && !truth.vanished.contains(&first) {
                let sentence = format!("{first} and {copy} worked on {job}, which has no gate");
                truth.violate(sentence);
            }
        }
        truth.working.insert(job.clone(), copy.clone());
    }

    /// Holds a record that was just written against what is true.
    pub(crate) fn check_record(&self, job: &Job) {
        self.trace(|| format!("{} v{} {:?}", job.id, job.version, job.state));
        let mut truth = self.truth();
        let Job { id, state, .. } = job;
        if let Some(counts) = state.backend_id().filter(|id| truth.foreign.contains(id)) {
            let sentence = format!("{id} follows {counts}, which is none of ours");
            truth.violate(sentence);
        }
        let is_being_sent = matches!(state, JobState::Submitting { .. });
        if is_being_sent && truth.not_to_be_sent.contains(id) {
            let sentence = format!("{id} is sent after its owner wanted it stopped");
            truth.violate(sentence);
        }
        if !is_being_sent && job.cancel_requested_at.is_some() {
            truth.not_to_be_sent.insert(id.clone());
        }
        let status = job.status();
        if let Some(end) = truth.ends.get(id).copied() {
            if end != status {
                truth.violate(format!("{id} was {end} and is {status}"));
            }
            return;
        }
        if !status.is_terminal() {
            return;
        }
        truth.ends.insert(id.clone(), status);
        if let Some(copy) = truth.working.get(id) {
            let sentence = format!("{id} is {status}, and {copy} works on it");
            truth.violate(sentence);
        }
        let done = truth.done.get(id).cloned();
        match (state, done) {
            (JobState::Completed, Some(copy)) if job.backend_id() == Some(&copy) => {}
            (JobState::Completed, None)
                if job
                    .backend_id()
                    .is_some_and(|id| truth.done_late.contains(id)) => {}
            (JobState::Completed, done) => {
                let counts = job.backend_id();
                truth.violate(format!(
                    "{id} is completed by {counts:?}, and done by {done:?}"
                ));
            }
            (_, Some(copy)) if !truth.vanished.contains(&copy) => {
                truth.violate(format!("{id} is {state:?}, and {copy} has done it"));
            }
            _ => {}
        }
    }

    /// Something was stored. A manifest of success is the visible effect of a job.
    pub(crate) fn note_stored(&self, key: &ArtifactKey, content: &[u8]) {
        let manifest = Manifest::decode(content).filter(|manifest| manifest.end.is_success());
        let Some(manifest) = manifest else { return };
        let mut truth = self.truth();
        match truth.copy(&manifest.backend_id) {
            Some(copy)
                if copy.status.is_terminal()
                    || truth.is_over(&manifest.backend_id, manifest.attempt) =>
            {
                truth.done_late.insert(manifest.backend_id);
            }
            Some(copy) => truth.is_done(&copy.name.job, &manifest.backend_id),
            None => truth.violate(format!("{key} was written by a stranger")),
        }
    }

    /// A process was told the id of a copy. Unless it dies, or something is in its way, the record
    /// knows of it soon.
    pub(crate) fn heard(self: &Arc<Self>, process: Process, copy: &BackendId, name: &TryName) {
        let (world, copy, name) = (self.clone(), copy.clone(), name.clone());
        let before = world.weather.disturbances();
        if !world.weather.is_calm() {
            return;
        }
        tokio::spawn(async move {
            sleep(WRITTEN_DOWN_WITHIN).await;
            let was_undisturbed =
                world.weather.disturbances() == before && world.truth().is_alive(process);
            if was_undisturbed
                && !world.is_known(&copy, &name)
                && world.truth().is_alive_at_batch(&copy)
            {
                let sentence = format!("{copy} was answered to a gateway, and no record knows it");
                world.truth().violate(sentence);
            }
        });
    }

    /// Whether the record of its job knows of a copy.
    pub(crate) fn is_known(&self, copy: &BackendId, name: &TryName) -> bool {
        self.jobs.job(&name.job).is_some_and(|job| {
            job.state.backend_id() == Some(copy)
                || job.candidates.contains(copy)
                || job.surplus.contains(copy)
                || job
                    .attempts
                    .iter()
                    .any(|attempt| attempt.backend_id == *copy)
        })
    }
}
