//! The program's standard output and error: read until their ends, kept in part, passed on.

use std::fs::File;
use std::io;
use std::os::fd::AsFd;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::output_log::{OutputLog, Stream};

/// How long the pipes may stay open after all processes of the program are gone.
const CLOSED_WITHIN: Duration = Duration::from_secs(5);

/// The log, which both pipes and the runner write to.
#[derive(Clone, Debug)]
pub(crate) struct SharedLog(Arc<Mutex<OutputLog>>);

impl SharedLog {
    pub(crate) fn new(log: OutputLog) -> Self {
        Self(Arc::new(Mutex::new(log)))
    }

    /// A panic elsewhere leaves the log as good as it was.
    pub(crate) fn lock(&self) -> MutexGuard<'_, OutputLog> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn note(&self, line: &str) {
        self.lock().note(line);
    }
}

/// The pipes being read.
#[derive(Debug)]
pub(crate) struct OutputPipes(JoinSet<()>);

impl OutputPipes {
    /// Reads both pipes of a program that was just started.
    pub(crate) fn read(program: &mut Child, log: &SharedLog, passes_on: bool) -> Self {
        let mut readers = JoinSet::new();
        if let Some(output) = program.stdout.take() {
            let target = passes_on.then(|| own(io::stdout())).flatten();
            readers.spawn(read(output, Stream::Output, log.clone(), target));
        }
        if let Some(errors) = program.stderr.take() {
            let target = passes_on.then(|| own(io::stderr())).flatten();
            readers.spawn(read(errors, Stream::Errors, log.clone(), target));
        }
        Self(readers)
    }

    /// Waits for their ends, though not for long.
    pub(crate) async fn finish(mut self) {
        let ends = async { while self.0.join_next().await.is_some() {} };
        // Dropped, what still reads ends.
        let _ = tokio::time::timeout(CLOSED_WITHIN, ends).await;
    }
}

/// A handle on the runner's own output that is never waited for by the runner's threads.
fn own(output: impl AsFd) -> Option<tokio::fs::File> {
    let handle = output.as_fd().try_clone_to_owned().ok()?;
    Some(tokio::fs::File::from_std(File::from(handle)))
}

async fn read(
    mut pipe: impl AsyncRead + Unpin,
    stream: Stream,
    log: SharedLog,
    mut target: Option<tokio::fs::File>,
) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(count @ 1..) = pipe.read(&mut buffer).await {
        let bytes = &buffer[..count];
        log.lock().write(stream, bytes);
        if let Some(open) = &mut target
            && (open.write_all(bytes).await.is_err() || open.flush().await.is_err())
        {
            // Nobody listens any more; the program's work goes on.
            target = None;
        }
    }
}
