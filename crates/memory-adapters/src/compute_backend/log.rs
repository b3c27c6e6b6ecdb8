//! What the programs wrote.

use batchway_domain::Timestamp;
use batchway_domain::ports::{LogCursor, LogError, LogLine, LogPage, LogPosition};

use super::job::MemoryJob;

impl MemoryJob {
    pub(super) fn write(&mut self, line: &str, now: Timestamp) {
        if self.has_ended() {
            return;
        }
        let log = self.logs.last_mut();
        log.expect("only a program that ran can write")
            .push(LogLine {
                at: Some(now),
                text: line.to_owned(),
            });
    }

    /// A place in a log is the number of lines before it, and is good for that log alone.
    pub(super) fn page_of_log(
        &self,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        let index = usize::try_from(attempt).ok().and_then(|n| n.checked_sub(1));
        let log = index.and_then(|index| self.logs.get(index));
        let log = log.ok_or_else(|| no_log("there was no such attempt"))?;
        let prefix = format!("{}/{attempt}:", self.description.id);
        let begin = match from {
            LogPosition::Start => 0,
            LogPosition::Tail => log.len().saturating_sub(limit),
            LogPosition::After(LogCursor(cursor)) => cursor
                .strip_prefix(&prefix)
                .and_then(|lines| lines.parse().ok())
                .filter(|lines| *lines <= log.len())
                .ok_or(LogError::InvalidCursor)?,
        };
        let lines: Vec<LogLine> = log[begin..].iter().take(limit).cloned().collect();
        let next = LogCursor(format!("{prefix}{}", begin + lines.len()));
        Ok(LogPage { lines, next })
    }
}

pub(super) fn no_log(reason: &str) -> LogError {
    LogError::NoLog {
        reason: reason.to_owned(),
    }
}
