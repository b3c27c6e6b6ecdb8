//! Points in time, always handed in by a caller: the domain has no clock.

use std::fmt;
use std::time::Duration;

use jiff::civil::DateTime;
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

    /// Reads an RFC 3339 date and time with an offset, such as `2026-03-01T12:00:00Z`, and brings
    /// it into the range from [`Timestamp::EPOCH`] to [`Timestamp::MAX`]. What is finer than a
    /// millisecond is cut off.
    ///
    /// # Errors
    /// [`InvalidTimestamp`] where the text is something else, such as one of the forms that
    /// ISO 8601 has besides.
    pub fn parse_rfc3339(text: &str) -> Result<Self, InvalidTimestamp> {
        let (time, offset) = text
            .rfind(['Z', 'z', '+', '-'])
            .map(|at| text.split_at(at))
            .ok_or(InvalidTimestamp)?;
        let offset = offset_in_minutes(offset).ok_or(InvalidTimestamp)?;
        let local = local_millis(time).ok_or(InvalidTimestamp)?;
        Ok(Self::from_millis(local - offset * 60_000))
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

/// Milliseconds from the epoch to a date and time, both of the same offset.
fn local_millis(time: &str) -> Option<i64> {
    let (seconds, fraction) = time.split_at(time.find('.').unwrap_or(time.len()));
    let is_fraction = fraction.strip_prefix('.').is_none_or(|digits| {
        !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())
    });
    if !is_fraction || !has_form(seconds, "0000-00-00T00:00:00") {
        return None;
    }
    // The point and three digits.
    let millis = fraction.get(..4).unwrap_or(fraction);
    let local: DateTime = format!("{seconds}{millis}").parse().ok()?;
    let epoch = DateTime::constant(1970, 1, 1, 0, 0, 0, 0);
    i64::try_from(local.duration_since(epoch).as_millis()).ok()
}

fn offset_in_minutes(offset: &str) -> Option<i64> {
    let Some(span) = offset.strip_prefix(['+', '-']) else {
        return has_form(offset, "Z").then_some(0);
    };
    let (hours, minutes) = span.split_once(':').filter(|_| has_form(span, "00:00"))?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let sign = if offset.starts_with('-') { -1 } else { 1 };
    (hours < 24 && minutes < 60).then_some(sign * (hours * 60 + minutes))
}

/// A zero stands for any digit, a letter for itself in either case.
fn has_form(text: &str, form: &str) -> bool {
    text.len() == form.len()
        && text
            .bytes()
            .zip(form.bytes())
            .all(|(byte, form)| match form {
                b'0' => byte.is_ascii_digit(),
                _ => byte.eq_ignore_ascii_case(&form),
            })
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
            "20260301T120000Z",
            "2026-03-01T12Z",
            "2026-03-01T12:00Z",
            "2026-03-01 12:00:00Z",
            "2026-03-01T12:00:00+01",
            "2026-03-01T12:00:00+01:00:30",
            "2026-03-01T12:00:00+24:00",
            "2026-03-01T12:00:00+00:60",
            "2026-03-01T12:00:00Z00:00",
            "2026-03-01T12:00:00Z[UTC]",
            "2026-03-01T12:00:00,5Z",
            "2026-03-01T12:00:00.Z",
            "+002026-03-01T12:00:00Z",
            "2026-02-29T12:00:00Z",
            "２０２６-03-01T12:00:00Z",
        ] {
            assert_eq!(
                Timestamp::parse_rfc3339(text),
                Err(InvalidTimestamp),
                "{text}"
            );
        }
    }

    #[test]
    fn what_rfc_3339_has_is_read_and_brought_into_the_range() {
        for (text, millis) in [
            ("1970-01-01t00:00:01z", 1_000),
            ("1970-01-01T00:00:00.1234567891234-00:00", 123),
            ("1970-01-02T00:00:00.5+23:59", 60_500),
            ("0000-01-01T00:00:00Z", 0),
            ("0001-01-01T00:00:00+10:00", 0),
            ("9999-12-31T23:59:59-23:59", Timestamp::MAX.0),
        ] {
            let read = Timestamp::parse_rfc3339(text);
            assert_eq!(read, Ok(Timestamp(millis)), "{text}");
        }
    }

    #[test]
    fn arithmetic_saturates() {
        assert_eq!(Timestamp::MAX.plus(Duration::from_secs(1)), Timestamp::MAX);
        assert_eq!(Timestamp::EPOCH.minus(Duration::MAX), Timestamp::EPOCH);
        assert_eq!(Timestamp::EPOCH.since(Timestamp::MAX), Duration::ZERO);
    }
}
