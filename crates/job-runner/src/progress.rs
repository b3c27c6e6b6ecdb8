//! What the program says of how far it is: JSON lines in a named pipe.

use std::fs::File;
use std::future;
use std::io::{self, Read};
use std::path::Path;

use batchway_domain::job::Progress;
use batchway_domain::runner::ProgressLine;
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::{OpenOptions, Receiver};
use tokio::sync::{oneshot, watch};

/// The longest line that is read, in bytes.
const LONGEST_LINE: usize = 4096;

/// So many times is read what the program left in the pipe: more than fits into it.
const MOST_LEFT_IN_PIPE: usize = 32;

/// The last that the program said.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct LastProgress {
    /// From 0 to 1.
    pub(crate) fraction: Option<f64>,
    pub(crate) message: Option<String>,
}

/// The reading end of the pipe.
#[derive(Debug)]
pub(crate) struct ProgressPipe(Receiver);

impl ProgressPipe {
    /// Opens the pipe so that neither side ever waits for the other to open it, and that it
    /// outlives every writer.
    pub(crate) fn open(path: &Path) -> io::Result<Self> {
        let receiver = OpenOptions::new().read_write(true).open_receiver(path)?;
        Ok(Self(receiver))
    }

    /// Reads until the program has ended, and then what is still in the pipe. However many lines
    /// come, only the last is seen by who looks at times.
    pub(crate) async fn read_into(
        mut self,
        last: watch::Sender<LastProgress>,
        program_ended: oneshot::Receiver<()>,
    ) {
        let mut buffer = vec![0; 64 * 1024];
        let mut lines = Lines::default();
        let for_ever = async {
            while let Ok(count) = self.0.read(&mut buffer).await {
                lines.read_into(&buffer[..count], &last);
            }
            future::pending::<()>().await;
        };
        tokio::select! {
            biased;
            _ = program_ended => {}
            () = for_ever => {}
        }
        // Asked of the system itself: the runtime may not have heard yet that there is something.
        let Ok(left) = self.0.into_nonblocking_fd() else {
            return;
        };
        let mut left = File::from(left);
        for _ in 0..MOST_LEFT_IN_PIPE {
            match left.read(&mut buffer) {
                Ok(count) if count > 0 => lines.read_into(&buffer[..count], &last),
                _ => break,
            }
        }
    }
}

/// Puts lines together out of pieces.
#[derive(Debug, Default)]
struct Lines {
    begun: Vec<u8>,
    is_too_long: bool,
}

impl Lines {
    fn read_into(&mut self, piece: &[u8], last: &watch::Sender<LastProgress>) {
        // A statement of its own: the look is over before the change.
        let said = last.borrow().clone();
        if let Some(progress) = self.read(piece, said) {
            last.send_if_modified(|last| {
                let is_new = *last != progress;
                *last = progress;
                is_new
            });
        }
    }

    /// What the valid lines that end in this piece say together; `None` if there are none.
    fn read(&mut self, piece: &[u8], last: LastProgress) -> Option<LastProgress> {
        let mut parts = piece.split(|byte| *byte == b'\n');
        let unended = parts.next_back().unwrap_or_default();
        let mut progress = last;
        let mut is_changed = false;
        for part in parts {
            self.add(part);
            if let Some(line) = self.take().as_deref().and_then(parse) {
                is_changed = true;
                progress.fraction = line.fraction.or(progress.fraction);
                progress.message = line.message.or(progress.message);
            }
        }
        self.add(unended);
        is_changed.then_some(progress)
    }

    fn add(&mut self, part: &[u8]) {
        self.is_too_long |= self.begun.len() + part.len() > LONGEST_LINE;
        if self.is_too_long {
            self.begun.clear();
        } else {
            self.begun.extend_from_slice(part);
        }
    }

    fn take(&mut self) -> Option<Vec<u8>> {
        let line = std::mem::take(&mut self.begun);
        let is_whole = !std::mem::take(&mut self.is_too_long);
        is_whole.then_some(line)
    }
}

fn parse(line: &[u8]) -> Option<LastProgress> {
    let line: ProgressLine = serde_json::from_slice(line).ok()?;
    Some(LastProgress {
        fraction: line.progress.map(|fraction| fraction.clamp(0.0, 1.0)),
        message: line.message.as_deref().map(Progress::clean_message),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pieces: &[&[u8]]) -> LastProgress {
        let mut lines = Lines::default();
        pieces.iter().fold(LastProgress::default(), |last, piece| {
            lines.read(piece, last.clone()).unwrap_or(last)
        })
    }

    #[test]
    fn lines_are_put_together_and_the_last_word_counts() {
        let progress = read(&[
            b"{\"progress\": 0.1, \"message\": \"one\"}\n{\"prog",
            b"ress\": 0.",
            b"5}\n{\"progress\": 0.9}",
        ]);
        assert_eq!(progress.fraction, Some(0.5));
        assert_eq!(progress.message.as_deref(), Some("one"));
    }

    #[test]
    fn what_is_not_a_line_of_progress_is_passed_over() {
        let endless = vec![b'x'; 3 * LONGEST_LINE];
        let progress = read(&[
            b"hello\n\n[]\nnull\n{\"progress\": \"much\"}\n\xff\xfe\x00\n",
            &endless,
            &endless,
            b"\n{\"progress\": 7, \"message\": \"a\\u001b[31mb\\nc\"}\n",
        ]);
        assert_eq!(progress.fraction, Some(1.0));
        assert_eq!(progress.message.as_deref(), Some("a[31mb"));
    }

    #[test]
    fn an_endless_line_takes_no_memory() {
        let mut lines = Lines::default();
        for _ in 0..1000 {
            lines.read(&[b'x'; 4096], LastProgress::default());
        }
        assert!(lines.begun.capacity() <= 2 * LONGEST_LINE);
    }
}
