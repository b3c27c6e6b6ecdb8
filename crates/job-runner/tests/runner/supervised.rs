//! The runner in the folder of a run of the process backend.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::job::{BackendId, RequestHash, Target};
use batchway_domain::runner::run_folder::{
    ProgramRecord, RunExit, RunSubmission, RunnerRecord, StopRequest, files,
};
use batchway_domain::runner::{exit_codes, variables};

use crate::bucket::{ACCESS_KEY, Bucket, SECRET_KEY};
use crate::stage::{folder_of, job, until};

struct Run {
    _stage: tempfile::TempDir,
    folder: PathBuf,
}

impl Run {
    fn of(script: &str) -> Self {
        let stage = tempfile::tempdir().unwrap();
        let folder = stage.path().join("run");
        fs::create_dir(&folder).unwrap();
        let artifacts = stage.path().join("artifacts");
        let environment = [
            ("PATH", "/usr/bin:/bin"),
            (variables::JOB_ID, job(1).as_str()),
            (variables::USER_ID, "ada"),
            (variables::ENV, "test"),
            (variables::JOB_PARAMS, "{}"),
            (variables::BACKEND_ID, "copy-1"),
            (variables::ARTIFACTS_DIR, artifacts.to_str().unwrap()),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        let submission = RunSubmission {
            version: 1,
            name: "name".to_owned(),
            backend_id: BackendId("copy-1".to_owned()),
            target: Target("target".to_owned()),
            request_hash: RequestHash("hash".to_owned()),
            submitted_at: Timestamp::EPOCH,
            command: ["/bin/sh", "-c", script].map(str::to_owned).to_vec(),
            environment: BTreeMap::from(environment),
        };
        let run = Self {
            _stage: stage,
            folder,
        };
        run.write(files::SUBMISSION, &submission);
        run
    }

    fn write(&self, file: &str, record: &impl serde::Serialize) {
        let bytes = serde_json::to_vec(record).unwrap();
        fs::write(self.folder.join(file), bytes).unwrap();
    }

    fn read<T: serde::de::DeserializeOwned>(&self, file: &str) -> Option<T> {
        let bytes = fs::read(self.folder.join(file)).ok()?;
        Some(serde_json::from_slice(&bytes).unwrap())
    }

    fn lock(&self) -> File {
        File::options()
            .write(true)
            .create(true)
            .truncate(false)
            .open(self.folder.join(files::LOCK))
            .unwrap()
    }

    fn detach(&self) -> bool {
        self.detach_knowing([])
    }

    /// Detaches a runner as the backend does, with this in the environment of its process alone,
    /// and says whether it was accepted.
    fn detach_knowing(&self, secrets: impl IntoIterator<Item = (&'static str, String)>) -> bool {
        let lock = self.lock();
        lock.try_lock().unwrap();
        let log = File::create(self.folder.join(files::RUNNER_LOG)).unwrap();
        Command::new(env!("CARGO_BIN_EXE_batchway-runner"))
            .arg("detach")
            .arg(&self.folder)
            .env_clear()
            .envs(secrets)
            .stdin(Stdio::from(lock))
            .stdout(Stdio::null())
            .stderr(Stdio::from(log))
            .status()
            .unwrap()
            .success()
    }

    fn is_alive(&self) -> bool {
        self.lock().try_lock_shared().is_err()
    }

    fn exit(&self) -> RunExit {
        until(|| self.folder.join(files::EXIT).exists());
        until(|| !self.is_alive());
        self.read(files::EXIT).unwrap()
    }
}

/// As the kernel tells it: 0 where the session began outside this PID namespace, which the types
/// of `getsid` can't say.
fn session_of(process: &str) -> i32 {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap();
    let (_, after_name) = stat.rsplit_once(") ").unwrap();
    after_name.split(' ').nth(3).unwrap().parse().unwrap()
}

#[test]
fn it_records_itself_its_program_and_its_end() {
    let run = Run::of("while [ ! -e go ]; do sleep 0.01; done; head -c 1M /dev/zero; exit 4");
    assert!(run.detach());
    let runner: RunnerRecord = run.read(files::RUNNER).expect("it is there by then");
    assert!(run.is_alive());
    assert_ne!(runner.session, session_of("self"));
    assert_eq!(runner.session, session_of(&runner.process.pid.to_string()));
    assert_ne!(runner.session, runner.process.pid, "it leads no session");
    until(|| {
        let program: Option<ProgramRecord> = run.read(files::PROGRAM);
        program.is_some_and(|program| program.process.is_some())
    });
    fs::write(run.folder.join("work/go"), "").unwrap();
    let exit = run.exit();
    assert_eq!(exit.end, ProgramEnd::Exited { code: 4 });
    assert_eq!(exit.exit_code, 4);
    assert!(exit.started_at.unwrap() <= exit.stopped_at);
    assert_eq!(exit.limits.as_deref(), Some("none"));
    assert!(!run.folder.join(files::WORK).exists());
    let said = fs::metadata(run.folder.join(files::RUNNER_LOG)).unwrap();
    assert!(
        said.len() < 1000,
        "the program's output is not the runner's"
    );
}

#[test]
fn the_lock_is_the_runners_alone() {
    let run = Run::of("setsid sleep 600 & touch started; wait");
    assert!(run.detach());
    until(|| run.folder.join("work/started").exists());
    let runner: RunnerRecord = run.read(files::RUNNER).unwrap();
    let pid = rustix::process::Pid::from_raw(runner.process.pid).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
    until(|| !run.is_alive());
    let orphans = fs::read_dir("/proc").unwrap().flatten().filter(|entry| {
        fs::read_link(entry.path().join("cwd")).is_ok_and(|cwd| cwd.starts_with(&run.folder))
    });
    let orphans: Vec<i32> = orphans
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect();
    assert!(!orphans.is_empty(), "one outlives it, and holds no lock");
    for orphan in orphans {
        let orphan = rustix::process::Pid::from_raw(orphan).unwrap();
        let _ = rustix::process::kill_process(orphan, rustix::process::Signal::KILL);
    }
}

#[test]
fn a_word_to_stop_that_was_there_before_is_heard() {
    let run = Run::of("touch $BATCHWAY_OUTPUT_DIR/worked");
    let stop = StopRequest {
        reason: "cancelled".to_owned(),
        requested_at: Timestamp::EPOCH,
    };
    run.write(files::STOP, &stop);
    assert!(run.detach());
    let exit = run.exit();
    assert_eq!(exit.end, ProgramEnd::Stopped);
    assert_eq!(exit.started_at, None);
}

#[test]
fn what_can_not_be_understood_is_not_accepted() {
    let run = Run::of("exit 0");
    fs::write(run.folder.join(files::SUBMISSION), "{}").unwrap();
    assert!(!run.detach());
    assert!(!run.is_alive());
    assert!(!run.folder.join(files::RUNNER).exists());
    let said = fs::read_to_string(run.folder.join(files::RUNNER_LOG)).unwrap();
    assert!(said.contains(files::SUBMISSION), "{said}");
}

#[test]
fn credentials_are_the_runners_own() {
    let bucket = Bucket::new();
    let run = Run::of("env > $BATCHWAY_OUTPUT_DIR/env");
    let mut submission: RunSubmission = run.read(files::SUBMISSION).unwrap();
    let environment = &mut submission.environment;
    environment.remove(variables::ARTIFACTS_DIR);
    environment.insert(variables::S3_BUCKET.to_owned(), bucket.name.clone());
    environment.insert("AWS_PROFILE".to_owned(), "said-in-the-folder".to_owned());
    run.write(files::SUBMISSION, &submission);
    assert!(run.detach_knowing(bucket.access()));
    let exit = run.exit();
    assert_eq!(exit.end, ProgramEnd::Exited { code: 0 }, "{exit:?}");
    let key = folder_of(&job(1)).artifact("env").unwrap();
    let environment = bucket.text(&key).unwrap();
    assert!(environment.contains("USER_ID=ada"), "{environment}");
    for hidden in ["AWS_", "S3_BUCKET", &bucket.name, ACCESS_KEY, SECRET_KEY] {
        assert!(!environment.contains(hidden), "{hidden}: {environment}");
    }
}

#[test]
fn a_store_that_can_not_be_opened_is_told() {
    let run = Run::of("exit 0");
    let mut submission: RunSubmission = run.read(files::SUBMISSION).unwrap();
    submission.environment.insert(
        variables::ARTIFACTS_DIR.to_owned(),
        "/dev/null/x".to_owned(),
    );
    run.write(files::SUBMISSION, &submission);
    assert!(run.detach());
    let exit = run.exit();
    assert_eq!(exit.exit_code, exit_codes::NOT_STARTED);
    assert!(exit.message.unwrap().contains("/dev/null/x"));
}
