//! Jobs outlive the gateway, and are neither lost nor doubled by its death.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use batchway_compute_local_process::ProcessBackend;
use batchway_domain::ports::{BackendState, Capacity, ComputeBackend, Submission};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

use crate::fixture::{Stage, config, name, until};

/// Set for the process that plays the gateway: the folder to work in.
const GATEWAY_FOLDER: &str = "BATCHWAY_TEST_GATEWAY_FOLDER";

/// So many jobs each gateway submits.
const JOBS: u64 = 6;

fn folder_to_play_in() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "this very test, in a process that is to be killed"
    )]
    let folder = std::env::var_os(GATEWAY_FOLDER);
    folder.map(PathBuf::from)
}

/// Runs one test of this file again, as a gateway over this folder.
fn gateway(test: &str, folder: &Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args([&format!("killed_gateway::{test}"), "--exact", "--nocapture"])
        .env(GATEWAY_FOLDER, folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Writes a line when it begins, and ends well when it may.
fn patient(stage_folder: &Path, stage: &Stage, serial: u64) -> Submission {
    let began = stage_folder.join(format!("began-{serial}"));
    let go = stage_folder.join("go");
    let script = format!(
        "echo began >> {}; while [ ! -e {} ]; do sleep 0.02; done",
        began.display(),
        go.display()
    );
    stage.script(name(serial), &script)
}

#[expect(clippy::print_stdout, reason = "the test that kills it reads this")]
/// Submits jobs one after another, says so of each, and then waits to be killed.
async fn play_gateway(folder: &Path) {
    let stage = Stage::over(folder);
    for serial in 1..=JOBS {
        let submission = patient(folder, &stage, serial);
        stage.backend.submit(&submission).await.unwrap();
        println!("submitted {serial}");
    }
    std::future::pending::<()>().await;
}

async fn submissions_acknowledged(gateway: &mut Child, count: u64) {
    let mut lines = BufReader::new(gateway.stdout.as_mut().unwrap()).lines();
    let expected = format!("submitted {count}");
    while let Some(line) = lines.next_line().await.unwrap() {
        if line.ends_with(&expected) {
            return;
        }
    }
    panic!("the gateway ended before it had submitted {count}");
}

fn times_begun(folder: &Path, serial: u64) -> usize {
    std::fs::read_to_string(folder.join(format!("began-{serial}")))
        .map_or(0, |text| text.lines().count())
}

#[tokio::test]
async fn a_job_goes_on_when_its_gateway_is_killed() {
    if let Some(folder) = folder_to_play_in() {
        return play_gateway(&folder).await;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut gateway = gateway("a_job_goes_on_when_its_gateway_is_killed", folder.path());
    submissions_acknowledged(&mut gateway, JOBS).await;
    gateway.kill().await.unwrap();

    let stage = Stage::over(folder.path());
    let taken = usize::try_from(JOBS).unwrap();
    assert_eq!(
        stage.backend.capacity().await,
        Capacity::Slots(8 - taken),
        "what runs is adopted"
    );
    let mut ids = BTreeSet::new();
    for serial in 1..=JOBS {
        let submission = patient(folder.path(), &stage, serial);
        let id = stage.backend.submit(&submission).await.unwrap();
        stage.until_running(&id).await;
        ids.insert(id);
    }
    std::fs::write(folder.path().join("go"), "").unwrap();
    for id in &ids {
        let ended = stage.until_ended(id).await;
        assert_eq!(ended.state, BackendState::Succeeded);
    }
    let later = ProcessBackend::new(config(folder.path())).unwrap();
    let ids: Vec<_> = ids.into_iter().collect();
    let seen = later.describe(&ids).await.unwrap();
    assert_eq!(seen.len(), taken);
    assert!(seen.iter().all(|job| job.state == BackendState::Succeeded));
    for serial in 1..=JOBS {
        assert_eq!(times_begun(folder.path(), serial), 1, "job {serial}");
    }
}

/// At whatever instant the gateway dies: what is not found is sent again, and every job has run
/// once in the end.
#[tokio::test]
async fn no_job_is_lost_or_doubled_by_a_kill_in_the_middle_of_its_submission() {
    if let Some(folder) = folder_to_play_in() {
        return play_gateway(&folder).await;
    }
    for round in 0..12 {
        let folder = tempfile::tempdir().unwrap();
        let mut gateway = gateway(
            "no_job_is_lost_or_doubled_by_a_kill_in_the_middle_of_its_submission",
            folder.path(),
        );
        let host = folder.path().join("runs/host");
        until(async || host.exists().then_some(())).await;
        tokio::time::sleep(Duration::from_millis(7 * round)).await;
        gateway.kill().await.unwrap();
        settle_what_was_begun(folder.path()).await;
    }
}

async fn settle_what_was_begun(folder: &Path) {
    std::fs::write(folder.join("go"), "").unwrap();
    let stage = Stage::over(folder);
    for serial in 1..=JOBS {
        let submission = patient(folder, &stage, serial);
        let found = stage
            .backend
            .find_by_name(
                &submission.name,
                &submission.target,
                &submission.request_hash,
            )
            .await
            .unwrap();
        let id = match found.into_iter().next() {
            Some(candidate) => candidate.id,
            None => stage.backend.submit(&submission).await.unwrap(),
        };
        let ended = stage.until_ended(&id).await;
        assert_eq!(ended.state, BackendState::Succeeded, "job {serial}");
        assert_eq!(times_begun(folder, serial), 1, "job {serial}");
    }
}
