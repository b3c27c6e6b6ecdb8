//! Runners that are killed, stopped in their tracks, or gone with their machine.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::{BackendId, FailureClass};
use batchway_domain::job_type::Execution;
use batchway_domain::ports::{BackendState, Capacity, ComputeBackend, StopEvidence, Submission};
use batchway_memory_adapters::ManualClock;
use rustix::process::Signal;

use crate::fixture::{Stage, name, processes_of, until};

/// A program with a child in its group, one in a session of its own, and one whose environment
/// is empty. Says when they all run.
const FAMILY: &str = "
    sleep 600 &
    setsid sleep 601 &
    env -i /bin/sleep 602 &
    touch $BATCHWAY_CHECKPOINT_DIR/started
    wait";

async fn start_family(stage: &Stage) -> (Submission, BackendId) {
    let mut submission = stage.script(name(1), FAMILY);
    let Execution::Process(process) = &mut submission.execution else {
        unreachable!("it is a process");
    };
    process.memory_bytes = Some(512 * 1024 * 1024);
    let id = stage.backend.submit(&submission).await.unwrap();
    let started = stage
        .run_folder(&submission.name)
        .join("work/checkpoint/started");
    until(async || started.exists().then_some(())).await;
    // The shell, three that sleep, and each seen as what it became.
    until(async || (sleepers(stage, &submission).len() == 3).then_some(())).await;
    (submission, id)
}

/// What of the family sleeps: known by the folder of the run that it was started in.
fn sleepers(stage: &Stage, submission: &Submission) -> Vec<i32> {
    processes_of(&stage.run_folder(&submission.name).join("work"))
        .into_iter()
        .filter(|(_, command)| command.contains("sleep\0"))
        .map(|(pid, _)| pid)
        .collect()
}

fn failure_class(state: &BackendState) -> Option<(FailureClass, StopEvidence)> {
    match state {
        BackendState::Failed { failure, stop, .. } => Some((failure.class, *stop)),
        _ => None,
    }
}

#[tokio::test]
async fn a_killed_runner_leaves_nothing_running() {
    let stage = Stage::new();
    let (submission, id) = start_family(&stage).await;
    let groups = stage.control_groups(&submission.name);
    stage.signal_runner(&submission.name, Signal::KILL);
    let ended = stage.until_ended(&id).await;
    // No waiting here: by the time that it is said to have ended, all of it has.
    assert_eq!(sleepers(&stage, &submission), [0; 0]);
    assert_eq!(
        failure_class(&ended.state),
        Some((FailureClass::StartFailure, StopEvidence::None))
    );
    assert!(ended.attempts[0].stopped_at.is_some(), "{ended:?}");
    for group in groups {
        assert!(!group.exists(), "{}", group.display());
    }
    assert_eq!(stage.backend.capacity().await, Capacity::Slots(8));
    assert_eq!(stage.describe(&id).await, Some(ended), "an end is for good");
}

#[tokio::test]
async fn a_run_of_an_earlier_boot_has_lost_its_host() {
    let stage = Stage::new();
    let (submission, id) = start_family(&stage).await;
    let groups = stage.control_groups(&submission.name);
    let record = stage.run_folder(&submission.name).join("runner.json");
    stage.signal_runner(&submission.name, Signal::KILL);
    let text = std::fs::read_to_string(&record).unwrap();
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").unwrap();
    std::fs::write(&record, text.replace(boot.trim(), "another-boot")).unwrap();
    let ended = stage.until_ended(&id).await;
    assert_eq!(
        failure_class(&ended.state),
        Some((FailureClass::HostLost, StopEvidence::None))
    );
    // Numbers of an earlier boot mean nothing: nobody was killed for them.
    let left = sleepers(&stage, &submission);
    assert_eq!(left.len(), 3);
    for pid in left {
        let pid = rustix::process::Pid::from_raw(pid).unwrap();
        rustix::process::kill_process(pid, Signal::KILL).unwrap();
    }
    for group in groups {
        until(async || std::fs::remove_dir(&group).ok()).await;
    }
}

#[tokio::test]
async fn a_killed_runner_that_was_to_stop_has_stopped() {
    let stage = Stage::new();
    let (submission, id) = start_family(&stage).await;
    stage.signal_runner(&submission.name, Signal::STOP);
    stage.backend.terminate(&id, "enough").await.unwrap();
    stage.signal_runner(&submission.name, Signal::KILL);
    let ended = stage.until_ended(&id).await;
    assert_eq!(sleepers(&stage, &submission), [0; 0]);
    let (_, stop) = failure_class(&ended.state).unwrap();
    assert_eq!(stop, StopEvidence::OurReason);
}

#[tokio::test]
async fn a_stuck_runner_is_killed_in_the_end() {
    let clock = Arc::new(ManualClock::default());
    let stage = Stage::with(|config| config.clock = clock.clone());
    let (submission, id) = start_family(&stage).await;
    stage.signal_runner(&submission.name, Signal::STOP);
    stage.backend.terminate(&id, "enough").await.unwrap();
    clock.advance(Duration::from_secs(59));
    stage.backend.terminate(&id, "enough").await.unwrap();
    let described = stage.describe(&id).await.unwrap();
    assert_eq!(described.state, BackendState::Running, "it has its time");
    clock.advance(Duration::from_secs(2));
    stage.backend.terminate(&id, "enough").await.unwrap();
    let ended = stage.until_ended(&id).await;
    assert_eq!(sleepers(&stage, &submission), [0; 0]);
    let (_, stop) = failure_class(&ended.state).unwrap();
    assert_eq!(stop, StopEvidence::OurReason);
}
