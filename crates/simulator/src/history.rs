//! One history: a world that is drawn from a seed, lived through, and judged.
//!
//! Safety is judged at every step ([`crate::truth`]). Liveness is judged apart, after the last
//! fault: by then everything works, and has to come to its end within the bounds below.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::{Job, JobState};
use tokio::runtime::Builder;
use tokio::time::{sleep, sleep_until};

use crate::plants::Plant;
use crate::world::World;
use crate::{clients, containers, replica, weather};

/// How long after the last fault every job is where it belongs: with its one copy at the backend,
/// or at its end.
pub const RESOLVED_WITHIN: Duration = Duration::from_secs(5 * 60);

/// The same for a job without a gate: a signature is good for 15 minutes, and so long nothing else
/// proves that a request will not arrive.
pub const RESOLVED_WITHOUT_GATE_WITHIN: Duration = Duration::from_secs(21 * 60);

/// The same where the backend has forgotten a job: that it is lost is said after ten minutes, and
/// after ten more where the gate had to be asked first which copy it was.
pub const LOST_WITHIN: Duration = Duration::from_secs(26 * 60);

/// How long a job may take from there to its end: the longest wait for a machine, the longest run,
/// three times over where it has to be tried again, and a look at it.
const ENDED_WITHIN: Duration = Duration::from_secs(12 * 60);

/// How long a copy at the backend may be without an owner: the sweep finds it.
pub const OWNED_WITHIN: Duration = Duration::from_secs(12 * 60);

/// How long after that the logs of every job are beside its artifacts. Where they could not be put
/// there, the next look comes the later the longer the job has ended.
const ARCHIVED_WITHIN: Duration = Duration::from_secs(90 * 60);

/// What came of a history.
#[derive(Debug)]
pub struct Verdict {
    /// The broken promise, where one was.
    pub violation: Option<String>,
    /// How many jobs were accepted.
    pub jobs: usize,
    /// How many copies the backend took.
    pub copies: usize,
    /// How many faults there were.
    pub faults: u64,
    /// How long after the last fault the last job was resolved.
    pub resolved_after: Duration,
    /// Step by step, where it was asked for.
    pub trace: Vec<String>,
}

/// Lives through the history of this seed.
///
/// # Panics
/// Where no runtime can be made.
pub fn live(seed: u64, plant: Option<Plant>, with_trace: bool) -> Verdict {
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .expect("a runtime without I/O can always be made");
    runtime.block_on(async {
        let world = Arc::new(World::new(seed, plant));
        if with_trace {
            world.truth().keep_trace();
            world.trace(|| format!("{:?}", world.plan));
        }
        let resolved_after = run(&world).await;
        judge_the_end(&world);
        let mut truth = world.truth();
        Verdict {
            violation: truth.violation().map(ToOwned::to_owned),
            jobs: truth.accepted().count(),
            copies: truth.copies(),
            faults: world.weather.faults(),
            resolved_after,
            trace: truth.take_trace(),
        }
    })
}

async fn run(world: &Arc<World>) -> Duration {
    let key = world
        .jobs
        .register_user(crate::setting::user().as_str())
        .digest();
    tokio::spawn(containers::run_the_machine_room(world.clone()));
    for number in 0..world.plan.replicas {
        tokio::spawn(replica::keep_running(world.clone(), number));
    }
    for number in 0..world.plan.jobs {
        tokio::spawn(clients::use_the_gateway(world.clone(), key, number));
    }
    tokio::spawn(weather::turn_bad(world.clone()));
    tokio::spawn(weather::write_now_and_then(world.clone()));
    let last_fault = tokio::time::Instant::now() + world.plan.foul_for;
    until(world, last_fault, |_| false).await;
    world.weather.clear();
    world.store_changed.notify_waiters();
    world.account_changed.notify_waiters();
    world.trace(|| "the last fault is over".to_owned());
    let resolved = last_fault + bound(world);
    until(world, resolved, are_resolved).await;
    let resolved_after = last_fault.elapsed();
    if !are_resolved(world) {
        let open = world.jobs.all_jobs();
        let open: Vec<&Job> = open.iter().filter(|job| !is_resolved(job)).collect();
        let sentence = format!("not resolved after {}: {open:?}", resolved_after.as_secs());
        world.truth().violate(sentence);
        return resolved_after;
    }
    until(world, last_fault + bound(world) + ENDED_WITHIN, have_ended).await;
    let swept = last_fault + bound(world).max(OWNED_WITHIN) + ENDED_WITHIN;
    until(world, swept, World::nothing_is_alive).await;
    until(world, swept + ARCHIVED_WITHIN, logs_are_archived).await;
    resolved_after
}

/// Looks at the world until it is as wished, or a promise is broken, or it is too late.
async fn until(
    world: &World,
    deadline: tokio::time::Instant,
    is_as_wished: impl Fn(&World) -> bool,
) {
    loop {
        if world.truth().violation().is_some() || is_as_wished(world) {
            return;
        }
        tokio::select! {
            biased;
            () = sleep_until(deadline) => return,
            () = sleep(Duration::from_secs(1)) => {}
        }
    }
}

fn bound(world: &World) -> Duration {
    let jobs = world.jobs.all_jobs();
    let has_ungated = jobs
        .iter()
        .any(|job| job.job_type.as_str() == crate::setting::UNGATED);
    let of_gates = if has_ungated {
        RESOLVED_WITHOUT_GATE_WITHIN
    } else {
        RESOLVED_WITHIN
    };
    if world.truth().has_vanished() {
        of_gates.max(LOST_WITHIN)
    } else {
        of_gates
    }
}

fn are_resolved(world: &World) -> bool {
    world.all_are_posted() && world.jobs.all_jobs().iter().all(is_resolved)
}

/// Whether it is known what became of its sending, and a wish to stop it has been granted.
fn is_resolved(job: &Job) -> bool {
    match job.state {
        JobState::Submitted { .. } | JobState::Running { .. } => {
            job.cancel_requested_at.is_none() && job.candidates.is_empty()
        }
        _ => job.status().is_terminal(),
    }
}

fn have_ended(world: &World) -> bool {
    world
        .jobs
        .all_jobs()
        .iter()
        .all(|job| job.status().is_terminal())
}

fn logs_are_archived(world: &World) -> bool {
    let jobs = world.jobs.all_jobs();
    jobs.iter().all(|job| job.archive_logs_at.is_none())
}

/// What every program wrote is beside the artifacts, but for what AWS Batch forgot before.
fn judge_the_logs(world: &World, job: &Job) {
    if job.archive_logs_at.is_some() {
        world.truth().violate(format!("its logs are left: {job:?}"));
    }
    if world.truth().has_vanished() {
        return;
    }
    for log in job.numbered_attempts() {
        let key = job.folder().log(log.attempt.try_number, log.of_try);
        let line = format!("-\tattempt {} of {}\n", log.of_copy, log.attempt.backend_id);
        let content = world.artifacts.content(key.as_str()).unwrap_or_default();
        if log.attempt.started_at.is_some() && !content.ends_with(line.as_bytes()) {
            world
                .truth()
                .violate(format!("{key} is not the log of {job:?}"));
        }
    }
}

fn judge_the_end(world: &World) {
    if world.truth().violation().is_some() {
        return;
    }
    let accepted: Vec<_> = world.truth().accepted().cloned().collect();
    if let Some(lost) = accepted.iter().find(|id| world.jobs.job(id).is_none()) {
        world
            .truth()
            .violate(format!("{lost} was accepted, and is gone"));
    }
    for job in world.jobs.all_jobs() {
        if !accepted.contains(&job.id) {
            let sentence = format!("{} is a job that nobody was told of", job.id);
            world.truth().violate(sentence);
        }
        if !job.status().is_terminal() {
            world.truth().violate(format!("never ended: {job:?}"));
        }
        judge_the_logs(world, &job);
        let events = world.jobs.events_of(&job.id);
        let numbers: Vec<u64> = events.iter().map(|event| event.number).collect();
        if numbers != (1..=job.events).collect::<Vec<u64>>() {
            let sentence = format!("{} has the events {numbers:?} of {}", job.id, job.events);
            world.truth().violate(sentence);
        }
    }
    if let Some(alive) = world.alive_copy() {
        world.truth().violate(format!(
            "{alive} is alive at the backend, and nobody stops it"
        ));
    }
}
