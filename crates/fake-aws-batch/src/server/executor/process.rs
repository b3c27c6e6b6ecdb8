//! Attempts as processes of this machine.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};

use rustix::process::{Pid, Signal};
use tokio::process::{Child, Command};

use super::output::Output;
use super::{Order, Surroundings, relatives};
use crate::{Exit, Start};

/// Variables of the fake's own environment that programs get.
const INHERITED: [&str; 4] = ["HOME", "LANG", "PATH", "TMPDIR"];

/// Runs each attempt as a local process, in a process group of its own.
///
/// It gets the job's environment, `PATH`, `HOME`, `LANG` and `TMPDIR` of the fake, and
/// `FAKE_AWS_BATCH_ATTEMPT`; nothing on standard input; and the fake's working folder. Images are not looked at. When it ends, all that
/// it has started ends with it, as in a container.
#[derive(Clone, Debug, Default)]
pub struct ProcessExecutor {
    /// Run for every job, with the job's command as further arguments. Without one, the job's
    /// command is run as it is.
    pub program: Vec<String>,
}

impl ProcessExecutor {
    pub(in crate::server) async fn run(&self, start: &Start, around: Surroundings) -> Exit {
        let words: Vec<&String> = self.program.iter().chain(start.command.iter()).collect();
        let Some((program, arguments)) = words.split_first() else {
            return not_started("neither the job nor its definition has a command");
        };
        let environment = start.environment.iter();
        let mark = around.name_of(start);
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env_clear()
            .envs(inherited())
            .envs(environment.map(|variable| (&variable.name, &variable.value)))
            .env(relatives::MARK, &mark)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        if around.is_killed() {
            return Exit::with_code(137);
        }
        match command.spawn() {
            Ok(child) => Attempt::new(child, mark).end(start, around).await,
            Err(error) => not_started(&format!("exec: \"{program}\": {error}")),
        }
    }
}

fn not_started(cause: &str) -> Exit {
    Exit::not_started(format!("CannotStartContainerError: {cause}"))
}

fn inherited() -> impl Iterator<Item = (&'static str, std::ffi::OsString)> {
    #[expect(
        clippy::disallowed_methods,
        reason = "a program is looked for where whoever started the fake would look"
    )]
    INHERITED
        .into_iter()
        .filter_map(|name| Some((name, std::env::var_os(name)?)))
}

/// A process that runs. However this value ends, nothing of the attempt runs on.
#[derive(Debug)]
struct Attempt {
    child: Child,
    group: Option<Pid>,
    mark: String,
}

impl Attempt {
    fn new(child: Child, mark: String) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self {
            child,
            group: id.and_then(Pid::from_raw),
            mark,
        }
    }

    async fn end(mut self, start: &Start, mut around: Surroundings) -> Exit {
        let output = Output::of(&mut self.child, around.logs(), &start.log_stream_name);
        around.started(start);
        let ended = tokio::select! {
            ended = self.child.wait() => ended,
            () = around.told(Order::Terminate) => self.stop(&mut around).await,
        };
        // The number of the group may be another's by now; what is left of it bears the mark.
        self.kill_relatives().await;
        output.read_to_the_end().await;
        match ended {
            Ok(status) => Exit::with_code(exit_code(status)),
            Err(error) => not_started(&format!("its end was not seen: {error}")),
        }
    }

    async fn stop(&mut self, around: &mut Surroundings) -> std::io::Result<ExitStatus> {
        self.signal(Signal::TERM);
        tokio::select! {
            ended = self.child.wait() => return ended,
            () = around.told(Order::Kill) => {}
        }
        self.kill_relatives().await;
        self.signal(Signal::KILL);
        self.child.wait().await
    }

    /// Before the program itself: once their parent is gone, they are nobody's.
    async fn kill_relatives(&self) {
        let mark = self.mark.clone();
        let looked = tokio::task::spawn_blocking(move || relatives::kill(&mark));
        // It fails where the whole fake ends, which kills them too.
        let _ = looked.await;
    }

    /// To the whole group, which is there as long as its first process is not waited for.
    fn signal(&self, signal: Signal) {
        if let Some(group) = self.group {
            // It may have ended meanwhile.
            let _ = rustix::process::kill_process_group(group, signal);
        }
    }
}

impl Drop for Attempt {
    fn drop(&mut self) {
        // Once it was waited for, its number may be another's.
        if self.child.id().is_some() {
            relatives::kill(&self.mark);
            self.signal(Signal::KILL);
        }
    }
}

/// As Docker counts it: a signal is 128 and its number.
fn exit_code(status: ExitStatus) -> i32 {
    let by_signal = || Some(128 + status.signal()?);
    status.code().or_else(by_signal).unwrap_or(1)
}
