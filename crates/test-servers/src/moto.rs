//! moto, which plays AWS: Batch with real containers, S3, SQS, CloudWatch Logs,
//! EventBridge, IAM, EC2, CloudFormation.

use std::process::Command;
use std::time::Duration;

use serde_json::json;

use crate::docker;
use crate::leash::{Leash, NotReady};
use crate::port::Port;
use crate::program;
use crate::shared::{SharedServer, Start};
use crate::socket;

const SERVER: &str = include_str!("moto.py");
const READY: &str = "Running on http://127.0.0.1:";
/// It takes a second; the rest is for a machine on which everything runs at once, from a cold disk.
const START_LIMIT: Duration = Duration::from_secs(180);
/// Without a user for so long, the shared one ends.
const IDLE_LIMIT: Duration = Duration::from_secs(120);

/// A moto server on this machine.
///
/// It takes any credentials and any region. Jobs of AWS Batch become containers
/// of [`DockerEngine::shared`](crate::DockerEngine::shared), which must have been
/// asked for by the test that submits them; all else needs no engine. All methods
/// block.
#[derive(Debug)]
pub struct Moto {
    port: u16,
    /// Absent for the shared one, which has a keeper.
    _own: Option<(Leash, Port, tempfile::TempDir)>,
}

impl Moto {
    /// The one that all tests of a run share: give everything in it names of your own.
    ///
    /// It is started by the first who asks, which takes a second, and ends by
    /// itself. What is set for the whole of it (see
    /// [`set_batch_progression`](Self::set_batch_progression)) is set for
    /// everybody; [`start`](Self::start) one where that matters.
    ///
    /// # Panics
    ///
    /// With what to run, where moto is not installed.
    #[must_use]
    pub fn shared() -> Self {
        let port = Self::shared_server()
            .join(
                |port| port.parse().is_ok_and(socket::accepts),
                || {
                    let port = Port::reserve();
                    Start {
                        command: command(port.number(), &[]),
                        address: port.number().to_string(),
                        ready: READY,
                        port: Some(port),
                    }
                },
            )
            .until_exit()
            .parse()
            .expect("a port was written there");
        Self { port, _own: None }
    }

    pub(crate) fn shared_server() -> SharedServer {
        SharedServer::named("moto", IDLE_LIMIT)
    }

    /// One for this test alone, gone when it is dropped.
    ///
    /// # Panics
    ///
    /// With what to run, where moto is not installed.
    #[must_use]
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// As [`start`](Self::start), with variables of moto's own, such as
    /// `("INITIAL_NO_AUTH_ACTION_COUNT", "0")`.
    ///
    /// # Panics
    ///
    /// With what to run, where moto is not installed.
    #[must_use]
    pub fn start_with(variables: &[(&str, &str)]) -> Self {
        let folder = tempfile::TempDir::with_prefix("batchway-moto-")
            .unwrap_or_else(|error| panic!("could not create a temporary folder: {error}"));
        let port = Port::reserve();
        let command = command(port.number(), variables);
        let leash = Leash::start(&command, &folder.path().join("log"));
        match leash.wait_for(READY, START_LIMIT) {
            Ok(()) => Self {
                port: port.number(),
                _own: Some((leash, port, folder)),
            },
            Err(NotReady::Ended(log)) => panic!("moto_server ended at once:\n{log}"),
            Err(NotReady::Silent(log)) => panic!(
                "moto_server was not ready within {} seconds:\n{log}",
                START_LIMIT.as_secs()
            ),
        }
    }

    /// `http://127.0.0.1:{port}`, for `AWS_ENDPOINT_URL` on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// `http://host.docker.internal:{port}`, for `AWS_ENDPOINT_URL` in a job's container.
    #[must_use]
    pub fn url_in_containers(&self) -> String {
        format!("http://host.docker.internal:{}", self.port)
    }

    /// The port that it listens on, on all addresses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Lets jobs rest in each status of AWS Batch, such as RUNNABLE, for that
    /// many whole seconds, so that each is seen in turn. For the whole server.
    ///
    /// # Panics
    ///
    /// Where moto does not take it.
    pub fn set_batch_progression(&self, seconds_per_status: u32) {
        self.post(
            "state-manager/set-transition",
            &json!({
                "model_name": "batch::job",
                "transition": {"progression": "time", "seconds": seconds_per_status},
            }),
        );
    }

    /// Lets jobs go through the statuses at once, as they do from the start.
    ///
    /// # Panics
    ///
    /// Where moto does not take it.
    pub fn unset_batch_progression(&self) {
        self.post(
            "state-manager/unset-transition",
            &json!({"model_name": "batch::job"}),
        );
    }

    /// From the `actions_without_check`-th call on, moto looks at credentials
    /// and policies. Presigned links don't work in that mode. For the whole server.
    ///
    /// # Panics
    ///
    /// Where moto does not take it.
    pub fn check_permissions_after(&self, actions_without_check: u32) {
        self.post("reset-auth", &json!(actions_without_check));
    }

    /// Asks moto's own interface, under `/moto-api/`.
    fn post(&self, path: &str, body: &serde_json::Value) {
        let url = format!("{}/moto-api/{path}", self.url());
        ureq::post(&url)
            .send(body.to_string())
            .unwrap_or_else(|error| panic!("moto does not take {body} at {url}: {error}"));
    }
}

fn command(port: u16, variables: &[(&str, &str)]) -> Command {
    let beside_it = program::of_python("moto_server").with_file_name("python3");
    let python = if beside_it.exists() {
        beside_it
    } else {
        program::of_python("python3")
    };
    let mut command = Command::new(python);
    let port = port.to_string();
    command
        .args(["-c", SERVER, "--host", "0.0.0.0", "--port", &port])
        // What moto itself tells containers.
        .env("MOTO_PORT", &port)
        .env("DOCKER_HOST", docker::host_for_later())
        .envs(variables.iter().copied());
    command
}
