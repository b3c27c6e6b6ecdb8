//! The program's output, of which the beginning and the end are kept.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::{FileExt, OpenOptionsExt};
use std::path::Path;

use batchway_domain::job::Progress;
use batchway_domain::runner::program_log::{Extent, LogLayout};

/// A file that keeps so many bytes, as [`program_log`](batchway_domain::runner::program_log) says.
#[derive(Debug)]
pub(crate) struct OutputLog {
    file: File,
    layout: LogLayout,
    received: u64,
    /// Whose line is not yet at its end.
    within_line_of: Option<Stream>,
    /// Where the disk is full, output is no reason to end the program.
    lost: u64,
    /// The program's own last bytes, at most [`RECENT_BYTES`].
    recent: VecDeque<u8>,
}

/// Where the program wrote something.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stream {
    Output,
    Errors,
}

/// Enough for a last line that is worth repeating.
const RECENT_BYTES: usize = 1024;

impl OutputLog {
    pub(crate) fn create(path: &Path, capacity: u64) -> io::Result<Self> {
        let log = Self {
            file: File::options()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(0o600)
                .open(path)?,
            layout: LogLayout::new(capacity),
            received: 0,
            within_line_of: None,
            lost: 0,
            recent: VecDeque::with_capacity(RECENT_BYTES),
        };
        log.tell_extent(0);
        Ok(log)
    }

    /// Adds a line of the runner's own, below what the program has begun.
    pub(crate) fn note(&mut self, line: &str) {
        self.end_line();
        self.store(format!("[batchway-runner] {line}\n").as_bytes());
    }

    /// Adds what the program said. A line that its other stream has begun ends there.
    pub(crate) fn write(&mut self, stream: Stream, bytes: &[u8]) {
        let Some(last) = bytes.last() else { return };
        if self.within_line_of != Some(stream) {
            self.end_line();
        }
        self.within_line_of = (*last != b'\n').then_some(stream);
        let news = &bytes[bytes.len().saturating_sub(RECENT_BYTES)..];
        let room = RECENT_BYTES - news.len();
        self.recent.drain(..self.recent.len().saturating_sub(room));
        self.recent.extend(news);
        self.store(bytes);
    }

    /// The last line that the program said, fit to be shown; none where it said nothing.
    pub(crate) fn last_words(&self) -> Option<String> {
        let recent: Vec<u8> = self.recent.iter().copied().collect();
        let recent = String::from_utf8_lossy(&recent);
        let mut lines = recent.lines().rev().map(Progress::clean_message);
        lines.find(|line| line.contains(char::is_alphanumeric))
    }

    fn end_line(&mut self) {
        if self.within_line_of.take().is_some() {
            self.store(b"\n");
        }
    }

    fn store(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (position, room) = self.layout.place(self.received);
            if room == 0 {
                self.received += bytes.len() as u64;
                break;
            }
            let count = bytes.len().min(usize::try_from(room).unwrap_or(usize::MAX));
            let (now, later) = bytes.split_at(count);
            self.tell_extent(self.received + count as u64);
            if self.file.write_all_at(now, position).is_err() {
                self.lost += count as u64;
            }
            self.received += count as u64;
            bytes = later;
        }
        self.tell_extent(self.received);
    }

    /// Says to whoever reads the file meanwhile how far it was written, and will be.
    fn tell_extent(&self, reserved: u64) {
        let extent = Extent {
            reserved,
            written: self.received,
        };
        // Where the disk is full, they see less; what is kept in the end is known here.
        let _ = self
            .file
            .write_all_at(&extent.encode(), self.layout.capacity());
    }

    /// What was kept, in order, with a line that says what was not.
    pub(crate) fn excerpt(&self) -> io::Result<Excerpt> {
        let head = self.layout.head();
        let oldest = self.layout.oldest(self.received);
        let pieces = if self.received <= self.layout.capacity() {
            vec![Piece::Stored(0, self.received)]
        } else {
            let cut = oldest - head;
            let (position, _) = self.layout.place(oldest);
            vec![
                Piece::Stored(0, head),
                Piece::Notice(format!(
                    "\n[batchway-runner] {cut} bytes of output were left out here\n"
                )),
                Piece::Stored(position, self.layout.capacity()),
                Piece::Stored(head, position),
            ]
        };
        let lost = (self.lost > 0).then(|| {
            Piece::Notice(format!(
                "\n[batchway-runner] {} bytes of output could not be written: the disk is full\n",
                self.lost
            ))
        });
        Ok(Excerpt {
            file: self.file.try_clone()?,
            pieces: pieces.into_iter().chain(lost).collect(),
        })
    }
}

/// What was kept of the output.
#[derive(Debug)]
pub(crate) struct Excerpt {
    file: File,
    pieces: Vec<Piece>,
}

#[derive(Debug)]
enum Piece {
    Stored(u64, u64),
    Notice(String),
}

impl Excerpt {
    pub(crate) fn write_to(&self, output: &mut dyn Write) -> io::Result<()> {
        for piece in &self.pieces {
            match piece {
                Piece::Notice(text) => output.write_all(text.as_bytes())?,
                Piece::Stored(start, end) => {
                    let mut file = &self.file;
                    file.seek(SeekFrom::Start(*start))?;
                    io::copy(&mut file.take(end - start), output)?;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(capacity: u64, writes: &[&[u8]]) -> (String, u64) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("log");
        let mut log = OutputLog::create(&path, capacity).unwrap();
        for bytes in writes {
            log.write(Stream::Output, bytes);
        }
        let mut output = Vec::new();
        log.excerpt().unwrap().write_to(&mut output).unwrap();
        let size = path.metadata().unwrap().len();
        (
            String::from_utf8(output).unwrap(),
            size - Extent::BYTES as u64,
        )
    }

    #[test]
    fn short_output_is_kept_whole() {
        assert_eq!(kept(10, &[]).0, "");
        assert_eq!(kept(10, &[b"abc", b"def"]).0, "abcdef");
        assert_eq!(kept(10, &[b"abcdefghij"]).0, "abcdefghij");
    }

    #[test]
    fn of_long_output_the_beginning_and_the_end_are_kept_in_order() {
        let notice = "\n[batchway-runner] 16 bytes of output were left out here\n";
        let letters = b"abcdefghijklmnopqrstuvwxyz";
        let expected = format!("abcde{notice}vwxyz");
        assert_eq!(kept(10, &[letters]), (expected.clone(), 10));
        let one_by_one: Vec<&[u8]> = letters.chunks(1).collect();
        assert_eq!(kept(10, &one_by_one), (expected.clone(), 10));
        let by_seven: Vec<&[u8]> = letters.chunks(7).collect();
        assert_eq!(kept(10, &by_seven), (expected, 10));
    }

    #[test]
    fn notes_stand_on_lines_of_their_own() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = OutputLog::create(&folder.path().join("log"), 1000).unwrap();
        log.note("one");
        log.write(Stream::Output, b"half");
        log.write(Stream::Output, b"");
        log.note("two");
        log.note("three");
        let mut output = Vec::new();
        log.excerpt().unwrap().write_to(&mut output).unwrap();
        let expected = "[batchway-runner] one\nhalf\n[batchway-runner] two\n\
                        [batchway-runner] three\n";
        assert_eq!(String::from_utf8(output).unwrap(), expected);
    }

    #[test]
    fn the_two_streams_share_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = OutputLog::create(&folder.path().join("log"), 1000).unwrap();
        for (stream, text) in [
            (Stream::Errors, "warn"),
            (Stream::Errors, "ing"),
            (Stream::Output, "step 1\n"),
            (Stream::Errors, "done\n"),
        ] {
            log.write(stream, text.as_bytes());
        }
        let mut output = Vec::new();
        log.excerpt().unwrap().write_to(&mut output).unwrap();
        assert_eq!(output, b"warning\nstep 1\ndone\n");
    }

    #[test]
    fn nothing_may_be_kept() {
        let (text, size) = kept(0, &[b"abc"]);
        assert_eq!(size, 0);
        assert!(text.contains("3 bytes of output were left out"), "{text}");
        assert!(kept(1, &[b"abc"]).0.ends_with('c'));
    }

    #[test]
    fn the_last_words_are_the_last_line_that_says_something() {
        let folder = tempfile::tempdir().unwrap();
        let mut log = OutputLog::create(&folder.path().join("log"), 100).unwrap();
        assert_eq!(log.last_words(), None);
        log.write(Stream::Output, &[b'x'; 5000]);
        log.write(Stream::Output, b"first\nout of cheese\n\n  \x07\n");
        log.note("not the program's own");
        assert_eq!(log.last_words().as_deref(), Some("out of cheese"));
        log.write(Stream::Output, &[0xff; 3000]);
        assert_eq!(log.last_words(), None);
    }
}
