//! Logs: readable on a terminal, JSON elsewhere, always on standard error.

use std::io::IsTerminal;

use tracing_subscriber::EnvFilter;

use crate::failure::Failure;

/// Starts logging by a filter such as `info` or `batchway_application=debug,warn`.
pub(crate) fn start(filter: &str) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(filter).map_err(|error| {
        Failure::misconfigured(format!("BATCHWAY_LOG={filter:?} is not a filter: {error}"))
    })?;
    let logs = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // It would be told on standard error, and where that is closed every event would panic.
        .log_internal_errors(false);
    let started = if std::io::stderr().is_terminal() {
        logs.with_target(false).try_init()
    } else {
        logs.json()
            .flatten_event(true)
            .with_span_list(false)
            .try_init()
    };
    started.map_err(Failure::failed)
}
