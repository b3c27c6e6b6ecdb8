//! What only the runner's process may know.

use std::collections::BTreeMap;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use batchway_compute_local_process::RunnerSecrets;
use batchway_domain::ports::{BackendState, ComputeBackend};

use crate::fixture::{Stage, name, runner, text_map};

const SECRET: &str = "the-secret-access-key";

fn secrets() -> RunnerSecrets {
    RunnerSecrets::new(text_map(&[("AWS_SECRET_ACCESS_KEY", SECRET)]))
}

/// The contents of all files in a folder and those below it, but for pipes.
fn everything_in(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap().flatten() {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_file() {
                let content = std::fs::read(entry.path()).unwrap();
                let content = String::from_utf8_lossy(&content).into_owned();
                found.insert(entry.path().display().to_string(), content);
            }
        }
    }
    found
}

/// A program that is started as the runner, notes what it finds, and becomes the runner.
fn noting_runner(folder: &Path) -> std::path::PathBuf {
    let path = folder.join("noting-runner");
    let script = format!(
        "#!/bin/sh\nenv > {}\nexec {} \"$@\"\n",
        folder.join("noted").display(),
        runner().display()
    );
    std::fs::write(&path, script).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
    path
}

#[tokio::test]
async fn the_runners_process_has_them() {
    let notes = tempfile::tempdir().unwrap();
    let stage = Stage::with(|config| {
        config.runner = noting_runner(notes.path());
        config.runner_secrets = secrets();
    });
    let submission = stage.script(name(1), "exit 0");
    let id = stage.backend.submit(&submission).await.unwrap();
    assert_eq!(stage.until_ended(&id).await.state, BackendState::Succeeded);
    let noted = std::fs::read_to_string(notes.path().join("noted")).unwrap();
    assert!(noted.contains(&format!("AWS_SECRET_ACCESS_KEY={SECRET}\n")));
}

#[tokio::test]
async fn they_are_never_written_down() {
    let stage = Stage::with(|config| config.runner_secrets = secrets());
    let submission = stage.script(name(1), "sleep 600");
    let id = stage.backend.submit(&submission).await.unwrap();
    stage.until_running(&id).await;
    let running = everything_in(stage.folder.path());
    stage.backend.terminate(&id, "enough").await.unwrap();
    stage.until_ended(&id).await;
    let ended = everything_in(stage.folder.path());
    assert!(running.keys().any(|path| path.ends_with("submission.json")));
    assert!(ended.keys().any(|path| path.ends_with("exit.json")));
    for (path, content) in running.into_iter().chain(ended) {
        assert!(!content.contains(SECRET), "{path}");
    }
}

#[tokio::test]
async fn the_program_does_not_get_them() {
    let stage = Stage::with(|config| {
        config.runner_secrets = secrets();
        let shown = text_map(&[("AWS_REGION", "eu-central-1"), ("S3_BUCKET", "artifacts")]);
        config.environment.extend(shown);
    });
    let submission = stage.script(name(1), "env");
    let id = stage.backend.submit(&submission).await.unwrap();
    assert_eq!(stage.until_ended(&id).await.state, BackendState::Succeeded);
    let environment = stage.log(&submission.name);
    assert!(environment.contains("USER_ID=ada"), "{environment}");
    for hidden in ["AWS_", "S3_BUCKET", SECRET] {
        assert!(!environment.contains(hidden), "{environment}");
    }
}
