//! From what a program writes to its log stream, line by line.

use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::process::Child;
use tokio::task::JoinSet;

use crate::server::log_streams::LogStreams;

/// The longest event of CloudWatch Logs; a longer line becomes several.
const LONGEST_LINE: u64 = 262_144 - 26;

/// For what was written before the end and is not read yet. A program that left another behind
/// holding its pipe is not waited for.
const REST: Duration = Duration::from_secs(1);

/// Standard output and standard error of one program.
#[derive(Debug)]
pub(super) struct Output(JoinSet<()>);

impl Output {
    /// Takes the pipes of a program that was just started.
    pub(super) fn of(child: &mut Child, logs: &Arc<LogStreams>, stream: &str) -> Self {
        let mut readers = JoinSet::new();
        if let Some(pipe) = child.stdout.take() {
            readers.spawn(copy(pipe, logs.clone(), stream.to_owned()));
        }
        if let Some(pipe) = child.stderr.take() {
            readers.spawn(copy(pipe, logs.clone(), stream.to_owned()));
        }
        Self(readers)
    }

    /// Waits until all is read that the program wrote.
    pub(super) async fn read_to_the_end(mut self) {
        let all = async { while self.0.join_next().await.is_some() {} };
        // What is late is lost, as it may be with the real one.
        let _ = tokio::time::timeout(REST, all).await;
    }
}

async fn copy(pipe: impl AsyncRead + Unpin, logs: Arc<LogStreams>, stream: String) {
    let mut pipe = BufReader::new(pipe);
    while let Some(line) = next_line(&mut pipe).await {
        logs.append(&stream, line);
    }
}

/// `None` at the end. A last line may lack its line feed.
async fn next_line(pipe: &mut (impl AsyncBufRead + Unpin)) -> Option<String> {
    let mut line = Vec::new();
    let read = pipe.take(LONGEST_LINE).read_until(b'\n', &mut line).await;
    if read.ok()? == 0 {
        return None;
    }
    while line
        .last()
        .is_some_and(|byte| matches!(byte, b'\n' | b'\r'))
    {
        line.pop();
    }
    Some(String::from_utf8_lossy(&line).into_owned())
}
