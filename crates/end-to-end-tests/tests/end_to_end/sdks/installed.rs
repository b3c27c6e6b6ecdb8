//! What the test run has installed for these tests, and how it is run.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Receiver;

use serde_json::json;
use tempfile::TempDir;

use crate::gateway::{Gateway, Installation, PATIENCE, program, read_lines, text};

/// A file below `target/sdk`.
pub(crate) fn installed(path: &str) -> PathBuf {
    let programs = program("batchway");
    // target/debug/batchway
    let target = programs.parent().and_then(Path::parent).unwrap();
    let path = target.join("sdk").join(path);
    assert!(
        path.exists(),
        "{} is not there: run `cargo xtask test --only sdks` first, or `cargo xtask test`, \
         which does",
        path.display()
    );
    path
}

/// A file of this repository.
pub(crate) fn source(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .join(path)
}

/// A gateway, a user with a key, and an empty folder to work in.
pub(crate) struct Workplace {
    // Ends before its installation is tidied up.
    gateway: Gateway,
    installation: Installation,
    key: String,
    folder: TempDir,
}

impl Workplace {
    pub(crate) fn new() -> Self {
        // Receivers of webhooks are on this machine.
        let installation = Installation::new().set("BATCHWAY_WEBHOOK_ALLOW_PRIVATE", "127.0.0.0/8");
        let key = installation.create_key("user123");
        Self {
            gateway: installation.serve(),
            installation,
            key,
            folder: tempfile::tempdir().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        self.gateway.url()
    }

    pub(crate) fn key(&self) -> &str {
        &self.key
    }

    /// What a program printed that has to succeed here.
    pub(crate) fn run(&self, command: &mut Command) -> String {
        let output = command
            .current_dir(self.folder.path())
            .env("BATCHWAY_URL", self.url())
            .env("BATCHWAY_API_KEY", self.key())
            .output()
            .unwrap();
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let complaint = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{printed}\n{complaint}");
        printed
    }

    /// The quickstart ended well: every result that it names lies here as it says.
    pub(crate) fn assert_results_are_here(&self, printed: &str) {
        assert!(printed.contains("completed"), "{printed}");
        let files = printed.lines().filter_map(|line| {
            let (name, size) = line.strip_suffix(" bytes")?.split_once(": ")?;
            Some((name, size.parse::<u64>().ok()?))
        });
        let files: Vec<_> = files.collect();
        assert!(
            files.iter().any(|(name, _)| *name == "results.h5"),
            "{printed}"
        );
        for (name, size) in files {
            let file = self.folder.path().join(name);
            assert_eq!(file.metadata().unwrap().len(), size, "{name}");
        }
    }

    /// The receiver of a quickstart takes what the gateway sends about a job, and nothing that
    /// the gateway has not signed.
    pub(crate) fn assert_receives_webhooks(&self, command: &mut Command) {
        let secret = self
            .installation
            .run(&["webhook-secret", "show", "--user", "user123"]);
        let secret = String::from_utf8(secret.stdout).unwrap();
        let receiver = Listener::start(
            command
                .env("BATCHWAY_WEBHOOK_SECRET", secret.trim())
                .env("PORT", "0"),
        );
        let listening = receiver.line();
        let url = listening.strip_prefix("listening on ").unwrap();

        let forged = ureq::post(url).send("{}").unwrap_err();
        assert_eq!(forged.to_string(), "http status: 401");

        let config = json!({"num_particles": 50, "temperature": 300, "steps": 10});
        let body = json!({
            "job_type": "run_simulation",
            "params": {"simulation_config": {"mode": "open_chemistry", "config": config}},
            "webhook_url": url,
        });
        let api = self.gateway.api(self.key());
        let submitted = api.post("/api/v1/jobs", &body.to_string(), &[]).expect(202);
        let job_id = text(&submitted, "job_id");
        let completed = format!("job.completed {job_id} completed");
        while receiver.line() != completed {}
    }
}

/// A program that prints what it is told. Killed when dropped.
struct Listener {
    program: Child,
    lines: Receiver<String>,
}

impl Listener {
    fn start(command: &mut Command) -> Self {
        let mut program = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = read_lines(program.stdout.take().unwrap());
        Self { program, lines }
    }

    fn line(&self) -> String {
        let line = self.lines.recv_timeout(PATIENCE);
        line.expect("it goes on printing")
    }
}

impl Drop for Listener {
    fn drop(&mut self) {
        // It may have ended already, which is as good.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}
