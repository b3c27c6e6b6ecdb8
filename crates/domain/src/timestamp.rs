//! Points in time, always handed in by a caller: the domain has no clock.

use std::fmt;
use std::time::Duration;

use serde::{Deserialize, Serialize};

/// A point in time with a resolution of one millisecond, in UTC.
///
/// Stored as whole milliseconds since 1970-01-01T00:00:00Z; shown as RFC 3339
/// with three decimals, such as `2026-03-01T12:00:00.250Z`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The earliest point that the gateway deals with: 1970-01-01T00:00:00Z.
    pub const EPOCH: Self = Self(0);

    /// The latest point that can be written down: 9999-12-30T22:00:00Z, the end of RFC 3339
    /// less the widest offset of a time zone.
    pub const MAX: Self = Self(253_402_207_200_000);

    /// A point given in milliseconds since the epoch, brought into the range
    /// from [`Timestamp::EPOCH`] to [`Timestamp::MAX`].
    pub fn from_millis(millis: i64) -> Self {
        Self(millis.clamp(Self::EPOCH.0, Self::MAX.0))
    }

    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since 1970-01-01T00:00:00Z, rounded down.
    pub const fn as_secs(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// Reads an RFC 3339 date and time with an offset, such as `2026-03-01T12:00:00Z`.
    /// What is finer than a millisecond is cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] where the text is something else, or outside the range.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidTimestamp> {
        let instant: jiff::Timestamp = text.parse().map_err(|_| InvalidTimestamp)?;
        let millis = instant.as_millisecond();
        if (Self::EPOCH.0..=Self::MAX.0).contains(&millis) {
            Ok(Self(millis))
        } else {
            Err(InvalidTimestamp)
        }
    }

    /// The point `span` later, at most [`Timestamp::MAX`].
    #[must_use]
    pub fn plus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_add(millis))
    }

    /// The point `span` earlier, at least [`Timestamp::EPOCH`].
    #[must_use]
    pub fn minus(self, span: Duration) -> Self {
        let millis = i64::try_from(span.as_millis()).unwrap_or(i64::MAX);
        Self::from_millis(self.0.saturating_sub(millis))
    }

    /// The time passed since `earlier`; zero where `earlier` is the later one.
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_millis(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }
}

impl fmt::Display for Timestamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let instant = jiff::Timestamp::from_millisecond(self.0).map_err(|_| fmt::Error)?;
        write!(formatter, "{instant:.3}")
    }
}

/// The text is not an RFC 3339 date and time with an offset.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 date and time with an offset, such as 2026-03-01T12:00:00Z")]
pub struct InvalidTimestamp;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_rfc_3339_with_milliseconds() {
        assert_eq!(
            Timestamp::from_millis(1_772_366_400_250).to_string(),
            "2026-03-01T12:00:00.250Z"
        );
        assert_eq!(Timestamp::EPOCH.to_string(), "1970-01-01T00:00:00.000Z");
        assert!(Timestamp::MAX.to_string().starts_with("9999-12-30T"));
    }

    #[test]
    fn reads_offsets_and_refuses_what_has_none() {
        let utc = Timestamp::parse_rfc3339("2026-03-01T12:00:00Z").unwrap();
        assert_eq!(
            Timestamp::parse_rfc3339("2026-03-01T14:00:00+02:00").unwrap(),
            utc
        );
        for text in [
            "",
            "2026-03-01",
            "2026-03-01T12:00:00",
            "yesterday",
            "1960-01-01T00:00:00Z",
        ] {
            assert_eq!(
                Timestamp::parse_rfc3339(text),
                Err(InvalidTimestamp),
                "{text}"
            );
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX.plus(Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH.minus(Duration::MAX), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Duration::ZERO);
    }
}
