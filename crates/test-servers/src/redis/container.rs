//! A Redis in a container, through `testcontainers`.

use std::future::Future;
use std::sync::LazyLock;
use std::time::Duration;

use testcontainers::core::client::docker_client_instance;
use testcontainers::core::{IntoContainerPort, WaitFor};
use testcontainers::runners::AsyncRunner;
use testcontainers::{ContainerAsync, GenericImage, ImageExt};
use tokio::runtime::Runtime;

use super::server::{Host, READY};
use super::wire::Connection;
use crate::deadline;

const IMAGE: (&str, &str) = ("redis", "7");
const PORT: u16 = 6379;
/// The image may have to be fetched first.
const START_LIMIT: Duration = Duration::from_secs(180);

/// testcontainers keeps connections to the engine for the whole process.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap_or_else(|error| panic!("could not make an async runtime: {error}"))
});

/// A container that is removed when this is dropped.
#[derive(Debug)]
pub(super) struct RedisContainer {
    container: Option<Box<ContainerAsync<GenericImage>>>,
    port: u16,
}

impl RedisContainer {
    pub(super) fn start(port: u16, arguments: &[String]) -> Self {
        let command = ["redis-server", "--protected-mode", "no"]
            .map(str::to_owned)
            .into_iter()
            .chain(arguments.iter().cloned());
        let request = GenericImage::new(IMAGE.0, IMAGE.1)
            .with_wait_for(WaitFor::message_on_stdout(READY))
            .with_mapped_port(port, PORT.tcp())
            .with_cmd(command)
            .with_startup_timeout(START_LIMIT);
        let container = wait_for(request.start()).unwrap_or_else(|error| {
            panic!(
                "the Docker engine does not start `{}:{}`: {error}",
                IMAGE.0, IMAGE.1
            )
        });
        Self {
            container: Some(Box::new(container)),
            port,
        }
    }

    fn container(&self) -> &ContainerAsync<GenericImage> {
        self.container.as_ref().expect("taken by `drop` alone")
    }

    fn expect_done(&self, what: &str, result: testcontainers::core::error::Result<()>) {
        let id = self.container().id();
        result.unwrap_or_else(|error| panic!("container {id} could not be {what}: {error}"));
    }
}

impl Host for RedisContainer {
    fn kill(&self) {
        let id = self.container().id();
        wait_for(async {
            let docker = docker_client_instance()
                .await
                .expect("it was there to start the container");
            docker.kill_container(id, None).await
        })
        .unwrap_or_else(|error| panic!("container {id} could not be killed: {error}"));
    }

    fn start_again(&self) {
        self.expect_done("started", wait_for(self.container().start()));
        // What it logged the first time is still there; and the engine accepts
        // connections before Redis does.
        deadline::within(START_LIMIT, || {
            Connection::open(self.port).ok()?.ask(&["PING"]).ok()
        })
        .unwrap_or_else(|| {
            panic!(
                "Redis does not answer in container {}",
                self.container().id()
            )
        });
    }

    fn pause(&self) {
        self.expect_done("paused", wait_for(self.container().pause()));
    }

    fn resume(&self) {
        self.expect_done("resumed", wait_for(self.container().unpause()));
    }

    fn log(&self) -> String {
        let log = wait_for(self.container().stdout_to_vec()).unwrap_or_default();
        String::from_utf8_lossy(&log).into_owned()
    }
}

impl Drop for RedisContainer {
    fn drop(&mut self) {
        let Some(container) = self.container.take() else {
            return;
        };
        // A container that was not removed is no reason to hide why a test failed.
        if let Err(error) = wait_for(container.rm()) {
            assert!(
                std::thread::panicking(),
                "a container could not be removed: {error}"
            );
        }
    }
}

/// On a thread of its own: the caller may be on a thread of another runtime.
fn wait_for<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join())
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
