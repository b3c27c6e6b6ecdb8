//! How far the program says it is.

use serde::{Deserialize, Serialize};

use super::text::fit;
use crate::Timestamp;

/// The last report out of the container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Progress {
    /// 0 to 99; 100 belongs to completed jobs alone.
    #[serde(default)]
    pub percent: u8,
    /// The program's own words, at most [`Progress::MAX_MESSAGE_BYTES`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<String>,
    /// The last sign of life of the runner, with or without progress.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heartbeat_at: Option<Timestamp>,
}

impl Progress {
    /// The most that is kept of a message, in bytes of a JSON string.
    pub const MAX_MESSAGE_BYTES: usize = 200;

    /// Whole percent of a fraction, rounded down; what is not a number from 0 to 1 is brought
    /// into that range, and the end of the work is still 99.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 0..=99 before the cast; NaN becomes 0"
    )]
    pub fn percent_of(fraction: f64) -> u8 {
        (fraction * 100.0).clamp(0.0, 99.0) as u8
    }

    /// A message fit to be kept and shown: one line, no control characters, cut to size.
    pub fn clean_message(text: &str) -> String {
        fit(
            text.lines().next().unwrap_or_default(),
            Self::MAX_MESSAGE_BYTES,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fractions_of_all_kinds_become_whole_percent_below_a_hundred() {
        let cases = [
            (0.0, 0),
            (0.429, 42),
            (1.0, 99),
            (7.0, 99),
            (-1.0, 0),
            (f64::NAN, 0),
            (f64::INFINITY, 99),
        ];
        for (fraction, percent) in cases {
            assert_eq!(Progress::percent_of(fraction), percent, "{fraction}");
        }
    }

    #[test]
    fn messages_are_one_clean_line() {
        assert_eq!(
            Progress::clean_message("step 1\u{1b}[31m of 2\nsecret"),
            "step 1[31m of 2"
        );
        assert!(Progress::clean_message(&"é".repeat(500)).len() <= Progress::MAX_MESSAGE_BYTES);
        assert_eq!(Progress::clean_message(""), "");
    }
}
