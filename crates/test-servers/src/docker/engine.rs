//! The container engine of this machine.

use std::path::Path;
use std::process::{Command, Output};

use super::own_engine;
use crate::program;

pub(super) const USUAL_HOST: &str = "unix:///var/run/docker.sock";

/// A Docker engine that all tests share: give containers and images names of your own.
///
/// All methods block. They drive the command `docker`.
#[derive(Debug)]
pub struct DockerEngine {
    host: String,
}

impl DockerEngine {
    /// The engine that `DOCKER_HOST` names, or the one at its usual place, or,
    /// as root on Linux, one that is started now and ends by itself.
    ///
    /// # Panics
    ///
    /// With what to do, where there is none.
    #[must_use]
    pub fn shared() -> Self {
        program::needed("docker", "docker.io");
        let engine = Self::at(host_for_later());
        if engine.host == own_engine::host() {
            own_engine::join();
        } else {
            assert!(
                engine.answers(),
                "no Docker engine answers at DOCKER_HOST={}: start it, or unset the variable",
                engine.host
            );
        }
        engine
    }

    /// Whether an engine answers where every program looks for one: at
    /// `DOCKER_HOST`, or at its usual place. One that was started for tests of
    /// this build folder alone does not.
    #[must_use]
    pub fn is_found_by_all() -> bool {
        program::of_the_system("docker").is_some() && {
            let host = given_host().unwrap_or_else(|| USUAL_HOST.to_owned());
            Self::at(host).answers()
        }
    }

    /// Its address as `DOCKER_HOST` wants it, such as `unix:///var/run/docker.sock`.
    #[must_use]
    pub fn host(&self) -> &str {
        &self.host
    }

    /// Its socket on this machine, if it is not reached over the network.
    #[must_use]
    pub fn socket(&self) -> Option<&Path> {
        self.host.strip_prefix("unix://").map(Path::new)
    }

    /// The command `docker`, told to use this engine, for arguments to be added.
    #[must_use]
    pub fn command(&self) -> Command {
        let mut command = Command::new(program::needed("docker", "docker.io"));
        command
            .env("DOCKER_HOST", &self.host)
            // The builder that needs no plugin.
            .env("DOCKER_BUILDKIT", "0");
        command
    }

    /// Runs `docker` with these arguments and returns what it printed, trimmed.
    ///
    /// # Panics
    ///
    /// In its own words, where it fails.
    pub fn run(&self, arguments: &[&str]) -> String {
        let output = self.output(arguments);
        assert!(
            output.status.success(),
            "`docker {}` failed ({}):\n{}{}",
            arguments.join(" "),
            output.status,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Builds the `Dockerfile` of a folder and gives the image a tag.
    ///
    /// The steps of the build have this machine's network.
    ///
    /// # Panics
    ///
    /// With the log of the build, where it fails.
    pub fn build(&self, context: &Path, tag: &str) {
        let context = context.display().to_string();
        self.run(&["build", "--network", "host", "--tag", tag, &context]);
    }

    /// Whether the engine has an image without fetching it.
    #[must_use]
    pub fn has_image(&self, tag: &str) -> bool {
        self.output(&["image", "inspect", tag]).status.success()
    }

    pub(super) fn at(host: String) -> Self {
        Self { host }
    }

    pub(super) fn answers(&self) -> bool {
        let version = ["version", "--format", "{{.Server.Version}}"];
        self.output(&version).status.success()
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command()
            .args(arguments)
            .output()
            .unwrap_or_else(|error| panic!("could not run `docker`: {error}"))
    }
}

/// The engine that [`DockerEngine::shared`] will use, whether it runs already or not.
pub(crate) fn host_for_later() -> String {
    given_host().unwrap_or_else(|| {
        let usual = DockerEngine::at(USUAL_HOST.to_owned());
        // Looked at first: asking takes longer.
        if usual.socket().is_some_and(Path::exists) && usual.answers() {
            usual.host
        } else {
            own_engine::host()
        }
    })
}

#[expect(
    clippy::disallowed_methods,
    reason = "the engine is the one that everything else on this machine uses"
)]
fn given_host() -> Option<String> {
    std::env::var("DOCKER_HOST")
        .ok()
        .filter(|host| !host.is_empty())
}
