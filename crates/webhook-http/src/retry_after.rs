//! `Retry-After`: RFC 9110, section 10.2.3.

use std::time::{Duration, UNIX_EPOCH};

use batchway_domain::Timestamp;
use batchway_domain::webhooks::RetryAfter;
use hyper::HeaderMap;
use hyper::header::RETRY_AFTER;

/// What a receiver asks for, where it says it in one of the two ways that there are.
pub(crate) fn of(headers: &HeaderMap) -> Option<RetryAfter> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) {
        // More than a number can hold is as long as can be.
        let seconds = text.parse().unwrap_or(u64::MAX);
        return Some(RetryAfter::Delay(Duration::from_secs(seconds)));
    }
    let date = httpdate::parse_http_date(text).ok()?;
    let since_epoch = date.duration_since(UNIX_EPOCH).ok()?;
    Some(RetryAfter::At(Timestamp::EPOCH.plus(since_epoch)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &'static str) -> Option<RetryAfter> {
        let mut headers = HeaderMap::new();
        headers.insert(RETRY_AFTER, text.parse().unwrap());
        of(&headers)
    }

    #[test]
    fn seconds_and_dates_are_understood() {
        let seconds = |seconds| Some(RetryAfter::Delay(Duration::from_secs(seconds)));
        assert_eq!(read("0"), seconds(0));
        assert_eq!(read("120"), seconds(120));
        assert_eq!(read(" 007 "), seconds(7));
        assert_eq!(read("99999999999999999999999999"), seconds(u64::MAX));
        let date = Some(RetryAfter::At(Timestamp::from_millis(784_111_777_000)));
        // The three forms of RFC 9110, section 5.6.7.
        assert_eq!(read("Sun, 06 Nov 1994 08:49:37 GMT"), date);
        assert_eq!(read("Sunday, 06-Nov-94 08:49:37 GMT"), date);
        assert_eq!(read("Sun Nov  6 08:49:37 1994"), date);
    }

    #[test]
    fn anything_else_is_as_if_it_were_not_there() {
        for text in [
            "",
            "soon",
            "-1",
            "1.5",
            "+5",
            "1e9",
            "0x10",
            "12 s",
            "2026-03-01T12:00:00Z",
            "Sun, 99 Nov 1994 08:49:37 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET",
        ] {
            assert_eq!(read(text), None, "{text}");
        }
        assert_eq!(of(&HeaderMap::new()), None);
    }
}
