//! What a job left: by its manifest once it has ended, otherwise what is there.

use batchway_application::RequestError;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::identity::JobId;
use batchway_domain::job::JobStatus;
use batchway_memory_adapters::{ArtifactStoreCall, Fault};

use crate::job_types::{FOREIGN, SIMULATE};
use crate::scene::Scene;

/// The names of what is listed; each link is followed.
async fn listed(scene: &Scene, id: &JobId) -> Vec<String> {
    let application = &scene.gateway.application;
    let list = application.list_artifacts(&scene.world.key, id.as_str());
    let list = list.await.unwrap();
    assert_eq!(list.job_id, *id);
    let folder = scene.job(id).folder();
    list.artifacts
        .iter()
        .map(|one| {
            let content = scene.world.artifacts.follow(&one.link.url).unwrap();
            assert_eq!(content.unwrap().len() as u64, one.metadata.size);
            folder.name_of(&one.metadata.key).unwrap().to_owned()
        })
        .collect()
}

async fn checksums(scene: &Scene, id: &JobId) -> Vec<Option<String>> {
    let application = &scene.gateway.application;
    let list = application.list_artifacts(&scene.world.key, id.as_str());
    let artifacts = list.await.unwrap().artifacts.into_iter();
    artifacts.map(|one| one.sha256).collect()
}

/// Puts something into the job's folder that no manifest names.
fn insert(scene: &Scene, id: &JobId, name: &str) {
    let key = format!("{}{name}", scene.job(id).folder().prefix());
    scene.world.artifacts.insert(&key, "something");
}

#[tokio::test]
async fn an_unfinished_job_shows_what_is_there() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    assert_eq!(listed(&scene, &id).await, [""; 0]);
    insert(&scene, &id, "plots/a.svg");
    insert(&scene, &id, "_batchway/checkpoint");
    assert_eq!(listed(&scene, &id).await, ["plots/a.svg"]);
}

#[tokio::test]
async fn a_completed_job_shows_what_its_manifest_names() {
    let scene = Scene::new();
    let (id, copy) = scene.start(SIMULATE).await;
    insert(&scene, &id, "left-by-an-earlier-try.h5");
    let end = ProgramEnd::Exited { code: 0 };
    let names = ["results.json", "plots/a.svg"];
    scene.world.leave(&scene.job(&id), &copy, end, &names);
    scene.world.process.succeed(&copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(listed(&scene, &id).await, ["plots/a.svg", "results.json"]);
    let as_stored = Some("0".repeat(64));
    assert_eq!(checksums(&scene, &id).await, [as_stored.clone(), as_stored]);
}

#[tokio::test]
async fn a_failed_job_shows_what_its_manifest_names_and_without_one_what_is_there() {
    let scene = Scene::new();
    for leaves_manifest in [true, false] {
        let (id, copy) = scene.start(SIMULATE).await;
        insert(&scene, &id, "half.h5");
        if leaves_manifest {
            let end = ProgramEnd::Exited { code: 3 };
            let job = scene.job(&id);
            scene.world.leave(&job, &copy, end, &["trace.log"]);
        }
        scene.world.process.exit(&copy, 3);
        scene.watch_all(&id).await;
        assert_eq!(scene.status(&id), JobStatus::Failed);
        let expected = if leaves_manifest {
            "trace.log"
        } else {
            "half.h5"
        };
        assert_eq!(listed(&scene, &id).await, [expected]);
    }
}

#[tokio::test]
async fn a_job_without_a_runner_shows_what_is_there() {
    let scene = Scene::new();
    let (id, copy) = scene.send(FOREIGN).await;
    insert(&scene, &id, "results.json");
    scene.world.batch.succeed(&copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    assert_eq!(listed(&scene, &id).await, ["results.json"]);
    assert_eq!(checksums(&scene, &id).await, [None]);
}

#[tokio::test]
async fn nothing_of_other_jobs_is_shown() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    let (other, _) = scene.start(SIMULATE).await;
    insert(&scene, &other, "results.h5");
    assert_eq!(listed(&scene, &id).await, [""; 0]);
    let bob = scene.world.register("bob");
    let application = &scene.gateway.application;
    let answer = application.list_artifacts(&bob, other.as_str()).await;
    assert!(matches!(answer, Err(RequestError::JobNotFound { .. })));
}

#[tokio::test]
async fn a_store_that_fails_is_said() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    let faults = scene.gateway.artifacts.faults();
    faults.fail_next(ArtifactStoreCall::List, Fault::RequestLost);
    let application = &scene.gateway.application;
    let answer = application.list_artifacts(&scene.world.key, id.as_str());
    let answer = answer.await;
    assert!(
        matches!(answer, Err(RequestError::ArtifactStoreUnavailable(_))),
        "{answer:?}"
    );
}
