//! Reading logs that lie beside the artifacts.

use std::collections::VecDeque;
use std::io;

use batchway_domain::artifacts::{
    ArchivedEntry, ArchivedLogReader, ArtifactKey, LOG_HEADER, LeftOut, LogFormat,
};
use batchway_domain::ports::{ArtifactError, ByteRange, LogLine};
use futures_util::TryStreamExt;

use crate::Application;

/// A page ends once its lines take so many bytes.
pub(crate) const PAGE_BYTES: usize = 1024 * 1024;

/// The most that is looked through for the last lines: enough for a page of them, were every byte
/// a line of its own.
const TAIL_WINDOW: u64 = 4 * PAGE_BYTES as u64;

/// Where a page of an archived log begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ArchivePlace {
    /// After so many bytes of the object.
    Offset(u64),
    /// After so many lines of the log.
    Line(u64),
    /// So many lines before its end.
    Tail(usize),
}

/// A part of an archived log.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct ArchivedPage {
    pub(crate) lines: Vec<LogLine>,
    /// How many bytes of the object come before what follows; `None` at the end.
    pub(crate) next: Option<u64>,
}

impl Application {
    /// A page of at most `limit` lines; `None` where nothing is archived under this key.
    pub(crate) async fn archived_page(
        &self,
        key: &ArtifactKey,
        place: ArchivePlace,
        limit: usize,
    ) -> Result<Option<ArchivedPage>, ArtifactError> {
        match self.try_archived_page(key, place, limit).await {
            Ok(page) => Ok(page),
            Err(ArtifactError::NotFound { .. }) => Ok(None),
            // The place is that after its last byte.
            Err(ArtifactError::RangeNotSatisfiable { .. }) => Ok(Some(ArchivedPage::default())),
            Err(error) => Err(error),
        }
    }

    async fn try_archived_page(
        &self,
        key: &ArtifactKey,
        place: ArchivePlace,
        limit: usize,
    ) -> Result<Option<ArchivedPage>, ArtifactError> {
        let format = self.format_of(key).await?;
        let page = match place {
            ArchivePlace::Offset(offset) => self.page_from(key, format, offset, 0, limit).await,
            // What the runner stored has other lines than what the backend shows.
            ArchivePlace::Line(1..) if format == LogFormat::AsWritten => return Ok(None),
            ArchivePlace::Line(line) => self.page_from(key, format, 0, line, limit).await,
            ArchivePlace::Tail(lines) => self.last_lines(key, format, lines.min(limit)).await,
        };
        page.map(Some)
    }

    async fn format_of(&self, key: &ArtifactKey) -> Result<LogFormat, ArtifactError> {
        let beginning = ByteRange {
            start: 0,
            end: LOG_HEADER.len() as u64,
        };
        let object = self.artifacts().read(key, Some(beginning)).await?;
        let pieces: Vec<_> = object
            .content
            .try_collect()
            .await
            .map_err(broken_off(key))?;
        Ok(LogFormat::of(&pieces.concat()))
    }

    /// The lines after so many bytes, and then so many lines.
    async fn page_from(
        &self,
        key: &ArtifactKey,
        format: LogFormat,
        offset: u64,
        skip: u64,
        limit: usize,
    ) -> Result<ArchivedPage, ArtifactError> {
        let range = (offset > 0).then_some(ByteRange {
            start: offset,
            end: u64::MAX,
        });
        let mut object = self.artifacts().read(key, range).await?;
        let mut reader = ArchivedLogReader::new(format);
        let mut page = FirstLines::new(skip, limit);
        while let Some(piece) = object.content.try_next().await.map_err(broken_off(key))? {
            for (entry, read) in reader.push(&piece) {
                page.take(entry);
                let next = offset + read;
                if page.is_full() && next < object.metadata.size {
                    return Ok(page.finish(Some(next)));
                }
            }
        }
        if let Some((entry, _)) = reader.finish() {
            page.take(entry);
        }
        Ok(page.finish(None))
    }

    async fn last_lines(
        &self,
        key: &ArtifactKey,
        format: LogFormat,
        limit: usize,
    ) -> Result<ArchivedPage, ArtifactError> {
        let size = self.artifacts().metadata(key).await?.size;
        let start = size.saturating_sub(TAIL_WINDOW);
        let (range, mut reader) = if start == 0 {
            (None, ArchivedLogReader::new(format))
        } else {
            let range = ByteRange { start, end: size };
            (Some(range), ArchivedLogReader::in_the_middle(format))
        };
        let mut object = self.artifacts().read(key, range).await?;
        let mut page = LastLines::new(limit);
        while let Some(piece) = object.content.try_next().await.map_err(broken_off(key))? {
            for (entry, _) in reader.push(&piece) {
                page.take(entry);
            }
        }
        if let Some((entry, _)) = reader.finish() {
            page.take(entry);
        }
        Ok(ArchivedPage {
            lines: page.lines.into(),
            next: None,
        })
    }
}

fn broken_off(key: &ArtifactKey) -> impl FnOnce(io::Error) -> ArtifactError {
    let reason = format!("reading {key} broke off");
    move |source| ArtifactError::Unavailable {
        reason,
        source: Some(source.into()),
    }
}

/// What an entry is to a reader: where lines are missing, one that says so.
fn shown(entry: ArchivedEntry) -> LogLine {
    match entry {
        ArchivedEntry::Line(line) => line,
        ArchivedEntry::LeftOut(left_out) => LogLine {
            at: None,
            text: format!("[batchway] {}", left_out.notice()),
        },
    }
}

/// The lines of a page, but for those before it.
struct FirstLines {
    lines: Vec<LogLine>,
    bytes: usize,
    limit: usize,
    /// How many lines come before the page.
    skip: u64,
}

impl FirstLines {
    const fn new(skip: u64, limit: usize) -> Self {
        Self {
            lines: Vec::new(),
            bytes: 0,
            limit,
            skip,
        }
    }

    const fn is_full(&self) -> bool {
        self.lines.len() >= self.limit || self.bytes >= PAGE_BYTES
    }

    /// Takes an entry. Lines that were left out count as if they were there: who has seen a part
    /// of them is told of the rest.
    fn take(&mut self, entry: ArchivedEntry) {
        let stands_for = match &entry {
            ArchivedEntry::Line(_) => 1,
            ArchivedEntry::LeftOut(LeftOut::Counted { lines, .. }) => *lines,
            ArchivedEntry::LeftOut(LeftOut::Uncounted) => u64::MAX,
        };
        if self.skip > 0 && self.skip >= stands_for {
            self.skip -= stands_for;
            return;
        }
        self.skip = 0;
        let line = shown(entry);
        self.bytes += line.text.len();
        self.lines.push(line);
    }

    fn finish(self, next: Option<u64>) -> ArchivedPage {
        ArchivedPage {
            lines: self.lines,
            next,
        }
    }
}

/// The last lines of all that come, as many as make a page.
struct LastLines {
    lines: VecDeque<LogLine>,
    bytes: usize,
    limit: usize,
}

impl LastLines {
    const fn new(limit: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            bytes: 0,
            limit,
        }
    }

    fn take(&mut self, entry: ArchivedEntry) {
        let line = shown(entry);
        self.bytes += line.text.len();
        self.lines.push_back(line);
        while self.lines.len() > self.limit || (self.bytes > PAGE_BYTES && self.lines.len() > 1) {
            let first = self.lines.pop_front();
            self.bytes -= first.map_or(0, |line| line.text.len());
        }
    }
}
