//! The helper: a process that puts itself under the limits and then becomes the program. So no
//! code has to run between fork and exec.

use std::ffi::OsString;
use std::fs;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::PathBuf;
use std::process::Command;

use rustix::process::{
    Resource, Rlimit, Signal, getppid, set_parent_process_death_signal, setrlimit,
};

/// Where memory is short, the kernel rather ends the program than the runner.
const OOM_SCORE_ADJUSTMENT: &str = "500";

/// What the helper does before it becomes the program.
#[derive(Debug, clap::Args)]
pub struct ExecLimited {
    /// Ends the program when this process, its parent, ends
    #[arg(long)]
    parent: i32,
    /// Puts itself into this control group
    #[arg(long)]
    control_group: Vec<PathBuf>,
    /// Limits the writable memory of each process
    #[arg(long)]
    data_bytes: Option<u64>,
    /// Writes here why the program could not be started
    #[arg(long)]
    failure_file: PathBuf,
    /// The program and its arguments
    #[arg(last = true, required = true)]
    command: Vec<OsString>,
}

impl ExecLimited {
    /// Becomes the program. Returns only where that fails; why, is in the file.
    pub fn run(self) {
        let sentence = match self.limit() {
            Err(error) => format!("The limits of the program could not be set: {error}."),
            Ok(()) => {
                let program = &self.command[0];
                let error = Command::new(program).args(&self.command[1..]).exec();
                format!(
                    "The program {} could not be started: {error}.",
                    program.display()
                )
            }
        };
        // Where not even this can be written, the exit status says that it was not the program.
        let _ = fs::write(&self.failure_file, sentence);
    }

    fn limit(&self) -> io::Result<()> {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The parent may have ended before that.
        if getppid().map(|pid| pid.as_raw_pid()) != Some(self.parent) {
            return Err(io::Error::other("the runner is gone"));
        }
        for group in &self.control_group {
            fs::write(group.join("cgroup.procs"), "0")?;
        }
        limit(Resource::Core, 0)?;
        if let Some(bytes) = self.data_bytes {
            limit(Resource::Data, bytes)?;
        }
        // Not in every container.
        let _ = fs::write("/proc/self/oom_score_adj", OOM_SCORE_ADJUSTMENT);
        Ok(())
    }
}

fn limit(resource: Resource, value: u64) -> io::Result<()> {
    let limit = Rlimit {
        current: Some(value),
        maximum: Some(value),
    };
    Ok(setrlimit(resource, limit)?)
}
