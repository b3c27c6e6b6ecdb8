//! Reading what a program says, while its runner writes it and after.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;

use batchway_domain::ports::{LogCursor, LogError, LogPage, LogPosition};
use batchway_domain::runner::program_log::{Extent, LogLayout};
use batchway_domain::runner::run_folder::files;

use crate::log_lines::LogLines;
use crate::run::Run;

/// The most of a log that is read for one page.
const PAGE_BYTES: u64 = 1024 * 1024;

/// How much is read at a time.
const PIECE_BYTES: u64 = 64 * 1024;

/// Why a page can't be had.
#[derive(Debug)]
pub(crate) enum PageError {
    /// There is no log.
    NoLog,
    /// The offset is none of this log.
    InvalidCursor,
    /// It can't be read.
    Io(io::Error),
}

impl From<io::Error> for PageError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// One page of a run's log. Blocks.
pub(crate) fn page(run: &Run, from: &LogPosition, limit: usize) -> Result<LogPage, PageError> {
    let name = run.folder().file_name().unwrap_or_default();
    let prefix = format!("{}:", name.display());
    // Asked first: what is written after this answer is found complete. Its exit is the last that a
    // runner records, a moment before it is gone.
    let is_complete = run.has(files::EXIT) || !run.is_alive()?;
    let log = ProgramLog::open(run)?.ok_or(PageError::NoLog)?;
    let (lines, next) = match from {
        LogPosition::Start => log.page_from(0, limit, is_complete)?,
        LogPosition::Tail => log.tail(limit, is_complete)?,
        LogPosition::After(cursor) => {
            let offset = offset_of(cursor, &prefix).ok_or(PageError::InvalidCursor)?;
            log.page_from(offset, limit, is_complete)?
        }
    }
    .finish();
    let next = LogCursor(format!("{prefix}{next}"));
    Ok(LogPage { lines, next })
}

/// A cursor is an offset in the output, and the name of the run that it is good for.
fn offset_of(cursor: &LogCursor, prefix: &str) -> Option<u64> {
    let text = cursor.0.strip_prefix(prefix)?;
    let offset: u64 = text.parse().ok()?;
    (offset.to_string() == text).then_some(offset)
}

struct ProgramLog {
    file: File,
    layout: LogLayout,
}

/// Bytes of the output that lie in a row.
struct Stretch {
    start: u64,
    bytes: Vec<u8>,
}

impl ProgramLog {
    fn open(run: &Run) -> io::Result<Option<Self>> {
        let file = match File::open(run.folder().join(files::PROGRAM_LOG)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let layout = LogLayout::of_file(file.metadata()?.len());
        Ok(layout.map(|layout| Self { file, layout }))
    }

    fn extent(&self) -> io::Result<Extent> {
        let mut bytes = [0; Extent::BYTES];
        self.file
            .read_exact_at(&mut bytes, self.layout.capacity())?;
        Ok(Extent::decode(bytes))
    }

    /// Lines from an offset on.
    fn page_from(
        &self,
        offset: u64,
        limit: usize,
        is_complete: bool,
    ) -> Result<LogLines, PageError> {
        let mut lines = LogLines::from(offset, limit);
        let mut position = offset;
        while !lines.is_full() && position - offset < PAGE_BYTES {
            let end = self.extent()?.written;
            if position > end {
                return Err(PageError::InvalidCursor);
            }
            let oldest = self.layout.oldest(end);
            if (self.layout.head()..oldest).contains(&position) {
                lines.skip_to(oldest);
                position = oldest;
                continue;
            }
            if position == end {
                if is_complete {
                    lines.end_line();
                }
                break;
            }
            if let Some(stretch) = self.read(position, end)? {
                position += stretch.bytes.len() as u64;
                lines.push(&stretch.bytes);
            }
        }
        Ok(lines)
    }

    /// The last lines.
    fn tail(&self, limit: usize, is_complete: bool) -> io::Result<LogLines> {
        loop {
            let end = self.extent()?.written;
            let oldest = match self.layout.oldest(end) {
                oldest if oldest > self.layout.head() => oldest,
                _ => 0,
            };
            let window = end.saturating_sub(PAGE_BYTES).max(oldest);
            let mut stretch = Stretch {
                start: window,
                bytes: Vec::new(),
            };
            let mut position = window;
            while position < end {
                let Some(more) = self.read(position, end)? else {
                    break;
                };
                position += more.bytes.len() as u64;
                stretch.bytes.extend(more.bytes);
            }
            if position < end {
                // The writer has come round. There is a new end to look at.
                continue;
            }
            if window > 0 {
                stretch.drop_broken_line();
            }
            let mut lines = LogLines::last_from(stretch.start, limit);
            lines.push(&stretch.bytes);
            if is_complete {
                lines.end_line();
            }
            return Ok(lines);
        }
    }

    /// A piece of the output before `end`; `None` where it was written over meanwhile.
    fn read(&self, offset: u64, end: u64) -> io::Result<Option<Stretch>> {
        let (position, in_a_row) = self.layout.place(offset);
        let length = (end - offset).min(in_a_row).min(PIECE_BYTES);
        let mut bytes = vec![0; usize::try_from(length).unwrap_or(usize::MAX)];
        self.file.read_exact_at(&mut bytes, position)?;
        let is_sound =
            offset < self.layout.head() || offset >= self.layout.oldest(self.extent()?.reserved);
        Ok(is_sound.then_some(Stretch {
            start: offset,
            bytes,
        }))
    }
}

impl Stretch {
    /// Begins with the first line that is whole, where one is.
    fn drop_broken_line(&mut self) {
        let newline = self.bytes.iter().position(|byte| *byte == b'\n');
        if let Some(newline) = newline.filter(|at| at + 1 < self.bytes.len()) {
            self.bytes.drain(..=newline);
            self.start += newline as u64 + 1;
        }
    }
}

impl PageError {
    /// As the port says it, of the run with this id.
    pub(crate) fn of_port(self, unreadable: impl FnOnce(io::Error) -> LogError) -> LogError {
        match self {
            Self::NoLog => no_log("the program has not been started, or its log was not kept"),
            Self::InvalidCursor => LogError::InvalidCursor,
            Self::Io(error) => unreadable(error),
        }
    }
}

pub(crate) fn no_log(reason: &str) -> LogError {
    LogError::NoLog {
        reason: reason.to_owned(),
    }
}
