//! Parameters of queries, each with its limits, its place in the document, and a sentence for
//! those who get it wrong.

use std::borrow::Cow;
use std::time::Duration;

use batchway_application::use_cases::MAX_LOG_LINES;
use batchway_domain::Timestamp;
use batchway_domain::identity::{IdempotencyKey, JobTypeName};
use batchway_domain::job::JobStatus;
use poem_openapi::registry::{MetaSchema, MetaSchemaRef};
use poem_openapi::types::{ParseError, ParseFromParameter, ParseResult, ToJSON, Type};
use serde_json::{Value, json};

use crate::scalars::StatusWord;

/// The most jobs of a page.
pub(crate) const MAX_PAGE_SIZE: usize = 100;

/// How many jobs a page has where nothing is said.
pub(crate) const DEFAULT_PAGE_SIZE: usize = 20;

/// The longest that a GET waits.
pub(crate) const MAX_WAIT: Duration = Duration::from_secs(60);

fn inline(schema: MetaSchema) -> MetaSchemaRef {
    MetaSchemaRef::Inline(Box::new(schema))
}

macro_rules! parameter {
    ($(#[$doc:meta])* $name:ident($inner:ty), $schema:expr, $parse:expr) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq)]
        pub(crate) struct $name(pub(crate) $inner);

        impl Type for $name {
            const IS_REQUIRED: bool = true;
            type RawValueType = Self;
            type RawElementValueType = Self;

            fn name() -> Cow<'static, str> {
                stringify!($name).into()
            }

            fn schema_ref() -> MetaSchemaRef {
                $schema
            }

            fn as_raw_value(&self) -> Option<&Self> {
                Some(self)
            }

            fn raw_element_iter<'a>(&'a self) -> Box<dyn Iterator<Item = &'a Self> + 'a> {
                Box::new(std::iter::once(self))
            }
        }

        impl ParseFromParameter for $name {
            fn parse_from_parameter(text: &str) -> ParseResult<Self> {
                let parse: fn(&str) -> Result<$inner, String> = $parse;
                parse(text).map(Self).map_err(ParseError::custom)
            }
        }
    };
}

parameter!(
    /// How many jobs of a list.
    PageSize(usize),
    inline(MetaSchema {
        minimum: Some(1.0),
        maximum: Some(MAX_PAGE_SIZE as f64),
        ..MetaSchema::new("integer")
    }),
    |text| match text.parse() {
        Ok(size) if (1..=MAX_PAGE_SIZE).contains(&size) => Ok(size),
        _ => Err(format!("is a whole number from 1 to {MAX_PAGE_SIZE}")),
    }
);

impl Default for PageSize {
    fn default() -> Self {
        Self(DEFAULT_PAGE_SIZE)
    }
}

impl ToJSON for PageSize {
    fn to_json(&self) -> Option<Value> {
        Some(json!(self.0))
    }
}

parameter!(
    /// How long a GET waits for news.
    Wait(Duration),
    inline(MetaSchema {
        pattern: Some("^0*(([0-9]|[1-5][0-9]|60)s?|[01]m)$".to_owned()),
        ..MetaSchema::new("string")
    }),
    |text| {
        let (number, unit) = match (text.strip_suffix('s'), text.strip_suffix('m')) {
            (Some(seconds), _) => (seconds, 1),
            (None, Some(minutes)) => (minutes, 60),
            (None, None) => (text, 1),
        };
        let is_number = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        let seconds = number.parse::<u64>().ok().filter(|_| is_number);
        seconds
            .and_then(|seconds| seconds.checked_mul(unit))
            .map(Duration::from_secs)
            .filter(|wait| *wait <= MAX_WAIT)
            .ok_or_else(|| {
                let most = MAX_WAIT.as_secs();
                format!("is a duration such as 30s, 1m or 30 (seconds), at most {most}s")
            })
    }
);

parameter!(
    /// Which attempt of a job.
    AttemptNumber(u32),
    inline(MetaSchema {
        minimum: Some(1.0),
        maximum: Some(f64::from(u32::MAX)),
        ..MetaSchema::new_with_format("integer", "uint32")
    }),
    |text| match text.parse() {
        Ok(number) if number > 0 => Ok(number),
        _ => Err("is a whole number from 1".to_owned()),
    }
);

parameter!(
    /// How many of the last lines of a log.
    TailLength(usize),
    inline(MetaSchema {
        minimum: Some(1.0),
        maximum: Some(MAX_LOG_LINES as f64),
        ..MetaSchema::new("integer")
    }),
    |text| match text.parse() {
        Ok(lines) if (1..=MAX_LOG_LINES).contains(&lines) => Ok(lines),
        _ => Err(format!("is a whole number from 1 to {MAX_LOG_LINES}")),
    }
);

parameter!(
    /// Where a page begins. Whether it was given out here is the application's to know.
    Cursor(String),
    inline(MetaSchema {
        min_length: Some(1),
        ..MetaSchema::new("string")
    }),
    |text| Ok(text.to_owned())
);

parameter!(
    /// A point in time.
    Time(Timestamp),
    inline(MetaSchema::new_with_format("string", "date-time")),
    |text| Timestamp::parse_rfc3339(text).map_err(|_| {
        "is an RFC 3339 date and time with an offset, such as 2026-03-01T12:00:00Z (write a + in \
         an offset as %2B)"
            .to_owned()
    })
);

parameter!(
    /// One of the five words.
    Status(JobStatus),
    StatusWord::schema_ref(),
    |text| text.parse().map_err(|_| {
        let words: Vec<&str> = JobStatus::ALL.iter().map(|status| status.as_str()).collect();
        format!("is one of {}", words.join(", "))
    })
);

parameter!(
    /// The name of a job type; whether there is such a type is not asked.
    TypeName(JobTypeName),
    inline(MetaSchema {
        pattern: Some("^[a-z][a-z0-9_]{0,63}$".to_owned()),
        ..MetaSchema::new("string")
    }),
    |text| text.parse().map_err(|_| JobTypeName::RULE.to_owned())
);

parameter!(
    /// An idempotency key as a header.
    Key(IdempotencyKey),
    inline(MetaSchema {
        min_length: Some(1),
        max_length: Some(255),
        pattern: Some("^[!-~]+$".to_owned()),
        ..MetaSchema::new("string")
    }),
    |text| text.parse().map_err(|_| IdempotencyKey::RULE.to_owned())
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_are_durations_up_to_a_minute() {
        let seconds = |text| {
            Wait::parse_from_parameter(text)
                .ok()
                .map(|wait| wait.0.as_secs())
        };
        for (text, expected) in [("30s", 30), ("1m", 60), ("45", 45), ("0", 0), ("060s", 60)] {
            assert_eq!(seconds(text), Some(expected), "{text}");
        }
        let endless = "9".repeat(40);
        for bad in [
            "", "s", "m", "61", "61s", "2m", "1h", "-1", "+5", "1.5s", "30 s", "1m30s", &endless,
        ] {
            assert_eq!(seconds(bad), None, "{bad}");
        }
    }

    #[test]
    fn a_page_has_from_one_to_a_hundred_jobs() {
        let size = |text| PageSize::parse_from_parameter(text).ok().map(|size| size.0);
        assert_eq!((size("1"), size("100")), (Some(1), Some(100)));
        for bad in ["0", "101", "-1", "ten", "", "1.0", "99999999999999999999"] {
            assert_eq!(size(bad), None, "{bad}");
        }
    }
}
