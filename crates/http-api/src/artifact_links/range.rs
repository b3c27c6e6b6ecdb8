//! One range of bytes, as RFC 9110 writes it.

use batchway_application::RequestError;
use batchway_domain::ports::ByteRange;
use poem::http::{HeaderMap, header};

use crate::problem::Problem;

/// What a `Range` header asks for, before the size is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Wanted {
    /// From this byte up to and with that one, or to the end.
    From { start: u64, last: Option<u64> },
    /// The last so many.
    Suffix(u64),
}

impl Wanted {
    /// What the header asks for. `None` where there is none, or one that is ignored: other units,
    /// several ranges, or nonsense, all of which RFC 9110 answers with the whole.
    pub(super) fn of(headers: &HeaderMap) -> Option<Self> {
        let text = headers.get(header::RANGE)?.to_str().ok()?;
        let (unit, range) = text.split_once('=')?;
        let (start, last) = range.trim().split_once('-')?;
        let number = |text: &str| {
            text.bytes()
                .all(|b| b.is_ascii_digit())
                .then(|| text.parse().ok())?
        };
        match (unit.eq_ignore_ascii_case("bytes"), start, last) {
            (false, _, _) | (_, "", "") => None,
            (_, "", length) => Some(Self::Suffix(number(length)?)),
            (_, start, "") => Some(Self::From {
                start: number(start)?,
                last: None,
            }),
            (_, start, last) => {
                let (start, last) = (number(start)?, number(last)?);
                (start <= last).then_some(Self::From {
                    start,
                    last: Some(last),
                })
            }
        }
    }

    /// The bytes of an object of this size.
    pub(super) fn within(self, size: u64) -> Result<ByteRange, Problem> {
        let (start, end) = match self {
            Self::From { start, last } => (start, last.map_or(size, |last| last.saturating_add(1))),
            Self::Suffix(length) => (size.saturating_sub(length), size),
        };
        if start < size {
            Ok(ByteRange {
                start,
                end: end.min(size),
            })
        } else {
            Err(RequestError::RangeNotSatisfiable { size }.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(text: &str) -> Option<Result<(u64, u64), ()>> {
        let headers = HeaderMap::from_iter([(header::RANGE, text.parse().unwrap())]);
        let within = |wanted: Wanted| wanted.within(10).map_err(|_| ());
        Wanted::of(&headers).map(|wanted| within(wanted).map(|range| (range.start, range.end)))
    }

    #[test]
    fn one_range_is_understood() {
        assert_eq!(range("bytes=0-3"), Some(Ok((0, 4))));
        assert_eq!(range("bytes=4-"), Some(Ok((4, 10))));
        assert_eq!(range("Bytes=8-100"), Some(Ok((8, 10))));
        assert_eq!(range("bytes=-3"), Some(Ok((7, 10))));
        assert_eq!(range("bytes=-100"), Some(Ok((0, 10))));
        assert_eq!(range("bytes=9-18446744073709551615"), Some(Ok((9, 10))));
    }

    #[test]
    fn what_begins_after_the_end_is_not_satisfiable() {
        for text in ["bytes=10-", "bytes=10-11", "bytes=-0"] {
            assert_eq!(range(text), Some(Err(())), "{text}");
        }
    }

    #[test]
    fn what_can_not_be_served_as_one_range_is_ignored() {
        for text in [
            "bytes=0-1,3-4",
            "items=0-1",
            "bytes=3-1",
            "bytes=-",
            "bytes=a-b",
            "bytes",
            "bytes=+1-2",
            "bytes=0-99999999999999999999",
        ] {
            assert_eq!(range(text), None, "{text}");
        }
    }
}
