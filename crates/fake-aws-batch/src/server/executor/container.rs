//! Attempts as containers of a Docker engine, by its command line.

use std::io;
use std::process::{Output as Captured, Stdio};

use tokio::process::{Child, Command};

use super::output::Output;
use super::{Order, Surroundings};
use crate::{Exit, Start};

/// Runs each attempt as a container of the image that its definition names.
///
/// It is driven through the `docker` command, which reaches the engine as it always does
/// (`DOCKER_HOST`). Containers reach this machine as `host.docker.internal`.
#[derive(Clone, Debug)]
pub struct ContainerExecutor {
    /// The command with its own options, such as `docker` or `docker --host unix:///…`.
    pub docker: Vec<String>,
    /// Further arguments of `docker create`, such as `--network=host`, before the image.
    pub arguments: Vec<String>,
    /// Run in every job's container, with the job's command as further arguments.
    pub program: Vec<String>,
}

impl Default for ContainerExecutor {
    fn default() -> Self {
        Self {
            docker: vec!["docker".to_owned()],
            arguments: Vec::new(),
            program: Vec::new(),
        }
    }
}

impl ContainerExecutor {
    pub(in crate::server) async fn run(&self, start: &Start, mut around: Surroundings) -> Exit {
        // Before it is made: the engine may make one that nobody waits for any more.
        let mut container = Container::named(self.docker.clone(), around.name_of(start));
        if let Err(reason) = container.create(self, start).await {
            container.remove().await;
            return Exit::not_started(reason);
        }
        if around.is_killed() {
            container.remove().await;
            return Exit::with_code(137);
        }
        let ended = match container.start() {
            Ok(mut attached) => {
                let output = Output::of(&mut attached, around.logs(), &start.log_stream_name);
                around.started(start);
                let ended = container.end(&mut attached, &mut around).await;
                output.read_to_the_end().await;
                ended
            }
            Err(error) => Err(error),
        };
        let exit = match ended {
            Ok(()) => container.exit().await,
            Err(error) => not_started(&error.to_string()),
        };
        container.remove().await;
        exit
    }
}

fn not_started(cause: &str) -> Exit {
    Exit::not_started(format!(
        "CannotStartContainerError: Error response from daemon: {cause}"
    ))
}

/// A container that may be there. However this value ends, it is gone.
#[derive(Debug)]
struct Container {
    docker: Vec<String>,
    name: String,
    is_there: bool,
}

impl Container {
    fn named(docker: Vec<String>, name: String) -> Self {
        Self {
            docker,
            name,
            is_there: true,
        }
    }

    /// Makes the container, fetching its image where it is missing. Fails with the reason in the
    /// words of ECS.
    async fn create(&self, executor: &ContainerExecutor, start: &Start) -> Result<(), String> {
        let variables = start.environment.iter();
        let variables = variables.map(|v| format!("--env={}={}", v.name, v.value));
        let captured = self
            .command("create")
            .arg(format!("--name={}", self.name))
            .arg("--add-host=host.docker.internal:host-gateway")
            .args(variables)
            .args(&executor.arguments)
            .arg(&*start.image)
            .args(executor.program.iter().chain(start.command.iter()))
            .output()
            .await
            .map_err(|error| format!("ResourceInitializationError: docker: {error}"))?;
        if captured.status.success() {
            return Ok(());
        }
        let words = last_line(&captured);
        // Said before an image is fetched: it is what failed then.
        let had_to_fetch = text(&captured).contains("Unable to find image");
        let code = if had_to_fetch {
            "CannotPullContainerError"
        } else {
            "CannotCreateContainerError"
        };
        Err(format!("{code}: {words}"))
    }

    /// Starts it. What is returned ends with it and has its output.
    fn start(&self) -> io::Result<Child> {
        self.command("start")
            .args(["--attach", &self.name])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
    }

    async fn end(&self, attached: &mut Child, around: &mut Surroundings) -> io::Result<()> {
        for (order, signal) in [(Order::Terminate, "TERM"), (Order::Kill, "KILL")] {
            tokio::select! {
                ended = attached.wait() => return ended.map(drop),
                () = around.told(order) => self.signal(signal).await,
            }
        }
        attached.wait().await.map(drop)
    }

    async fn signal(&self, signal: &str) {
        let mut kill = self.command("kill");
        // Where it has ended meanwhile, there is nothing to do.
        let _ = kill.args(["--signal", signal, &self.name]).output().await;
    }

    /// How it ended, by the engine's own books.
    async fn exit(&self) -> Exit {
        const FORMAT: &str = "{{.State.ExitCode}} {{.State.OOMKilled}} {{.State.Error}}";
        let mut inspect = self.command("inspect");
        let captured = inspect
            .args(["--format", FORMAT, &self.name])
            .output()
            .await;
        let captured = match captured {
            Ok(captured) => captured,
            Err(error) => return not_started(&error.to_string()),
        };
        let told = String::from_utf8_lossy(&captured.stdout);
        let mut words = told.trim().splitn(3, ' ');
        let code = words.next().and_then(|code| code.parse().ok());
        let out_of_memory = words.next() == Some("true");
        let error = words.next().unwrap_or_default();
        match code {
            Some(_) if !error.is_empty() => not_started(error),
            Some(_) if out_of_memory => Exit::out_of_memory(),
            Some(code) => Exit::with_code(code),
            None => not_started(&last_line(&captured)),
        }
    }

    async fn remove(&mut self) {
        let removed = self
            .command("rm")
            .args(["--force", &self.name])
            .output()
            .await;
        self.is_there = removed.is_err();
    }

    fn command(&self, action: &str) -> Command {
        let mut words = self.docker.iter();
        // Without any word there is no such program, which its first use tells.
        let mut command = Command::new(words.next().map_or("", String::as_str));
        command.args(words).arg(action);
        command
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        if self.is_there {
            let mut remove = self.command("rm");
            remove.args(["--force", &self.name]);
            // Where it was never made, there is nothing to do.
            let _ = remove
                .as_std_mut()
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .status();
        }
    }
}

fn text(captured: &Captured) -> String {
    String::from_utf8_lossy(&captured.stderr).into_owned()
}

fn last_line(captured: &Captured) -> String {
    let words = text(captured);
    words.trim().lines().last().unwrap_or_default().to_owned()
}
