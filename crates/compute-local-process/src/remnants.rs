//! What a program leaves running when its runner was killed.

use std::fs;
use std::path::Path;
use std::time::Duration;

use batchway_domain::job::BackendId;
use batchway_domain::runner::run_folder::{ProgramRecord, RunnerRecord};
use batchway_domain::runner::variables;
use rustix::process::Signal;

use crate::process::{self, ProcessStatus};

/// How long killed processes may take to be gone. What hangs in the kernel takes longer.
const GONE_WITHIN: Duration = Duration::from_secs(5);

/// By what the processes of a run are known.
#[derive(Debug)]
pub(crate) struct Remnants {
    /// The runner's; the program is in it unless it left.
    session: i32,
    /// The runner's; the program is younger.
    runner_start_time: u64,
    /// In the environment of everything that the program started, unless it took care.
    mark: Vec<u8>,
    control_groups: Vec<String>,
}

impl Remnants {
    /// Of a run of the present boot.
    pub(crate) fn new(
        id: &BackendId,
        runner: &RunnerRecord,
        program: Option<&ProgramRecord>,
    ) -> Self {
        Self {
            session: runner.session,
            runner_start_time: runner.process.start_time,
            mark: format!("{}={id}", variables::BACKEND_ID).into_bytes(),
            control_groups: program.map_or_else(Vec::new, |record| record.control_groups.clone()),
        }
    }

    /// Kills them and all that they start meanwhile. Says whether none is left.
    pub(crate) async fn end(&self) -> bool {
        let ending = async {
            while self.kill_all() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
            self.remove_control_groups().await;
        };
        tokio::time::timeout(GONE_WITHIN, ending).await.is_ok()
    }

    /// Says whether there were any.
    fn kill_all(&self) -> bool {
        let grouped = self.grouped();
        // Session 0 is what those are in whose session began outside this PID namespace.
        let is_session_taken = self.session == 0 || ProcessStatus::of(self.session).is_some();
        let mut any = false;
        for status in process::all().filter(|status| !status.is_zombie) {
            let in_session = status.session == self.session && !is_session_taken;
            let is_ours = status.identity.start_time >= self.runner_start_time
                && (in_session || self.is_marked(status.identity.pid));
            if is_ours || grouped.contains(&status.identity.pid) {
                any = true;
                process::signal(status.identity, Signal::KILL);
            }
        }
        any
    }

    fn grouped(&self) -> Vec<i32> {
        let members = |group: &String| fs::read_to_string(Path::new(group).join("cgroup.procs"));
        self.control_groups
            .iter()
            .filter_map(|group| members(group).ok())
            .flat_map(|pids| {
                let pids = pids.lines().map(str::parse);
                pids.flatten().collect::<Vec<i32>>()
            })
            .collect()
    }

    fn is_marked(&self, pid: i32) -> bool {
        fs::read(format!("/proc/{pid}/environ")).is_ok_and(|environment| {
            environment
                .split(|byte| *byte == 0)
                .any(|variable| variable == self.mark)
        })
    }

    async fn remove_control_groups(&self) {
        for group in &self.control_groups {
            // The kernel may need a moment to see that it is empty.
            while Path::new(group).exists() && fs::remove_dir(group).is_err() {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        }
    }
}
