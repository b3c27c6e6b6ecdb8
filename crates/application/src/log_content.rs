//! What is archived of a log, as it is read from its backend: all of it, or its beginning and its
//! end.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::artifacts::{ArchivedEntry, LOG_HEADER, LeftOut};
use batchway_domain::job::BackendId;
use batchway_domain::ports::{ByteStream, LogError, LogLine, LogPage, LogPosition};
use bytes::Bytes;
use futures_util::stream;

use crate::calls::{Calls, Reader};

/// How much of a log is archived and read.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Bounds {
    /// The most bytes of its beginning.
    pub(crate) beginning: usize,
    /// The most bytes of its end, where there is more than the beginning. They are held in memory.
    pub(crate) end: usize,
    /// A log that is longer is not read on, but from its end.
    pub(crate) read: usize,
}

impl Bounds {
    pub(crate) const USUAL: Self = Self {
        beginning: 12 * 1024 * 1024,
        end: 4 * 1024 * 1024,
        read: 128 * 1024 * 1024,
    };
}

/// How many lines are asked for at a time: as many as CloudWatch gives.
const LINES_PER_CALL: usize = 10_000;

/// How often, and after what rests, a page is asked for again where there were too many calls.
const PATIENCE: usize = 40;
const REST: Duration = Duration::from_millis(500);

/// A log, on its way from its backend to the artifact store.
#[derive(Debug)]
pub(crate) struct LogContent {
    calls: Arc<Calls>,
    copy: BackendId,
    attempt: u32,
    bounds: Bounds,
    /// Read and not taken in; `None` once all is.
    page: Option<LogPage>,
    /// Bytes handed on.
    stored: usize,
    /// Bytes read.
    read: usize,
    /// The last lines behind the beginning, as they will be stored.
    end: VecDeque<Vec<u8>>,
    end_bytes: usize,
    left_out: Option<LeftOut>,
    is_done: bool,
}

impl LogContent {
    /// Begins to read a log, so that what keeps it from being read at all is known before anything
    /// is stored.
    pub(crate) async fn open(
        calls: Arc<Calls>,
        copy: BackendId,
        attempt: u32,
        bounds: Bounds,
    ) -> Result<Self, LogError> {
        let start = LogPosition::Start;
        let page = calls
            .read_log(Reader::Gateway, &copy, attempt, start, LINES_PER_CALL)
            .await?;
        Ok(Self {
            calls,
            copy,
            attempt,
            bounds,
            page: Some(page),
            stored: 0,
            read: 0,
            end: VecDeque::new(),
            end_bytes: 0,
            left_out: None,
            is_done: false,
        })
    }

    /// Whether there is not a single line so far.
    pub(crate) fn is_empty(&self) -> bool {
        let page = self.page.as_ref();
        page.is_some_and(|page| page.lines.is_empty()) && self.read == 0
    }

    /// The content, read as it is taken. Where reading fails it breaks off with that error.
    pub(crate) fn into_stream(self) -> ByteStream {
        let pieces = stream::try_unfold(self, |mut content| async move {
            let piece = content.next_piece().await.map_err(io::Error::other)?;
            Ok::<_, io::Error>(piece.map(|piece| (piece, content)))
        });
        Box::pin(pieces)
    }

    async fn next_piece(&mut self) -> Result<Option<Bytes>, LogError> {
        while let Some(page) = self.page.take() {
            if page.lines.is_empty() {
                break;
            }
            let piece = self.take_in(page.lines);
            self.page = Some(self.page_after(LogPosition::After(page.next)).await?);
            if !piece.is_empty() {
                return Ok(Some(piece.into()));
            }
        }
        if std::mem::replace(&mut self.is_done, true) {
            return Ok(None);
        }
        Ok(Some(self.ending().into()))
    }

    /// The next page; of a log that is far too long the last one, and then none.
    async fn page_after(&mut self, position: LogPosition) -> Result<LogPage, LogError> {
        if self.read < self.bounds.read {
            return self.read_patiently(position).await;
        }
        let mut last = self.read_patiently(LogPosition::Tail).await?;
        self.end.clear();
        self.end_bytes = 0;
        for line in std::mem::take(&mut last.lines) {
            self.keep_for_the_end(&ArchivedEntry::Line(line));
        }
        self.left_out = Some(LeftOut::Uncounted);
        Ok(last)
    }

    async fn read_patiently(&self, position: LogPosition) -> Result<LogPage, LogError> {
        let mut patience = PATIENCE;
        loop {
            let from = position.clone();
            let (calls, copy) = (&self.calls, &self.copy);
            let read = calls.read_log(Reader::Gateway, copy, self.attempt, from, LINES_PER_CALL);
            match read.await {
                Err(LogError::Backend(error)) if error.throttled && patience > 0 => patience -= 1,
                answer => return answer,
            }
            tokio::time::sleep(REST).await;
        }
    }

    /// What of these lines belongs to the beginning; the others are kept for the end.
    fn take_in(&mut self, lines: Vec<LogLine>) -> Vec<u8> {
        let mut piece = Vec::new();
        if self.stored == 0 {
            piece.extend_from_slice(LOG_HEADER.as_bytes());
        }
        for line in lines {
            self.read += line.text.len();
            let entry = ArchivedEntry::Line(line);
            if self.end.is_empty() && self.stored + piece.len() < self.bounds.beginning {
                entry.write_to(&mut piece);
            } else {
                self.keep_for_the_end(&entry);
            }
        }
        self.stored += piece.len();
        piece
    }

    fn keep_for_the_end(&mut self, entry: &ArchivedEntry) {
        let mut line = Vec::new();
        entry.write_to(&mut line);
        self.end_bytes += line.len();
        self.end.push_back(line);
        while self.end_bytes > self.bounds.end && self.end.len() > 1 {
            let Some(first) = self.end.pop_front() else {
                break;
            };
            self.end_bytes -= first.len();
            self.leave_out(first.len() as u64);
        }
    }

    fn leave_out(&mut self, more: u64) {
        self.left_out = Some(match self.left_out {
            None => LeftOut::Counted {
                lines: 1,
                bytes: more,
            },
            Some(LeftOut::Counted { lines, bytes }) => LeftOut::Counted {
                lines: lines + 1,
                bytes: bytes + more,
            },
            Some(LeftOut::Uncounted) => LeftOut::Uncounted,
        });
    }

    /// The end of the log, and before it how much is missing, where something is.
    fn ending(&mut self) -> Vec<u8> {
        let mut piece = Vec::new();
        if let Some(left_out) = self.left_out {
            ArchivedEntry::LeftOut(left_out).write_to(&mut piece);
        }
        for line in self.end.drain(..) {
            piece.extend(line);
        }
        piece
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use batchway_domain::artifacts::{ArchivedLogReader, LogFormat};
    use batchway_domain::identity::TryName;
    use batchway_domain::job::{RequestHash, Target};
    use batchway_domain::job_type::{Execution, ProcessExecution};
    use batchway_domain::ports::{ComputeBackend, ParamsDelivery, Submission};
    use batchway_memory_adapters::{ManualClock, MemoryComputeBackend, MemoryJobStore};
    use futures_util::TryStreamExt;

    use super::*;

    /// The archive of a log of so many lines, `line 0` and so on.
    async fn archive_of(lines: usize, bounds: Bounds) -> Vec<ArchivedEntry> {
        let clock = Arc::new(ManualClock::default());
        let backend = Arc::new(MemoryComputeBackend::with_slots(clock.clone(), 1));
        let copy = backend.submit(&submission()).await.unwrap();
        backend.run(&copy);
        for number in 0..lines {
            backend.write(&copy, &format!("line {number}"));
        }
        let calls = Calls::new(backend, Arc::new(MemoryJobStore::new(clock)));
        let content = LogContent::open(Arc::new(calls), copy, 1, bounds).await;
        let mut stream = content.unwrap().into_stream();
        let (mut reader, mut entries) = (ArchivedLogReader::new(LogFormat::Archived), Vec::new());
        while let Some(piece) = stream.try_next().await.unwrap() {
            entries.extend(reader.push(&piece));
        }
        entries.extend(reader.finish());
        entries.into_iter().map(|(entry, _)| entry).collect()
    }

    fn submission() -> Submission {
        Submission {
            name: "bw-test0000-job_0000000000000000000000000000-1"
                .parse::<TryName>()
                .unwrap(),
            target: Target("here".to_owned()),
            request_hash: RequestHash(String::new()),
            execution: Execution::Process(ProcessExecution::default()),
            gated: false,
            timeout: None,
            environment: BTreeMap::new(),
            params: ParamsDelivery::Inline("{}".into()),
            tenant: "ada".parse().unwrap(),
        }
    }

    /// The numbers of the lines before and behind what was left out, and that.
    fn parts(entries: &[ArchivedEntry]) -> (Vec<usize>, Option<LeftOut>, Vec<usize>) {
        let number = |entry: &ArchivedEntry| match entry {
            ArchivedEntry::Line(line) => line.text["line ".len()..].parse().unwrap(),
            ArchivedEntry::LeftOut(_) => panic!("twice"),
        };
        let gap = entries
            .iter()
            .position(|entry| matches!(entry, ArchivedEntry::LeftOut(_)));
        let Some(gap) = gap else {
            return (entries.iter().map(number).collect(), None, Vec::new());
        };
        let ArchivedEntry::LeftOut(left_out) = entries[gap] else {
            unreachable!("it was found there");
        };
        let before = entries[..gap].iter().map(number).collect();
        let behind = entries[gap + 1..].iter().map(number).collect();
        (before, Some(left_out), behind)
    }

    const LINES: usize = 25_000;

    const SMALL: Bounds = Bounds {
        beginning: 3000,
        end: 2000,
        read: usize::MAX,
    };

    #[tokio::test]
    async fn what_fits_is_archived_whole() {
        let (all, left_out, behind) = parts(&archive_of(LINES, Bounds::USUAL).await);
        assert_eq!(all, (0..LINES).collect::<Vec<_>>());
        assert_eq!((left_out, behind), (None, Vec::new()));
        assert_eq!(archive_of(0, Bounds::USUAL).await, []);
        let just_over = Bounds {
            end: 10_000_000,
            ..SMALL
        };
        assert_eq!(archive_of(LINES, just_over).await.len(), LINES);
    }

    #[tokio::test]
    async fn of_what_is_too_long_the_middle_is_counted_and_left_out() {
        let (before, left_out, behind) = parts(&archive_of(LINES, SMALL).await);
        assert_eq!(before, (0..before.len()).collect::<Vec<_>>());
        assert!((50..150).contains(&before.len()), "{}", before.len());
        let first_behind = LINES - behind.len();
        assert_eq!(behind, (first_behind..LINES).collect::<Vec<_>>());
        assert!((30..100).contains(&behind.len()), "{}", behind.len());
        let Some(LeftOut::Counted { lines, bytes }) = left_out else {
            panic!("{left_out:?}");
        };
        assert_eq!(lines as usize, first_behind - before.len());
        assert!(bytes > lines * 10, "{bytes}");
    }

    #[tokio::test]
    async fn what_is_far_too_long_is_read_from_its_end() {
        let bounds = Bounds {
            read: 10_000,
            ..SMALL
        };
        let (before, left_out, behind) = parts(&archive_of(LINES, bounds).await);
        assert_eq!(left_out, Some(LeftOut::Uncounted));
        assert_eq!(before[..2], [0, 1]);
        assert_eq!(behind.last(), Some(&(LINES - 1)));
    }
}
