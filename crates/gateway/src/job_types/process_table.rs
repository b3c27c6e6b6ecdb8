//! The table `process` of a job type.

use batchway_domain::job_type::ProcessExecution;
use bytesize::ByteSize;
use serde::Deserialize;

use super::values::{processors, size};

/// What is kept of a program's output where the file says nothing.
const DEFAULT_LOG: ByteSize = ByteSize::mib(16);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ProcessTable {
    command: Vec<String>,
    cpus: Option<f64>,
    memory: Option<String>,
    log: Option<String>,
}

impl ProcessTable {
    pub(super) fn into_execution(self) -> Result<ProcessExecution, String> {
        if self.command.first().is_none_or(String::is_empty) {
            return Err("process.command needs at least the program".to_owned());
        }
        let memory = size("process.memory", self.memory.as_deref())?;
        let log = size("process.log", self.log.as_deref())?;
        Ok(ProcessExecution {
            command: self.command,
            cpus: processors("process.cpus", self.cpus)?,
            memory_bytes: memory.map(|size| size.as_u64()),
            log_bytes: log.unwrap_or(DEFAULT_LOG).as_u64(),
        })
    }
}
