//! The program: started under its limits, watched, ended with all that descends from it.

use std::future;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::artifacts::ProgramEnd;
use batchway_domain::ports::Clock;
use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until};

use crate::configuration::Configuration;
use crate::limits::Limits;
use crate::output::{OutputPipes, SharedLog};
use crate::process_tree;
use crate::stopping::StopSignal;
use crate::workspace::Workspace;

/// Between two looks at the memory.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// So many looks apart, orphans that have ended are taken note of.
const LOOKS_PER_REAPING: u32 = 50;

/// A program that runs.
#[derive(Debug)]
pub(crate) struct Program {
    child: Child,
    pid: Pid,
    pipes: OutputPipes,
    pub(crate) started_at: Timestamp,
}

/// How a program ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) end: ProgramEnd,
    pub(crate) stopped_at: Timestamp,
    /// Whether none of its processes is left.
    pub(crate) is_gone: bool,
}

impl Program {
    /// Starts it. Must be called by the main thread: the program is killed when the thread that
    /// started it ends.
    pub(crate) fn start(
        configuration: &Configuration,
        workspace: &Workspace,
        limits: &Limits,
        log: &SharedLog,
        clock: &dyn Clock,
    ) -> io::Result<Self> {
        let mut command = Command::new(&configuration.helper);
        command
            .arg0("batchway-runner")
            .arg("exec-limited")
            .arg("--parent")
            .arg(rustix::process::getpid().as_raw_pid().to_string())
            .arg("--failure-file")
            .arg(workspace.start_failure())
            .args(limits.helper_arguments())
            .arg("--")
            .args(&configuration.command)
            .env_clear()
            .envs(workspace.environment(configuration)?)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        if let Some(folder) = workspace.working_directory() {
            command.current_dir(folder);
        }
        let started_at = clock.now();
        let mut child = command.spawn()?;
        let pid = child
            .id()
            .and_then(|pid| Pid::from_raw(pid.try_into().ok()?))
            .expect("a child that was not waited for has a number above 0");
        let pipes = OutputPipes::read(&mut child, log, configuration.passes_output_on);
        Ok(Self {
            child,
            pid,
            pipes,
            started_at,
        })
    }

    pub(crate) fn pid(&self) -> i32 {
        self.pid.as_raw_pid()
    }

    /// Waits for its end, or brings it about: when told to, when its time is over, when it takes
    /// too much memory. Nothing that it started is left running.
    pub(crate) async fn until_end(
        mut self,
        configuration: &Configuration,
        limits: &Limits,
        stop: &mut StopSignal,
        clock: &dyn Clock,
    ) -> Ended {
        let cause = self.until_ended_or_cause(configuration, limits, stop).await;
        let end = match cause {
            Ok(status) => end_of(status, limits.were_out_of_memory()),
            Err(end) => {
                self.bring_down(end, configuration.stop_grace).await;
                end
            }
        };
        let stopped_at = clock.now();
        let is_gone = process_tree::kill_descendants().await;
        self.pipes.finish().await;
        Ended {
            end,
            stopped_at,
            is_gone,
        }
    }

    /// Its exit status where it ends by itself, otherwise why it has to end.
    async fn until_ended_or_cause(
        &mut self,
        configuration: &Configuration,
        limits: &Limits,
        stop: &mut StopSignal,
    ) -> Result<ExitStatus, ProgramEnd> {
        let timeout = async {
            match configuration.timeout {
                Some(limit) => {
                    tokio::time::sleep(limit).await;
                    limit
                }
                None => future::pending().await,
            }
        };
        let pid = self.pid;
        tokio::select! {
            biased;
            // What can't be waited for counts as killed, and is.
            status = self.child.wait() => status.map_err(|_| ProgramEnd::Signalled {
                signal: Signal::KILL.as_raw(),
            }),
            () = until_out_of_memory(limits, pid) => Err(ProgramEnd::OutOfMemory),
            _ = stop.stopped() => Err(ProgramEnd::Stopped),
            limit = timeout => Err(ProgramEnd::TimedOut { limit }),
        }
    }

    /// `SIGTERM`, time to end well, `SIGKILL`. What is out of memory gets no time.
    async fn bring_down(&mut self, cause: ProgramEnd, grace: Duration) {
        if cause != ProgramEnd::OutOfMemory {
            let until = Instant::now() + grace;
            // Until it is waited for, its number is its own.
            let _ = kill_process_group(self.pid, Signal::TERM);
            tokio::select! {
                biased;
                _ = self.child.wait() => return,
                () = sleep_until(until) => {}
            }
        }
        let _ = kill_process_group(self.pid, Signal::KILL);
        let _ = self.child.wait().await;
    }
}

/// Looks at the memory again and again.
async fn until_out_of_memory(limits: &Limits, program: Pid) {
    for look in 1_u32.. {
        tokio::time::sleep(LOOK_EVERY).await;
        if limits.is_out_of_memory() {
            return;
        }
        if look.is_multiple_of(LOOKS_PER_REAPING) {
            process_tree::reap_orphans(Some(program));
        }
    }
}

fn end_of(status: ExitStatus, was_out_of_memory: bool) -> ProgramEnd {
    match (status.code(), status.signal()) {
        (Some(0), _) => ProgramEnd::Exited { code: 0 },
        _ if was_out_of_memory => ProgramEnd::OutOfMemory,
        (Some(code), _) => ProgramEnd::Exited { code },
        (None, signal) => ProgramEnd::Signalled {
            signal: signal.unwrap_or_default(),
        },
    }
}
