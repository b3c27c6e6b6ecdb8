//! Progress, told to whoever started the program, as JSON lines.

use std::fs::{File, OpenOptions};
use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Duration;

use serde_json::json;

/// Least time between two lines.
const INTERVAL: Duration = Duration::from_millis(250);

/// Writes `{"progress": 0.42, "message": "…"}` lines. Progress is a courtesy:
/// where it can't be written, the run goes on without it, and where nobody
/// reads a full pipe, the line is dropped rather than waited for.
#[derive(Debug)]
pub struct ProgressWriter {
    file: Option<File>,
    last: Option<Duration>,
}

impl ProgressWriter {
    /// Progress that nobody wants.
    #[must_use]
    pub fn silent() -> Self {
        Self {
            file: None,
            last: None,
        }
    }

    /// Progress appended to a file or named pipe.
    #[must_use]
    pub fn to(path: &Path) -> Self {
        // A pipe without a reader fails at once instead of holding up the run.
        let nonblocking = rustix::fs::OFlags::NONBLOCK.bits() as i32;
        let file = OpenOptions::new()
            .append(true)
            .create(true)
            .custom_flags(nonblocking)
            .open(path);
        Self {
            file: file.ok(),
            last: None,
        }
    }

    /// Writes a line, unless the last one was less than a quarter of a second
    /// ago. `elapsed` is the time since the program started.
    pub fn report(&mut self, elapsed: Duration, fraction: f64, message: impl FnOnce() -> String) {
        if self
            .last
            .is_some_and(|last| elapsed.saturating_sub(last) < INTERVAL)
        {
            return;
        }
        self.last = Some(elapsed);
        self.write(fraction, &message());
    }

    /// Writes the last line, however short ago the one before was.
    pub fn finish(&mut self, message: &str) {
        self.write(1.0, message);
    }

    fn write(&mut self, fraction: f64, message: &str) {
        if let Some(file) = &mut self.file {
            let line = format!("{}\n", json!({"progress": fraction, "message": message}));
            // One write per line, so that lines of a pipe stay whole.
            let _ = file.write_all(line.as_bytes());
        }
    }
}

/// A whole number with thousands separated, as in `21,000`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}
