//! What attempts wrote, as CloudWatch Logs gives it: one stream for each attempt.
//!
//! The fake answers `GetLogEvents` and `DescribeLogStreams` on the port of AWS Batch, with the
//! tokens of the real one: at the end of a stream the token comes back unchanged.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::{Value, json};

use super::time::Clock;
use crate::{ApiError, Millis};

/// The most events in one answer.
const MOST_EVENTS: usize = 10_000;

/// The most bytes in one answer, and what an event counts beyond its text.
const MOST_BYTES: usize = 1_048_576;
const BYTES_OF_AN_EVENT: usize = 26;

/// The most lines that are kept of one attempt; what comes later is lost.
const MOST_KEPT: usize = 200_000;

/// Digits in a token, as many as AWS writes.
const TOKEN_DIGITS: usize = 56;

#[derive(Debug)]
struct Event {
    at: Millis,
    text: String,
}

/// All streams there are. They are never removed.
#[derive(Debug)]
pub(super) struct LogStreams {
    clock: Arc<Clock>,
    streams: Mutex<HashMap<String, Vec<Event>>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct GetLogEvents {
    log_stream_name: String,
    #[serde(default)]
    log_group_name: Option<String>,
    #[serde(default)]
    log_group_identifier: Option<String>,
    #[serde(default)]
    start_from_head: bool,
    limit: Option<usize>,
    next_token: Option<String>,
    start_time: Option<i64>,
    end_time: Option<i64>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DescribeLogStreams {
    log_stream_name_prefix: Option<String>,
}

impl LogStreams {
    pub(super) fn new(clock: Arc<Clock>) -> Self {
        Self {
            clock,
            streams: Mutex::default(),
        }
    }

    /// A stream is there from the start of its attempt, before the first line.
    pub(super) fn open(&self, stream: &str) {
        self.with(|streams| streams.entry(stream.to_owned()).or_default().len());
    }

    pub(super) fn append(&self, stream: &str, text: String) {
        let at = self.clock.now();
        self.with(|streams| {
            let events = streams.entry(stream.to_owned()).or_default();
            if events.len() < MOST_KEPT {
                events.push(Event { at, text });
            }
        });
    }

    /// The lines of a stream, one under the other.
    pub(super) fn text(&self, stream: &str) -> Option<String> {
        self.with(|streams| {
            let events = streams.get(stream)?;
            Some(
                events
                    .iter()
                    .map(|event| format!("{}\n", event.text))
                    .collect(),
            )
        })
    }

    /// Answers an action of CloudWatch Logs.
    pub(super) fn answer(&self, action: &str, body: &[u8]) -> Result<Value, ApiError> {
        match action {
            "GetLogEvents" => self.get_log_events(&parse(body)?),
            "DescribeLogStreams" => Ok(self.describe_log_streams(&parse(body)?)),
            other => Err(ApiError {
                status: 400,
                code: "UnknownOperationException",
                message: format!("The fake of AWS Batch has no {other}."),
            }),
        }
    }

    fn get_log_events(&self, asked: &GetLogEvents) -> Result<Value, ApiError> {
        if asked.log_group_name.is_none() && asked.log_group_identifier.is_none() {
            return Err(invalid(
                "Either logGroupName or logGroupIdentifier is needed.",
            ));
        }
        self.with(|streams| {
            let events = streams.get(&asked.log_stream_name).ok_or_else(no_stream)?;
            let is_in_time = |event: &Event| {
                asked.start_time.is_none_or(|start| event.at.0 >= start)
                    && asked.end_time.is_none_or(|end| event.at.0 < end)
            };
            let events: Vec<&Event> = events.iter().filter(|event| is_in_time(event)).collect();
            let limit = asked.limit.unwrap_or(MOST_EVENTS).clamp(1, MOST_EVENTS);
            let page = match asked.next_token.as_deref().map(Place::parse) {
                None if asked.start_from_head => forward(&events, 0, limit),
                None => backward(&events, events.len(), limit),
                Some(Some(Place::Forward(from))) => forward(&events, from, limit),
                Some(Some(Place::Backward(to))) => backward(&events, to, limit),
                Some(None) => return Err(invalid("The specified nextToken is invalid.")),
            };
            let shown = |event: &&Event| {
                json!({"timestamp": event.at.0, "ingestionTime": event.at.0, "message": event.text})
            };
            Ok(json!({
                "events": events[page.clone()].iter().map(shown).collect::<Vec<_>>(),
                "nextForwardToken": token('f', page.end),
                "nextBackwardToken": token('b', page.start),
            }))
        })
    }

    fn describe_log_streams(&self, asked: &DescribeLogStreams) -> Value {
        let prefix = asked.log_stream_name_prefix.as_deref().unwrap_or_default();
        self.with(|streams| {
            let mut names: Vec<&String> = streams
                .keys()
                .filter(|name| name.starts_with(prefix))
                .collect();
            names.sort_unstable();
            let shown = names
                .into_iter()
                .map(|name| json!({ "logStreamName": name }));
            json!({ "logStreams": shown.collect::<Vec<_>>() })
        })
    }

    fn with<T>(&self, look: impl FnOnce(&mut HashMap<String, Vec<Event>>) -> T) -> T {
        look(&mut self.streams.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// A place between two events, by how many are before it, and which way to read from there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Place {
    Forward(usize),
    Backward(usize),
}

impl Place {
    fn parse(token: &str) -> Option<Self> {
        let (way, number) = token.strip_suffix("/s")?.split_once('/')?;
        let number = number.parse().ok()?;
        match way {
            "f" => Some(Self::Forward(number)),
            "b" => Some(Self::Backward(number)),
            _ => None,
        }
    }
}

fn token(way: char, place: usize) -> String {
    format!("{way}/{place:0TOKEN_DIGITS$}/s")
}

fn forward(events: &[&Event], from: usize, limit: usize) -> std::ops::Range<usize> {
    let from = from.min(events.len());
    from..from + fitting(events[from..].iter(), limit)
}

fn backward(events: &[&Event], to: usize, limit: usize) -> std::ops::Range<usize> {
    let to = to.min(events.len());
    to - fitting(events[..to].iter().rev(), limit)..to
}

/// How many of these events go into one answer.
fn fitting<'a>(events: impl Iterator<Item = &'a &'a Event>, limit: usize) -> usize {
    let mut bytes = 0;
    events
        .take(limit)
        .take_while(|event| {
            bytes += event.text.len() + BYTES_OF_AN_EVENT;
            bytes <= MOST_BYTES
        })
        .count()
}

fn parse<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, ApiError> {
    serde_json::from_slice(body).map_err(|error| invalid(&error.to_string()))
}

fn invalid(message: &str) -> ApiError {
    ApiError {
        status: 400,
        code: "InvalidParameterException",
        message: message.to_owned(),
    }
}

fn no_stream() -> ApiError {
    ApiError {
        status: 400,
        code: "ResourceNotFoundException",
        message: "The specified log stream does not exist.".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::server::time::Time;

    fn streams(lines: usize) -> LogStreams {
        let clock = Clock::new(Time::ByHand(Millis(1_772_366_400_000)));
        let streams = LogStreams::new(Arc::new(clock));
        streams.open("s");
        for number in 0..lines {
            streams.append("s", format!("line {number}"));
        }
        streams
    }

    fn get(streams: &LogStreams, more: Value) -> Value {
        let mut asked = json!({"logGroupName": "/aws/batch/job", "logStreamName": "s"});
        for (name, value) in more.as_object().unwrap() {
            asked[name] = value.clone();
        }
        let answer = streams.answer("GetLogEvents", asked.to_string().as_bytes());
        answer.unwrap()
    }

    fn texts(page: &Value) -> Vec<&str> {
        let events = page["events"].as_array().unwrap();
        events
            .iter()
            .map(|event| event["message"].as_str().unwrap())
            .collect()
    }

    #[test]
    fn forward_from_the_head_to_a_token_that_stays_the_same() {
        let streams = streams(3);
        let first = get(&streams, json!({"startFromHead": true, "limit": 2}));
        assert_eq!(texts(&first), ["line 0", "line 1"]);
        let rest = get(&streams, json!({"nextToken": first["nextForwardToken"]}));
        assert_eq!(texts(&rest), ["line 2"]);
        let end = get(&streams, json!({"nextToken": rest["nextForwardToken"]}));
        assert_eq!(texts(&end), [""; 0]);
        assert_eq!(end["nextForwardToken"], rest["nextForwardToken"]);
    }

    #[test]
    fn the_tail_leads_back_and_on() {
        let streams = streams(3);
        let tail = get(&streams, json!({"limit": 1}));
        assert_eq!(texts(&tail), ["line 2"]);
        let before = get(
            &streams,
            json!({"nextToken": tail["nextBackwardToken"], "limit": 9}),
        );
        assert_eq!(texts(&before), ["line 0", "line 1"]);
        streams.append("s", "line 3".to_owned());
        let on = get(&streams, json!({"nextToken": tail["nextForwardToken"]}));
        assert_eq!(texts(&on), ["line 3"]);
    }

    #[test]
    fn an_answer_holds_a_mebibyte_at_most() {
        let streams = streams(0);
        for _ in 0..3 {
            streams.append("s", "x".repeat(400_000));
        }
        let first = get(&streams, json!({"startFromHead": true}));
        assert_eq!(texts(&first).len(), 2);
    }

    #[test]
    fn no_stream_and_no_token_of_ours_are_refused() {
        let streams = streams(1);
        for (asked, code) in [
            (
                json!({"logGroupName": "g", "logStreamName": "other"}),
                "ResourceNotFoundException",
            ),
            (
                json!({"logGroupName": "g", "logStreamName": "s", "nextToken": "f/x"}),
                "InvalidParameterException",
            ),
            (json!({"logStreamName": "s"}), "InvalidParameterException"),
        ] {
            let answer = streams.answer("GetLogEvents", asked.to_string().as_bytes());
            assert_eq!(answer.unwrap_err().code, code);
        }
    }
}
