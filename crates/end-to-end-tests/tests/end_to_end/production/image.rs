//! The image that jobs run in: Debian, the runner and the reference workload.

use std::fs::{self, File};
use std::path::Path;

use batchway_test_servers::DockerEngine;

use crate::gateway::program;

const NAME: &str = "batchway-job";
const DOCKERFILE: &str = include_str!("../../../../../infra/docker/job.Dockerfile");

/// Its tag. Built where this build's programs are in none yet.
pub(crate) fn of_jobs(engine: &DockerEngine) -> String {
    engine.ensure_base_image();
    let programs = ["batchway-runner", "open-chemistry"].map(program);
    let newest = programs
        .iter()
        .map(|path| fs::metadata(path).unwrap().modified().unwrap())
        .map(|time| {
            time.duration_since(std::time::UNIX_EPOCH)
                .unwrap()
                .as_nanos()
        })
        .max()
        .unwrap();
    let tag = format!("{NAME}:{newest}");
    // Of tests that run side by side, one builds it.
    let lock = File::create(programs[0].with_extension("image-lock")).unwrap();
    lock.lock().unwrap();
    if !engine.has_image(&tag) {
        remove_older(engine);
        build(engine, &programs.each_ref().map(AsRef::as_ref), &tag);
    }
    tag
}

/// Those of earlier builds, of which each takes some hundred megabytes.
fn remove_older(engine: &DockerEngine) {
    let images = engine.run(&["images", "--quiet", NAME]);
    for image in images.lines() {
        // A container of another build's tests may still run in it.
        let _ = engine.command().args(["rmi", image]).output();
    }
}

fn build(engine: &DockerEngine, programs: &[&Path], tag: &str) {
    let context = tempfile::tempdir().unwrap();
    fs::write(context.path().join("Dockerfile"), DOCKERFILE).unwrap();
    for program in programs {
        let name = program.file_name().unwrap();
        fs::copy(program, context.path().join(name)).unwrap();
    }
    let folder = context.path().to_str().unwrap();
    engine.run(&[
        "build",
        "--target",
        "prebuilt",
        "--network",
        "host",
        "--tag",
        tag,
        folder,
    ]);
}
