//! The runner as the first process of a container, in the image that is shipped.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::UNIX_EPOCH;

use batchway_domain::artifacts::{JobFolder, Manifest, ProgramEnd};
use batchway_domain::runner::{exit_codes, variables};
use batchway_test_servers::DockerEngine;

use crate::bucket::Bucket;
use crate::stage::{folder_of, job, until};

const IMAGE: &str = "batchway-job-runner-tests";

/// Says of an image out of which programs it was built.
const STAMP: &str = "batchway.tests.built-of";

/// What goes into the image.
const PROGRAMS: [&str; 2] = ["batchway-runner", "open-chemistry"];

fn folder() -> JobFolder {
    folder_of(&job(1))
}

/// Builds the image out of programs that are compiled already, unless a test did before.
fn ensure_image(engine: &DockerEngine) {
    engine.ensure_base_image();
    let lock = Path::new(env!("CARGO_TARGET_TMPDIR")).join("job-image.lock");
    let lock = File::create(lock).unwrap();
    lock.lock().unwrap();
    let repository = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let recipe = repository.join("infra/docker/job.Dockerfile");
    let programs = PROGRAMS.map(program);
    let built_of = programs.iter().chain([&recipe]);
    let stamp: Vec<String> = built_of.map(|file| stamp_of(file)).collect();
    let label = format!("{STAMP}={}", stamp.join("-"));
    let has_label = format!("label={label}");
    let found = engine.run(&["images", "--quiet", "--filter", &has_label, IMAGE]);
    if found.is_empty() {
        let context = tempfile::tempdir().unwrap();
        for (name, path) in PROGRAMS.into_iter().zip(&programs) {
            std::fs::copy(path, context.path().join(name)).unwrap();
        }
        let mut build = engine.command();
        build
            .args(["build", "--target", "prebuilt", "--tag", IMAGE])
            .args(["--label", &label, "--file"])
            .args([&recipe, context.path()]);
        let built = build.output().unwrap();
        assert!(built.status.success(), "{}", said(&built));
        // Those before it, which have no name any more.
        let stamped = format!("label={STAMP}");
        engine.run(&["image", "prune", "--force", "--filter", &stamped]);
    }
}

fn program(name: &str) -> PathBuf {
    let path = Path::new(env!("CARGO_BIN_EXE_batchway-runner")).with_file_name(name);
    assert!(
        path.is_file(),
        "there is no {}: run `cargo build --bins` first",
        path.display()
    );
    path
}

fn stamp_of(file: &Path) -> String {
    let modified = file.metadata().unwrap().modified().unwrap();
    let age = modified.duration_since(UNIX_EPOCH).unwrap();
    age.as_nanos().to_string()
}

/// A container of a job, removed in the end.
struct Container {
    engine: DockerEngine,
    name: String,
}

impl Container {
    /// `command` is what a job definition names as its command; empty for the image's own.
    fn start(bucket: &Bucket, params: &str, options: &[&str], command: &[&str]) -> Self {
        let engine = DockerEngine::shared();
        ensure_image(&engine);
        let name = bucket.name.clone();
        let mut run = engine.command();
        run.args(["run", "--detach", "--name", &name])
            .args(["--add-host", "host.docker.internal:host-gateway"])
            .args(options);
        let job = job(1);
        let told = [
            (variables::JOB_ID, job.as_str()),
            (variables::USER_ID, "ada"),
            (variables::ENV, "test"),
            (variables::GATED, "1"),
            (variables::JOB_TOKEN, "the-token"),
            (variables::AWS_BATCH_JOB_ID, "batch-1"),
            (variables::JOB_PARAMS, params),
        ];
        let told = told.map(|(name, value)| (name, value.to_owned()));
        for (name, value) in told.into_iter().chain(bucket.access_in_containers()) {
            run.arg("--env").arg(format!("{name}={value}"));
        }
        let started = run.arg(IMAGE).args(command).output().unwrap();
        let container = Self { engine, name };
        assert!(started.status.success(), "{}", said(&started));
        container
    }

    fn exit_code(&self) -> i32 {
        self.engine.run(&["wait", &self.name]).parse().unwrap()
    }

    fn stop(&self) {
        self.engine.run(&["stop", "--time", "30", &self.name]);
    }

    fn log(&self) -> String {
        let output = self.engine.command().args(["logs", &self.name]).output();
        said(&output.unwrap())
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        let mut removal = self.engine.command();
        let _ = removal.args(["rm", "--force", &self.name]).output();
    }
}

fn said(output: &Output) -> String {
    let bytes = [&output.stdout[..], &output.stderr[..]].concat();
    String::from_utf8_lossy(&bytes).into_owned()
}

fn manifest(bucket: &Bucket) -> Option<Manifest> {
    Manifest::decode(&bucket.get(&folder().manifest(1))?)
}

#[test]
fn the_reference_workload_leaves_its_results_in_the_bucket() {
    let bucket = Bucket::new();
    let params = r#"{"simulation_config": {"mode": "open_chemistry",
        "config": {"num_particles": 50, "temperature": 300, "steps": 200}}}"#;
    let container = Container::start(&bucket, params, &[], &[]);
    assert_eq!(container.exit_code(), 0, "{}", container.log());
    assert_eq!(manifest(&bucket).unwrap().backend_id.0, "batch-1");
    let results = folder().artifact("results.h5").unwrap();
    let results = bucket.get(&results).unwrap();
    assert!(results.starts_with(b"\x89HDF\r\n"));
}

#[test]
fn a_container_that_is_stopped_leaves_a_checkpoint_and_no_manifest() {
    let bucket = Bucket::new();
    // SIGTERM reaches the first process alone: that the program hears of it is the runner's work.
    let script = "
        trap 'echo kept > $BATCHWAY_CHECKPOINT_DIR/state; exit 0' TERM
        echo ready
        while :; do sleep 0.1; done";
    let container = Container::start(&bucket, "{}", &[], &["sh", "-c", script]);
    until(|| container.log().contains("ready"));
    container.stop();
    assert_eq!(
        container.exit_code(),
        exit_codes::STOPPED,
        "{}",
        container.log()
    );
    assert_eq!(manifest(&bucket), None);
    let checkpoint = bucket.get(&folder().checkpoint()).unwrap();
    assert!(String::from_utf8_lossy(&checkpoint).contains("kept"));
}

#[test]
fn want_of_memory_in_the_container_is_told() {
    let bucket = Bucket::new();
    let limits = ["--memory", "64m", "--memory-swap", "64m"];
    let script = "
        echo half > $BATCHWAY_OUTPUT_DIR/half
        head -c 300M /dev/zero | tail -c 300M > /dev/null";
    let container = Container::start(&bucket, "{}", &limits, &["sh", "-c", script]);
    let code = container.exit_code();
    assert_eq!(code, exit_codes::OUT_OF_MEMORY, "{}", container.log());
    let manifest = manifest(&bucket).unwrap();
    assert_eq!(manifest.end, ProgramEnd::OutOfMemory);
    assert_eq!(manifest.objects[0].name, "half");
}

#[test]
fn the_first_process_takes_note_of_the_end_of_orphans() {
    // A zombie's state is Z, and it stays until its parent, by then the runner, has seen it.
    let script = "
        is_there() { grep -l '^State:.Z' /proc/[0-9]*/status 2> /dev/null; }
        tries=0
        until is_there; do
            tries=$((tries + 1))
            [ $tries -lt 100 ] || exit 5
            sh -c 'sleep 0.1 & sleep 0.1 & exit'
            sleep 0.3
        done
        looks=0
        while is_there; do
            looks=$((looks + 1))
            [ $looks -lt 1000 ] || exit 4
            sleep 0.1
        done";
    let container = Container::start(&Bucket::new(), "{}", &[], &["sh", "-c", script]);
    assert_eq!(container.exit_code(), 0, "{}", container.log());
}

#[test]
fn the_token_is_kept_from_the_program_whoever_it_runs_as() {
    let script = "
        id -u
        cat /proc/1/environ && exit 4
        env | grep the-token && exit 5
        exit 0";
    for user in ["1000", "0"] {
        let command = ["sh", "-c", script];
        let container = Container::start(&Bucket::new(), "{}", &["--user", user], &command);
        assert_eq!(container.exit_code(), 0, "{}", container.log());
        assert!(container.log().contains(&format!("{user}\n")));
    }
}
