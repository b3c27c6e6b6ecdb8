//! localbatch, which plays AWS Batch alone, with real containers.

use std::process::Command;
use std::time::Duration;

use crate::docker::DockerEngine;
use crate::port::Port;
use crate::program;
use crate::shared::{SharedServer, Start};
use crate::socket;

/// Without a user for so long, it ends.
const IDLE_LIMIT: Duration = Duration::from_secs(120);
const QUEUE: &str = "localbatch-default";

/// A localbatch server on this machine. All methods block.
#[derive(Debug)]
pub struct LocalBatch {
    port: u16,
}

impl LocalBatch {
    /// The one that all tests of a run share: give everything in it names of your own.
    ///
    /// It is started by the first who asks, with the engine of
    /// [`DockerEngine::shared`], and ends by itself.
    ///
    /// # Panics
    ///
    /// With what to run or install, where localbatch or an engine is missing.
    #[must_use]
    pub fn shared() -> Self {
        let engine = DockerEngine::shared();
        let port = Self::shared_server()
            .join(
                |port| port.parse().is_ok_and(socket::accepts),
                || {
                    let reserved = Port::reserve();
                    let port = reserved.number().to_string();
                    let mut command = Command::new(program::of_python("localbatch"));
                    command
                        .args(["--host", "0.0.0.0", "--port", &port, "--queue", QUEUE])
                        .env("DOCKER_HOST", engine.host());
                    Start {
                        command,
                        address: port,
                        ready: "Uvicorn running on",
                        port: Some(reserved),
                    }
                },
            )
            .until_exit()
            .parse()
            .expect("a port was written there");
        Self { port }
    }

    pub(crate) fn shared_server() -> SharedServer {
        SharedServer::named("localbatch", IDLE_LIMIT)
    }

    /// `http://127.0.0.1:{port}`, for `AWS_ENDPOINT_URL_BATCH` on this machine.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// The port that it listens on, on all addresses.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The queue that is there from the start.
    #[must_use]
    pub fn queue(&self) -> &'static str {
        QUEUE
    }
}
