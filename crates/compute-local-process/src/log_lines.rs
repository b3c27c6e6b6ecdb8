//! From the bytes of an output to lines, each with a bound.

use std::collections::VecDeque;

use batchway_domain::ports::LogLine;

/// A longer line is told in pieces of at most so many bytes, as containers' logs are.
pub(crate) const LINE_BYTES: usize = 16 * 1024;

/// Lines of an output, as far as they are wanted.
#[derive(Debug)]
pub(crate) struct LogLines {
    lines: VecDeque<LogLine>,
    limit: usize,
    /// Where more than the limit come, the last ones are kept, not the first.
    keeps_last: bool,
    /// Begun and not ended.
    open: Vec<u8>,
    /// The offset behind the last line.
    next: u64,
}

impl LogLines {
    /// The first lines from this offset on.
    pub(crate) fn from(offset: u64, limit: usize) -> Self {
        Self {
            lines: VecDeque::new(),
            limit,
            keeps_last: false,
            open: Vec::new(),
            next: offset,
        }
    }

    /// The last lines from this offset on.
    pub(crate) fn last_from(offset: u64, limit: usize) -> Self {
        Self {
            keeps_last: true,
            ..Self::from(offset, limit)
        }
    }

    /// Whether it takes no more lines.
    pub(crate) fn is_full(&self) -> bool {
        !self.keeps_last && self.lines.len() >= self.limit
    }

    /// Goes on with these bytes.
    pub(crate) fn push(&mut self, bytes: &[u8]) {
        self.open.extend_from_slice(bytes);
        let open = std::mem::take(&mut self.open);
        let mut rest = &open[..];
        while !self.is_full()
            && let Some((line, taken)) = first_line(rest)
        {
            self.add(line, taken as u64);
            rest = &rest[taken..];
        }
        self.open = rest.to_vec();
    }

    /// There will be no end to the line that is open: it ends here.
    pub(crate) fn end_line(&mut self) {
        let open = std::mem::take(&mut self.open);
        if !open.is_empty() && !self.is_full() {
            self.add(&open, open.len() as u64);
        }
    }

    /// What follows up to this offset was not kept.
    pub(crate) fn skip_to(&mut self, offset: u64) {
        self.end_line();
        if !self.is_full() {
            let lost = offset.saturating_sub(self.next);
            let notice = format!("[batchway-runner] {lost} bytes of output were left out here");
            self.add(notice.as_bytes(), lost);
        }
    }

    fn add(&mut self, line: &[u8], taken: u64) {
        self.lines.push_back(LogLine {
            at: None,
            text: String::from_utf8_lossy(line).into_owned(),
        });
        self.next += taken;
        if self.keeps_last && self.lines.len() > self.limit {
            self.lines.pop_front();
        }
    }

    /// The lines, and the offset behind them.
    pub(crate) fn finish(self) -> (Vec<LogLine>, u64) {
        (self.lines.into(), self.next)
    }
}

/// The first line that has ended or is over its bound, and how many bytes it takes with its end.
fn first_line(bytes: &[u8]) -> Option<(&[u8], usize)> {
    let within = &bytes[..bytes.len().min(LINE_BYTES + 1)];
    if let Some(length) = within.iter().position(|byte| *byte == b'\n') {
        let line = &bytes[..length];
        return Some((line.strip_suffix(b"\r").unwrap_or(line), length + 1));
    }
    (bytes.len() > LINE_BYTES).then(|| {
        let length = character_boundary(bytes, LINE_BYTES);
        (&bytes[..length], length)
    })
}

/// The last place up to `at` that is not within a character of UTF-8, where the bytes are such.
fn character_boundary(bytes: &[u8], at: usize) -> usize {
    let is_continuation = |index: &usize| bytes[*index] & 0xc0 == 0x80;
    let begins = (at - 3..=at).rev().find(|index| !is_continuation(index));
    begins.unwrap_or(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(lines: LogLines) -> (Vec<String>, u64) {
        let (lines, next) = lines.finish();
        (lines.into_iter().map(|line| line.text).collect(), next)
    }

    #[test]
    fn lines_end_with_their_newline_and_not_before() {
        let mut lines = LogLines::from(100, 10);
        lines.push(b"one\ntw");
        lines.push(b"o\r\n\nthr");
        assert_eq!(
            texts(lines),
            (vec!["one".into(), "two".into(), String::new()], 110)
        );
    }

    #[test]
    fn the_last_line_of_an_ended_output_needs_no_newline() {
        let mut lines = LogLines::from(0, 10);
        lines.push(b"one\ntwo");
        lines.end_line();
        lines.end_line();
        assert_eq!(texts(lines), (vec!["one".into(), "two".into()], 7));
    }

    #[test]
    fn the_first_or_the_last_are_kept_up_to_the_limit() {
        let text = b"1\n22\n333\n4444";
        let mut first = LogLines::from(0, 2);
        first.push(text);
        assert!(first.is_full());
        assert_eq!(texts(first), (vec!["1".into(), "22".into()], 5));
        let mut last = LogLines::last_from(0, 2);
        last.push(text);
        last.end_line();
        assert_eq!(texts(last), (vec!["333".into(), "4444".into()], 13));
    }

    #[test]
    fn a_long_line_comes_in_pieces_that_break_no_character() {
        let long = "é".repeat(LINE_BYTES);
        let mut lines = LogLines::from(0, 10);
        lines.push(format!("x{long}\n").as_bytes());
        let (pieces, next) = texts(lines);
        assert_eq!(pieces.concat(), format!("x{long}"));
        assert!(pieces.iter().all(|piece| piece.len() <= LINE_BYTES));
        assert_eq!(next, 2 * LINE_BYTES as u64 + 2);
        let mut just_fits = LogLines::from(0, 10);
        just_fits.push(&[b'x'; LINE_BYTES]);
        just_fits.push(b"\n");
        assert_eq!(texts(just_fits).0.len(), 1);
    }

    #[test]
    fn what_is_no_text_is_replaced() {
        let mut lines = LogLines::from(0, 10);
        lines.push(b"a\xffb\n");
        lines.push(&[0x80; 2 * LINE_BYTES + 1]);
        let (texts, _) = texts(lines);
        assert_eq!(texts[0], "a\u{fffd}b");
        assert_eq!(texts.len(), 3);
    }

    #[test]
    fn what_was_not_kept_is_a_line_that_says_so() {
        let mut lines = LogLines::from(0, 10);
        lines.push(b"one\ntw");
        lines.skip_to(1000);
        lines.push(b"o\nthree\n");
        let notice = "[batchway-runner] 994 bytes of output were left out here";
        let expected = ["one", "tw", notice, "o", "three"].map(str::to_owned);
        assert_eq!(texts(lines), (expected.into(), 1008));
    }
}
