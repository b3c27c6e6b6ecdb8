//! A log as it lies beside the artifacts.
//!
//! ```text
//! #⇥batchway log 1
//! 2026-03-01T12:00:00.250Z⇥step 1 of 50000
//! -⇥a line whose time is not known
//! -⇥a line with a break in it,
//! ⇥which goes on here
//! #⇥120 lines (3456 bytes) were left out here
//! ```
//!
//! UTF-8, each line ended by a newline; the first says what this is. Before the first tab stands when the line was written, or
//! `-`; `#` where lines are missing; nothing where the line before goes on. Behind it stands the line
//! as it was written, other tabs and all, so that reading gives back exactly what was archived.
//!
//! Before the gateway archives a log, there may be one that the runner stored: the bytes that the
//! program wrote, and nothing else.

use crate::Timestamp;
use crate::ports::LogLine;

/// The first line of an archived log.
pub const LOG_HEADER: &str = "#\tbatchway log 1\n";

/// A longer line of bytes as they were written is read in pieces of so many.
const PIECE_BYTES: usize = 16 * 1024;

const NO_TIME: &str = "-";
const LEFT_OUT: &str = "#";

/// Something that stands in an archived log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ArchivedEntry {
    /// A line.
    Line(LogLine),
    /// Lines that were not archived, as the log was too long.
    LeftOut(LeftOut),
}

/// How much is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LeftOut {
    /// So much.
    Counted {
        /// How many lines.
        lines: u64,
        /// How many bytes they would have taken.
        bytes: u64,
    },
    /// So much that nobody counted.
    Uncounted,
}

impl LeftOut {
    const UNCOUNTED: &str = "more lines than were counted were left out here";

    /// What is told of it to a person.
    pub fn notice(self) -> String {
        match self {
            Self::Counted { lines, bytes } => {
                format!("{lines} lines ({bytes} bytes) were left out here")
            }
            Self::Uncounted => Self::UNCOUNTED.to_owned(),
        }
    }

    fn parse(notice: &str) -> Option<Self> {
        if notice == Self::UNCOUNTED {
            return Some(Self::Uncounted);
        }
        let (lines, rest) = notice.split_once(" lines (")?;
        let bytes = rest.strip_suffix(" bytes) were left out here")?;
        Some(Self::Counted {
            lines: lines.parse().ok()?,
            bytes: bytes.parse().ok()?,
        })
    }
}

impl ArchivedEntry {
    /// Adds it to what is to be stored.
    pub fn write_to(&self, content: &mut Vec<u8>) {
        let (head, text) = match self {
            Self::Line(line) => {
                let at = line.at.map(|at| at.to_string());
                (at.unwrap_or_else(|| NO_TIME.to_owned()), line.text.clone())
            }
            Self::LeftOut(left_out) => (LEFT_OUT.to_owned(), left_out.notice()),
        };
        content.extend_from_slice(head.as_bytes());
        for part in text.split('\n') {
            content.push(b'\t');
            content.extend_from_slice(part.as_bytes());
            content.push(b'\n');
        }
    }

    /// What stands behind its head; `None` for the line that says what this is.
    fn read(head: &str, text: &str) -> Option<Self> {
        if head != LEFT_OUT {
            return Some(Self::Line(LogLine {
                at: Timestamp::parse_rfc3339(head).ok(),
                text: text.to_owned(),
            }));
        }
        LeftOut::parse(text).map(Self::LeftOut)
    }
}

/// What an object with a log holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// Lines with their times, as archived by the gateway.
    Archived,
    /// The bytes that the program wrote, as stored by its runner.
    AsWritten,
}

impl LogFormat {
    /// What an object holds that begins with these bytes, as many as [`LOG_HEADER`] has.
    pub fn of(beginning: &[u8]) -> Self {
        if beginning.starts_with(LOG_HEADER.as_bytes()) {
            Self::Archived
        } else {
            Self::AsWritten
        }
    }
}

/// Reads a log out of the pieces of an object, from its beginning or the middle.
#[derive(Debug)]
pub struct ArchivedLogReader {
    format: LogFormat,
    /// What was handed in and not read: less than a line of the object.
    rest: Vec<u8>,
    /// How many bytes of what was handed in have been read.
    read: u64,
    /// The entry that may still go on.
    open: Option<ArchivedEntry>,
    /// The first line may be the end of one.
    skips_first: bool,
}

/// An entry, and how many bytes come before what follows it, of all that were handed in.
type Placed = (ArchivedEntry, u64);

impl ArchivedLogReader {
    /// A reader that begins where a log or an entry of it begins.
    pub const fn new(format: LogFormat) -> Self {
        Self {
            format,
            rest: Vec::new(),
            read: 0,
            open: None,
            skips_first: false,
        }
    }

    /// A reader that begins somewhere in a log, and with the first entry that is whole.
    pub const fn in_the_middle(format: LogFormat) -> Self {
        let mut reader = Self::new(format);
        reader.skips_first = true;
        reader
    }

    /// The entries that are whole with this piece.
    pub fn push(&mut self, piece: &[u8]) -> Vec<Placed> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        let mut entries = Vec::new();
        let mut left = &bytes[..];
        while let Some((line, length)) = self.first_line(left) {
            entries.extend(self.line(line, length));
            left = &left[length..];
        }
        self.rest = left.to_vec();
        entries
    }

    /// The last entry, once the object has ended.
    pub fn finish(mut self) -> Option<Placed> {
        match self.format {
            // What has no end was never written whole.
            LogFormat::Archived => self.open.map(|entry| (entry, self.read)),
            LogFormat::AsWritten if self.rest.is_empty() => None,
            LogFormat::AsWritten => {
                let rest = std::mem::take(&mut self.rest);
                self.line(&rest, rest.len())
            }
        }
    }

    /// The first line of these bytes without its end, and how many it takes with it.
    fn first_line<'a>(&self, bytes: &'a [u8]) -> Option<(&'a [u8], usize)> {
        let end = bytes.iter().position(|byte| *byte == b'\n');
        match (end, self.format) {
            (Some(end), LogFormat::Archived) => Some((&bytes[..end], end + 1)),
            (None, LogFormat::Archived) => None,
            (Some(end), LogFormat::AsWritten) if end <= PIECE_BYTES => {
                let line = &bytes[..end];
                Some((line.strip_suffix(b"\r").unwrap_or(line), end + 1))
            }
            (_, LogFormat::AsWritten) if bytes.len() > PIECE_BYTES => {
                let length = character_boundary(bytes, PIECE_BYTES);
                Some((&bytes[..length], length))
            }
            (_, LogFormat::AsWritten) => None,
        }
    }

    /// Takes a line of the object; answers an entry that is whole by now.
    fn line(&mut self, bytes: &[u8], length: usize) -> Option<Placed> {
        let before = self.read;
        self.read += length as u64;
        if std::mem::take(&mut self.skips_first) {
            return None;
        }
        let line = String::from_utf8_lossy(bytes);
        if self.format == LogFormat::AsWritten {
            let text = line.into_owned();
            let line = LogLine { at: None, text };
            return Some((ArchivedEntry::Line(line), self.read));
        }
        let (head, text) = line.split_once('\t').unwrap_or(("", &line));
        if !head.is_empty() {
            let entry = ArchivedEntry::read(head, text)?;
            return self.open.replace(entry).map(|entry| (entry, before));
        }
        if let Some(ArchivedEntry::Line(open)) = &mut self.open {
            open.text.push('\n');
            open.text.push_str(text);
        }
        None
    }
}

/// The last place up to `at` that is not within a character of UTF-8, where the bytes are such.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let is_continuation = |index: &usize| bytes[*index] & 0xc0 == 0x80;
    let begins = (at - 3..=at).rev().find(|index| !is_continuation(index));
    begins.unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn line(at: Option<i64>, text: &str) -> ArchivedEntry {
        ArchivedEntry::Line(LogLine {
            at: at.map(Timestamp::from_millis),
            text: text.to_owned(),
        })
    }

    fn written(entries: &[ArchivedEntry]) -> Vec<u8> {
        let mut content = LOG_HEADER.as_bytes().to_vec();
        for entry in entries {
            entry.write_to(&mut content);
        }
        content
    }

    fn read(mut reader: ArchivedLogReader, content: &[u8], piece: usize) -> Vec<ArchivedEntry> {
        let mut entries = Vec::new();
        for piece in content.chunks(piece) {
            entries.extend(reader.push(piece));
        }
        entries.extend(reader.finish());
        entries.into_iter().map(|(entry, _)| entry).collect()
    }

    #[test]
    fn it_reads_well() {
        let entries = [
            line(Some(1_772_366_400_250), "step 1"),
            line(None, "a\tb"),
            line(None, "two\nlines"),
            line(None, ""),
            ArchivedEntry::LeftOut(LeftOut::Counted {
                lines: 120,
                bytes: 3456,
            }),
            ArchivedEntry::LeftOut(LeftOut::Uncounted),
        ];
        let content = String::from_utf8(written(&entries)).unwrap();
        assert_eq!(
            content,
            "#\tbatchway log 1\n2026-03-01T12:00:00.250Z\tstep 1\n-\ta\tb\n-\ttwo\n\tlines\n-\t\n\
             #\t120 lines (3456 bytes) were left out here\n\
             #\tmore lines than were counted were left out here\n"
        );
        assert_eq!(
            read(
                ArchivedLogReader::new(LogFormat::Archived),
                content.as_bytes(),
                7
            ),
            entries
        );
    }

    /// Texts that look like what the format is made of.
    fn any_entry() -> impl Strategy<Value = ArchivedEntry> {
        let text = "([a#\\-\t\n\r é]|#\t1 lines \\(2 bytes\\) were left out here){0,6}";
        let time = prop::option::of(0..2_000_000_000_000_i64);
        let counts = (any::<u64>(), any::<u64>());
        prop_oneof![
            8 => (time, text).prop_map(|(at, text)| line(at, &text)),
            1 => counts.prop_map(|(lines, bytes)| {
                ArchivedEntry::LeftOut(LeftOut::Counted { lines, bytes })
            }),
            1 => Just(ArchivedEntry::LeftOut(LeftOut::Uncounted)),
        ]
    }

    proptest! {
        #[test]
        fn what_was_written_is_read_back_in_pieces_of_any_size(
            entries in prop::collection::vec(any_entry(), 0..12),
            piece in 1..40_usize,
        ) {
            let content = written(&entries);
            prop_assert_eq!(read(ArchivedLogReader::new(LogFormat::Archived), &content, piece), entries);
        }

        #[test]
        fn reading_goes_on_where_an_entry_ended(
            entries in prop::collection::vec(any_entry(), 1..12),
            piece in 1..40_usize,
        ) {
            let content = written(&entries);
            let mut reader = ArchivedLogReader::new(LogFormat::Archived);
            let mut ends: Vec<u64> = Vec::new();
            for piece in content.chunks(piece) {
                ends.extend(reader.push(piece).into_iter().map(|(_, end)| end));
            }
            ends.extend(reader.finish().map(|(_, end)| end));
            prop_assert_eq!(ends.last().copied(), Some(content.len() as u64));
            prop_assert_eq!(LogFormat::of(&content), LogFormat::Archived);
            for (index, end) in ends.into_iter().enumerate() {
                let rest = &content[usize::try_from(end).unwrap()..];
                let rest = read(ArchivedLogReader::new(LogFormat::Archived), rest, piece);
                prop_assert_eq!(&rest, &entries[index + 1..]);
            }
        }

        #[test]
        fn in_the_middle_it_begins_with_a_whole_entry(
            entries in prop::collection::vec(any_entry(), 1..12),
            place in any::<prop::sample::Index>(),
        ) {
            let content = written(&entries);
            let middle = &content[place.index(content.len())..];
            let rest = read(ArchivedLogReader::in_the_middle(LogFormat::Archived), middle, 11);
            prop_assert!(entries.ends_with(&rest), "{:?}", rest);
        }
    }

    #[test]
    fn what_broke_off_is_left_out() {
        let content = b"-\tone\n-\ttwo";
        assert_eq!(
            read(ArchivedLogReader::new(LogFormat::Archived), content, 3),
            [line(None, "one")]
        );
    }

    #[test]
    fn what_the_runner_stored_is_read_as_it_was_written() {
        let long = "é".repeat(PIECE_BYTES);
        let content = format!("one\r\n\n\ttwo\t\n#\tbatchway log 1\nx{long}\nlast");
        assert_eq!(LogFormat::of(content.as_bytes()), LogFormat::AsWritten);
        for piece in [1, 1000, 1_000_000] {
            let reader = ArchivedLogReader::new(LogFormat::AsWritten);
            let entries = read(reader, content.as_bytes(), piece);
            let texts: Vec<&str> = entries.iter().map(text_of).collect();
            assert_eq!(texts[..4], ["one", "", "\ttwo\t", "#\tbatchway log 1"]);
            let pieces = &texts[4..texts.len() - 1];
            assert_eq!(pieces.concat(), format!("x{long}"));
            assert!(pieces.iter().all(|piece| piece.len() <= PIECE_BYTES));
            assert_eq!(texts.last(), Some(&"last"));
        }
        let reader = ArchivedLogReader::in_the_middle(LogFormat::AsWritten);
        let entries = read(reader, b"of one\ntwo\n", 4);
        assert_eq!(entries, [line(None, "two")]);
    }

    fn text_of(entry: &ArchivedEntry) -> &str {
        match entry {
            ArchivedEntry::Line(line) => &line.text,
            ArchivedEntry::LeftOut(_) => panic!("nothing is left out"),
        }
    }
}
