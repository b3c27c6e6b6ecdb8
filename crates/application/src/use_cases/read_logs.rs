//! What the programs of a job wrote.

use batchway_domain::Timestamp;
use batchway_domain::diagnosis::LastLines;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, NumberedAttempt};
use batchway_domain::ports::{LogCursor, LogError, LogLine, LogPosition};
use batchway_domain::security::KeyDigest;

use crate::archived_logs::{ArchivePlace, PAGE_BYTES};
use crate::calls::{Calls, Reader};
use crate::log_cursor::{BackendPlace, LogPlace, Spot};
use crate::{Application, RequestError};

/// The most lines of a page.
pub const MAX_LOG_LINES: usize = 1000;

/// What of a job's logs to read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LogRequest {
    /// Which attempt, counted from 1; `None` for the last one, or the cursor's.
    pub attempt: Option<u32>,
    /// From where.
    pub from: LogStart,
}

/// Where a page begins.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LogStart {
    /// With the first line.
    #[default]
    Beginning,
    /// So many lines before the end, at most [`MAX_LOG_LINES`].
    Tail(usize),
    /// After the page that gave this cursor.
    After(String),
}

/// A page of the log of one attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogView {
    /// The job.
    pub job_id: JobId,
    /// Which attempt, counted from 1.
    pub attempt: u32,
    /// Where it was read; `None` where there is no log.
    pub source: Option<LogSource>,
    /// Oldest first.
    pub lines: Vec<LogLine>,
    /// Where to read on; `None` where nothing will come any more.
    pub next_cursor: Option<String>,
    /// Why there is nothing, where that is known.
    pub reason: Option<String>,
}

/// Where a log was read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogSource {
    /// Where the program runs, or ran.
    Backend,
    /// Beside the job's artifacts.
    Archive,
}

/// A part of a log, before it is shown.
#[derive(Default)]
struct Part {
    source: Option<LogSource>,
    lines: Vec<LogLine>,
    /// Where to read on; `None` at the end of what will ever be.
    next: Option<Spot>,
    reason: Option<String>,
}

impl Part {
    fn nothing(reason: impl Into<String>, next: Option<Spot>) -> Self {
        Self {
            reason: Some(reason.into()),
            next,
            ..Self::default()
        }
    }
}

/// Where to begin.
enum Origin {
    Spot(Spot),
    Tail(usize),
}

impl Application {
    /// A page of what one attempt of a job wrote. Who follows `next_cursor` gets every line once,
    /// also where the log is archived meanwhile.
    ///
    /// # Errors
    /// [`RequestError::JobNotFound`]; [`RequestError::AttemptNotFound`];
    /// [`RequestError::InvalidCursor`]; [`RequestError::BackendUnavailable`];
    /// [`RequestError::ArtifactStoreUnavailable`].
    pub async fn read_logs(
        &self,
        key: &KeyDigest,
        id: &str,
        request: LogRequest,
    ) -> Result<LogView, RequestError> {
        let job = self.find_own(key, id).await?;
        let last = u32::try_from(job.attempts.len()).unwrap_or(u32::MAX);
        let (number, from) = match request.from {
            LogStart::After(cursor) => {
                let secrets = &self.settings().secrets;
                let place = LogPlace::open(&cursor, &job.id, secrets)
                    .filter(|place| request.attempt.is_none_or(|asked| asked == place.attempt))
                    .ok_or(RequestError::InvalidCursor)?;
                (place.attempt, Origin::Spot(place.spot))
            }
            LogStart::Beginning => (
                request.attempt.unwrap_or(last.max(1)),
                Origin::Spot(Spot::Start),
            ),
            LogStart::Tail(lines) => (request.attempt.unwrap_or(last.max(1)), Origin::Tail(lines)),
        };
        let part = match job.numbered_attempts().find(|one| one.number == number) {
            Some(attempt) => self.read_log_of(&job, attempt, from).await?,
            None => not_begun(&job, number, last)?,
        };
        let cursor = |spot| {
            let attempt = number;
            LogPlace { attempt, spot }.seal(&job.id, &self.settings().secrets)
        };
        Ok(LogView {
            attempt: number,
            source: part.source,
            lines: part.lines,
            next_cursor: part.next.map(cursor),
            reason: part.reason,
            job_id: job.id,
        })
    }

    /// The end of what the job's last attempt wrote, each line cut to what a person reads of it.
    pub(super) async fn end_of_log(
        &self,
        job: &Job,
        lines: usize,
    ) -> Result<LastLines, RequestError> {
        let (attempt, part) = match job.numbered_attempts().last() {
            Some(last) => {
                let read = self.read_log_of(job, last, Origin::Tail(lines)).await?;
                (Some(last.number), read)
            }
            None => (None, not_begun(job, 1, 0)?),
        };
        let nothing = "The program has written nothing so far.".to_owned();
        let reason = part
            .lines
            .is_empty()
            .then(|| part.reason.unwrap_or(nothing));
        Ok(LastLines {
            attempt,
            lines: part.lines.into_iter().map(shortened).collect(),
            reason,
        })
    }

    async fn read_log_of(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
        from: Origin,
    ) -> Result<Part, RequestError> {
        let (place, position, limit) = match from {
            Origin::Spot(Spot::Archive(offset)) => {
                let place = ArchivePlace::Offset(offset);
                let archived = self.archived_part(job, attempt, place).await?;
                let gone = || Part::nothing("The archived log is no longer there.", None);
                return Ok(archived.unwrap_or_else(gone));
            }
            Origin::Spot(Spot::Backend(place)) => {
                return self.read_on_at_backend(job, attempt, place).await;
            }
            Origin::Spot(Spot::Start) => (ArchivePlace::Line(0), LogPosition::Start, MAX_LOG_LINES),
            Origin::Tail(lines) => (ArchivePlace::Tail(lines), LogPosition::Tail, lines),
        };
        if let Some(part) = self.archived_part(job, attempt, place).await? {
            return Ok(part);
        }
        let lines_before = (position == LogPosition::Start).then_some(0);
        let part = self.backend_part(job, attempt, position, lines_before, limit);
        part.await
            .or_else(|error| self.without_log(job, attempt, error))
    }

    /// Reads on where a page of the backend ended: there, as long as it gives the log, and then in
    /// the archive, by the number of lines before.
    async fn read_on_at_backend(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
        place: BackendPlace,
    ) -> Result<Part, RequestError> {
        let from = LogPosition::After(LogCursor(place.cursor.clone()));
        let lines = place.lines;
        let part = self.backend_part(job, attempt, from, lines, MAX_LOG_LINES);
        let error = match part.await {
            Ok(part) => return Ok(part),
            Err(error) => error,
        };
        if let Some(lines) = lines {
            let place = ArchivePlace::Line(lines);
            if let Some(part) = self.archived_part(job, attempt, place).await? {
                return Ok(part);
            }
        }
        match error {
            LogError::NoLog { reason } if !is_archived(job) => {
                Ok(Part::nothing(no_log(&reason), Some(Spot::Backend(place))))
            }
            LogError::NoLog { reason } if lines.is_some() => {
                Ok(Part::nothing(no_log(&reason), None))
            }
            LogError::NoLog { .. } | LogError::InvalidCursor => Err(RequestError::InvalidCursor),
            LogError::Backend(error) => Err(RequestError::BackendUnavailable(error)),
        }
    }

    /// A page of the archived log, where one is there.
    async fn archived_part(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
        place: ArchivePlace,
    ) -> Result<Option<Part>, RequestError> {
        // Before that, some attempts may be there, and others not.
        if !is_archived(job) {
            return Ok(None);
        }
        let key = job.folder().log(attempt.attempt.try_number, attempt.of_try);
        let page = self.archived_page(&key, place, MAX_LOG_LINES).await?;
        Ok(page.map(|page| {
            let is_empty = page.lines.is_empty() && place == ArchivePlace::Line(0);
            Part {
                source: Some(LogSource::Archive),
                lines: page.lines,
                next: page.next.map(Spot::Archive),
                reason: is_empty.then(|| "The program wrote nothing.".to_owned()),
            }
        }))
    }

    /// A page at the backend. Of a program that has ended as much as makes a page, so that it is
    /// known whether there is more; of one that runs what one call gives.
    async fn backend_part(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
        from: LogPosition,
        lines_before: Option<u64>,
        limit: usize,
    ) -> Result<Part, LogError> {
        let calls = self.calls_that_read(job)?;
        let (copy, number) = (&attempt.attempt.backend_id, attempt.of_copy);
        let will_write_no_more = self.is_whole(job, attempt);
        let is_tail = from == LogPosition::Tail;
        let mut page = calls
            .read_log(Reader::Caller, copy, number, from, limit)
            .await?;
        let mut lines = page.lines;
        let mut is_at_end = lines.is_empty() || is_tail;
        let mut bytes: usize = lines.iter().map(|line| line.text.len()).sum();
        while will_write_no_more && !is_at_end && lines.len() < limit && bytes < PAGE_BYTES {
            let after = LogPosition::After(page.next.clone());
            let more = calls.read_log(Reader::Caller, copy, number, after, limit - lines.len());
            // What is here already is worth more than that the rest can't be had.
            let Ok(more) = more.await else { break };
            page = more;
            is_at_end = page.lines.is_empty();
            bytes += page.lines.iter().map(|line| line.text.len()).sum::<usize>();
            lines.append(&mut page.lines);
        }
        let is_complete = is_at_end && will_write_no_more;
        let is_empty = lines.is_empty() && lines_before == Some(0);
        let reason = match (is_empty, is_complete) {
            (true, true) => Some("The program wrote nothing.".to_owned()),
            (true, false) => Some("The program has written nothing so far.".to_owned()),
            (false, _) => None,
        };
        let lines_before = lines_before.map(|before| before + lines.len() as u64);
        let next = (!is_complete).then(|| {
            let LogCursor(cursor) = page.next;
            let lines = lines_before;
            Spot::Backend(BackendPlace { cursor, lines })
        });
        Ok(Part {
            source: Some(LogSource::Backend),
            lines,
            next,
            reason,
        })
    }

    /// The backend, where its logs can be read from here.
    fn calls_that_read(&self, job: &Job) -> Result<&Calls, LogError> {
        let no_log = |reason: String| LogError::NoLog { reason };
        let calls = self.calls_to(&job.backend).ok_or_else(|| {
            no_log(format!(
                "the gateway has no backend {} any more",
                job.backend
            ))
        })?;
        if !calls.looks_after(job.current_try.target.as_ref()) {
            let reason = "it lies where the job was sent, out of this gateway's reach, until it is \
                          archived after the job's end";
            return Err(no_log(reason.to_owned()));
        }
        Ok(calls)
    }

    /// Why there is no log at the backend, and none in the archive.
    fn without_log(
        &self,
        job: &Job,
        attempt: NumberedAttempt<'_>,
        error: LogError,
    ) -> Result<Part, RequestError> {
        let reason = match error {
            LogError::NoLog { reason } => no_log(&reason),
            LogError::InvalidCursor => return Err(RequestError::InvalidCursor),
            LogError::Backend(error) => return Err(RequestError::BackendUnavailable(error)),
        };
        let patience = self.rules_of(job).settlement.log_patience();
        let is_late = ended_at(job, attempt).is_some_and(|at| self.now().since(at) >= patience);
        let will_never_come = if job.status().is_terminal() {
            is_archived(job)
        } else {
            is_late
        };
        let next = (!will_never_come).then_some(Spot::Start);
        Ok(Part::nothing(reason, next))
    }

    /// Whether the program has ended, and all that it wrote has come in.
    fn is_whole(&self, job: &Job, attempt: NumberedAttempt<'_>) -> bool {
        let delay = self.rules_of(job).settlement.log_delay();
        ended_at(job, attempt).is_some_and(|at| self.now().since(at) >= delay)
    }
}

/// Whether its logs lie in the archive, as far as they could be had.
fn is_archived(job: &Job) -> bool {
    job.status().is_terminal() && job.archive_logs_at.is_none()
}

/// A line cut to what is shown of it among the last ones.
fn shortened(mut line: LogLine) -> LogLine {
    if line.text.len() > LastLines::MOST_BYTES {
        let end = line
            .text
            .floor_char_boundary(LastLines::MOST_BYTES - '…'.len_utf8());
        line.text.truncate(end);
        line.text.push('…');
    }
    line
}

fn no_log(reason: &str) -> String {
    format!("There is no log: {reason}.")
}

/// When an attempt ended, as far as that was seen; at the latest when what followed began.
fn ended_at(job: &Job, attempt: NumberedAttempt<'_>) -> Option<Timestamp> {
    let is_last = attempt.number as usize == job.attempts.len();
    let followed_at = (!is_last).then_some(job.state_since);
    attempt
        .attempt
        .stopped_at
        .or(job.completed_at)
        .or(followed_at)
}

/// What is said of an attempt that there is not, or not yet.
fn not_begun(job: &Job, number: u32, last: u32) -> Result<Part, RequestError> {
    let is_next = number == last.saturating_add(1);
    match (is_next, job.status().is_terminal()) {
        (true, false) if last == 0 => Ok(Part::nothing(
            "The job's program has not been started yet.",
            Some(Spot::Start),
        )),
        (true, false) => Ok(Part::nothing(
            format!("Attempt {number} has not begun, and need not come."),
            Some(Spot::Start),
        )),
        (true, true) if last == 0 => Ok(Part::nothing(
            "The job ended before its program was started.",
            None,
        )),
        _ => Err(RequestError::AttemptNotFound {
            attempt: number,
            attempts: last,
        }),
    }
}
