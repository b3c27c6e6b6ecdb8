//! Starting a run, and what is found when that was broken off.

use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;

use batchway_compute_local_process::ProcessBackend;
use batchway_domain::job::Target;
use batchway_domain::job_type::{AwsBatchExecution, Execution};
use batchway_domain::ports::{BackendState, Capacity, ComputeBackend, Submission, SubmitError};
use batchway_domain::runner::variables;

use crate::fixture::{Stage, config, name};

async fn is_found(backend: &ProcessBackend, submission: &Submission) -> bool {
    let found = backend
        .find_by_name(
            &submission.name,
            &submission.target,
            &submission.request_hash,
        )
        .await;
    !found.unwrap().is_empty()
}

#[tokio::test]
async fn without_the_runner_jobs_wait_and_the_reason_is_told() {
    let stage = Stage::with(|config| config.runner = PathBuf::from("/nowhere/batchway-runner"));
    let submission = stage.script(name(1), "exit 0");
    for error in [
        stage.backend.submit(&submission).await.unwrap_err(),
        stage
            .backend
            .resolve_target(&submission.execution)
            .await
            .unwrap_err(),
    ] {
        let SubmitError::Held(held) = error else {
            panic!("the job is not at fault: {error:?}");
        };
        assert!(held.message.contains("batchway-runner"), "{held:?}");
        assert!(
            !held.message.contains("/nowhere"),
            "callers learn no paths of this machine: {held:?}"
        );
    }
    assert!(!is_found(&stage.backend, &submission).await);
}

#[tokio::test]
async fn a_runner_that_does_not_begin_leaves_nothing() {
    let stage = Stage::with(|config| config.runner = PathBuf::from("/bin/false"));
    let submission = stage.script(name(1), "exit 0");
    let error = stage.backend.submit(&submission).await.unwrap_err();
    assert!(
        matches!(error, SubmitError::DidNotHappen { .. }),
        "{error:?}"
    );
    assert!(!is_found(&stage.backend, &submission).await);
    assert!(!stage.run_folder(&submission.name).exists());
    assert_eq!(stage.backend.capacity().await, Capacity::Slots(8));
}

#[tokio::test]
async fn a_start_that_was_broken_off_is_no_run_and_can_be_sent_again() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "exit 0");
    let folder = stage.run_folder(&submission.name);
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("submission.json"), "{}").unwrap();
    std::fs::write(folder.join("run.lock"), "").unwrap();
    let backend = stage.reopened();
    assert!(!is_found(&backend, &submission).await);
    let id = backend.submit(&submission).await.unwrap();
    assert!(is_found(&backend, &submission).await);
    assert_eq!(stage.until_ended(&id).await.state, BackendState::Succeeded);
}

#[tokio::test]
async fn what_a_broken_start_or_removal_left_is_removed_at_the_next_opening() {
    let stage = Stage::new();
    let runs = stage.folder.path().join("runs");
    for leftover in [".new-x", ".gone-x"] {
        std::fs::create_dir(runs.join(leftover)).unwrap();
        std::fs::write(runs.join(leftover).join("f"), "").unwrap();
    }
    stage.reopened();
    assert!(!runs.join(".new-x").exists() && !runs.join(".gone-x").exists());
}

#[tokio::test]
async fn the_program_gets_nothing_of_the_gateways_environment_and_no_token() {
    let stage = Stage::new();
    let mut submission = stage.script(name(1), "env");
    submission
        .environment
        .insert(variables::JOB_TOKEN.to_owned(), "secret-token".to_owned());
    let id = stage.backend.submit(&submission).await.unwrap();
    let ended = stage.until_ended(&id).await;
    assert_eq!(ended.state, BackendState::Succeeded);
    let log = stage.log(&submission.name);
    let mut names: Vec<&str> = log
        .lines()
        .filter(|line| !line.starts_with('['))
        .filter_map(|line| line.split_once('='))
        .map(|(name, _)| name)
        // The shell's own.
        .filter(|name| !matches!(*name, "PWD" | "OLDPWD" | "SHLVL" | "_"))
        .collect();
    names.sort_unstable();
    let expected = [
        "BATCHWAY_BACKEND_ID",
        "BATCHWAY_CHECKPOINT_DIR",
        "BATCHWAY_INPUT_DIR",
        "BATCHWAY_OUTPUT_DIR",
        "BATCHWAY_PARAMS_FILE",
        "BATCHWAY_PROGRESS",
        "BATCHWAY_TRY",
        "ENV",
        "JOB_ID",
        "JOB_PARAMS",
        "LANG",
        "PATH",
        "USER_ID",
    ];
    assert_eq!(names, expected);
    assert!(!log.contains("secret-token"));
}

#[tokio::test]
async fn what_holds_the_token_is_for_its_owner_alone() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "exit 0");
    let id = stage.backend.submit(&submission).await.unwrap();
    let folder = stage.run_folder(&submission.name);
    let mode = |path: PathBuf| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(folder.join("submission.json")), 0o600);
    assert_eq!(mode(folder), 0o700);
    stage.until_ended(&id).await;
}

#[tokio::test]
async fn a_bare_name_is_looked_for_beside_the_gateway_first() {
    let programs = tempfile::tempdir().unwrap();
    let program = programs.path().join("sleep");
    std::fs::write(&program, "#!/bin/sh\nexit 42\n").unwrap();
    std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
    let folder = programs.path().to_owned();
    let stage = Stage::with(|config| config.program_dirs = vec![folder]);
    let submission = stage.command(name(1), &["sleep", "600"]);
    let id = stage.backend.submit(&submission).await.unwrap();
    let ended = stage.until_ended(&id).await;
    let BackendState::Failed { failure, .. } = ended.state else {
        panic!("it was the other sleep: {ended:?}");
    };
    assert_eq!(failure.exit_code, Some(42));
}

#[tokio::test]
async fn jobs_of_other_backends_and_machines_are_not_started() {
    let stage = Stage::new();
    let mut submission = stage.script(name(1), "exit 0");
    submission.target = Target("process:elsewhere-000000".to_owned());
    let error = stage.backend.submit(&submission).await.unwrap_err();
    assert!(matches!(error, SubmitError::Held(_)), "{error:?}");
    submission.execution = Execution::AwsBatch(AwsBatchExecution::default());
    let error = stage.backend.submit(&submission).await.unwrap_err();
    assert!(matches!(error, SubmitError::Refused { .. }), "{error:?}");
    let error = stage.backend.resolve_target(&submission.execution).await;
    assert!(
        matches!(error, Err(SubmitError::Refused { .. })),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_backend_looks_after_its_own_host_and_no_other() {
    let (stage, elsewhere) = (Stage::new(), Stage::new());
    let execution = stage.script(name(1), "exit 0").execution;
    let here = stage.backend.resolve_target(&execution).await.unwrap();
    assert!(stage.backend.looks_after(&here));
    assert!(stage.reopened().looks_after(&here), "also after a restart");
    let there = Target(format!("{}-000000", here.0));
    assert!(!stage.backend.looks_after(&there));
    assert!(!stage.backend.looks_after(&Target(String::new())));
    let mut changed = config(elsewhere.folder.path());
    changed.runs_dir = elsewhere.folder.path().join("other-runs");
    changed.entropy = std::sync::Arc::new(batchway_memory_adapters::SeededEntropy::new(8));
    let other = ProcessBackend::new(changed).unwrap();
    assert!(
        !other.looks_after(&here),
        "a copy of the machine is another"
    );
}

#[tokio::test]
async fn the_name_of_the_host_stays() {
    let stage = Stage::new();
    let submission = stage.script(name(1), "exit 0");
    let first = stage.backend.resolve_target(&submission.execution).await;
    let mut changed = config(stage.folder.path());
    changed.entropy = std::sync::Arc::new(batchway_memory_adapters::SeededEntropy::new(8));
    let reopened = ProcessBackend::new(changed).unwrap();
    let second = reopened.resolve_target(&submission.execution).await;
    assert_eq!(first.unwrap(), second.unwrap());
}
