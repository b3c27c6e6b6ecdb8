//! A log as it lies beside the artifacts.
//!
//! ```text
//! 2026-03-01T12:00:00.250Z⇥step 1 of 50000
//! -⇥a line whose time is not known
//! -⇥a line with a break in it,
//! ⇥which goes on here
//! #⇥120 lines (3456 bytes) were left out here
//! ```
//!
//! UTF-8, each line ended by a newline. Before the first tab stands when the line was written, or
//! `-`; `#` where lines are missing; nothing where the line before goes on. Behind it stands the line
//! as it was written, other tabs and all, so that reading gives back exactly what was archived.

use crate::Timestamp;
use crate::ports::LogLine;

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

    fn read(head: &str, text: String) -> Self {
        if head == LEFT_OUT
            && let Some(left_out) = LeftOut::parse(&text)
        {
            return Self::LeftOut(left_out);
        }
        Self::Line(LogLine {
            at: Timestamp::parse_rfc3339(head).ok(),
            text,
        })
    }
}

/// Reads an archived log out of pieces of any size, from its beginning or the middle.
#[derive(Debug, Default)]
pub struct ArchivedLogReader {
    /// What was handed in and not read: less than a line of the object.
    rest: Vec<u8>,
    /// How many bytes of what was handed in have been read.
    read: u64,
    /// The entry that may still go on.
    open: Option<ArchivedEntry>,
    /// The first line may be the end of one.
    skips_first: bool,
}

impl ArchivedLogReader {
    /// A reader that begins somewhere in a log, and with the first entry that is whole.
    pub fn in_the_middle() -> Self {
        Self {
            skips_first: true,
            ..Self::default()
        }
    }

    /// The entries that are whole with this piece, each with how many of all bytes so far come
    /// before what follows it.
    pub fn push(&mut self, piece: &[u8]) -> Vec<(ArchivedEntry, u64)> {
        let mut bytes = std::mem::take(&mut self.rest);
        bytes.extend_from_slice(piece);
        let mut entries = Vec::new();
        let mut left = &bytes[..];
        while let Some(length) = left.iter().position(|byte| *byte == b'\n') {
            entries.extend(self.line(&left[..length]));
            self.read += length as u64 + 1;
            left = &left[length + 1..];
        }
        self.rest = left.to_vec();
        entries
    }

    /// The last entry. What has no end was never written whole, and is left out.
    pub fn finish(self) -> Option<(ArchivedEntry, u64)> {
        self.open.map(|entry| (entry, self.read))
    }

    /// Takes a line of the object; answers the entry before it, where that is whole by now.
    fn line(&mut self, bytes: &[u8]) -> Option<(ArchivedEntry, u64)> {
        if std::mem::take(&mut self.skips_first) {
            return None;
        }
        let line = String::from_utf8_lossy(bytes);
        let (head, text) = line.split_once('\t').unwrap_or(("", &line));
        if head.is_empty() {
            if let Some(ArchivedEntry::Line(open)) = &mut self.open {
                open.text.push('\n');
                open.text.push_str(text);
            }
            return None;
        }
        let entry = ArchivedEntry::read(head, text.to_owned());
        let before = self.open.replace(entry);
        before.map(|entry| (entry, self.read))
    }
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
        let mut content = Vec::new();
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
            "2026-03-01T12:00:00.250Z\tstep 1\n-\ta\tb\n-\ttwo\n\tlines\n-\t\n\
             #\t120 lines (3456 bytes) were left out here\n\
             #\tmore lines than were counted were left out here\n"
        );
        assert_eq!(
            read(ArchivedLogReader::default(), content.as_bytes(), 7),
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
            prop_assert_eq!(read(ArchivedLogReader::default(), &content, piece), entries);
        }

        #[test]
        fn reading_goes_on_where_an_entry_ended(
            entries in prop::collection::vec(any_entry(), 1..12),
            piece in 1..40_usize,
        ) {
            let content = written(&entries);
            let mut reader = ArchivedLogReader::default();
            let mut ends: Vec<u64> = Vec::new();
            for piece in content.chunks(piece) {
                ends.extend(reader.push(piece).into_iter().map(|(_, end)| end));
            }
            ends.extend(reader.finish().map(|(_, end)| end));
            prop_assert_eq!(ends.last().copied(), Some(content.len() as u64));
            for (index, end) in ends.into_iter().enumerate() {
                let rest = &content[usize::try_from(end).unwrap()..];
                let rest = read(ArchivedLogReader::default(), rest, piece);
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
            let rest = read(ArchivedLogReader::in_the_middle(), middle, 11);
            prop_assert!(entries.ends_with(&rest), "{:?}", rest);
        }
    }

    #[test]
    fn what_broke_off_is_left_out() {
        let content = b"-\tone\n-\ttwo";
        assert_eq!(
            read(ArchivedLogReader::default(), content, 3),
            [line(None, "one")]
        );
    }
}
