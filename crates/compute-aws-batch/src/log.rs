//! What programs wrote, out of CloudWatch Logs.
//!
//! Each attempt has a log stream, whose name DescribeJobs tells from RUNNING on. GetLogEvents
//! gives no end: the end is where the token that it answers with is the one that it was given,
//! and a page may be empty before that. It takes 10 to 25 calls a second from a whole account.

use aws_sdk_batch::types::{AttemptDetail, ContainerDetail, JobDetail, JobStatus, LogDriver};
use aws_sdk_cloudwatchlogs::Client;
use aws_sdk_cloudwatchlogs::error::ProvideErrorMetadata;
use aws_sdk_cloudwatchlogs::operation::get_log_events::GetLogEventsOutput;
use aws_sdk_cloudwatchlogs::types::OutputLogEvent;
use batchway_domain::Timestamp;
use batchway_domain::ports::{LogCursor, LogError, LogLine, LogPage, LogPosition};

use crate::call::CallFailure;
use crate::description::moment;

/// Where AWS Batch writes unless the job definition names another group.
const DEFAULT_GROUP: &str = "/aws/batch/job";

/// The most that one call gives.
const MOST_EVENTS: usize = 10_000;

/// How many empty pages are passed over for one page of ours.
const MOST_EMPTY_PAGES: usize = 20;

/// What a token that leads forward begins with.
const FORWARD: &str = "f/";

/// The cursor before the first line, where no token was given yet.
const BEGINNING: &str = "beginning";

const ACTION: &str = "logs:GetLogEvents";

/// A log stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Stream {
    group: String,
    name: String,
    /// Whether its attempt may still write, so that there may be a stream later.
    is_open: bool,
}

/// The stream of an attempt, from 1.
pub(crate) fn stream_of(job: &JobDetail, attempt: u32) -> Result<Stream, LogError> {
    let no_log = |reason: String| LogError::NoLog { reason };
    let container = job.container();
    let group = group_of(container)?;
    let listed = job.attempts();
    let index = usize::try_from(attempt)
        .ok()
        .and_then(|number| number.checked_sub(1));
    let listed_attempt = index.and_then(|index| listed.get(index));
    let has_ended = listed_attempt.is_some_and(|attempt| moment(attempt.stopped_at()).is_some());
    // The container of the job is that of its present or last attempt.
    let ended = listed
        .iter()
        .filter(|a| moment(a.stopped_at()).is_some())
        .count();
    let is_running = job.status() == Some(&JobStatus::Running);
    let is_last = index
        == Some(if is_running {
            ended
        } else {
            listed.len().max(1) - 1
        });
    let of_job = container
        .filter(|_| is_last && moment(job.started_at()).is_some())
        .and_then(ContainerDetail::log_stream_name);
    let name = listed_attempt
        .and_then(AttemptDetail::container)
        .and_then(|container| container.log_stream_name())
        .or(of_job)
        .filter(|name| !name.is_empty())
        .ok_or_else(|| no_log(format!("attempt {attempt} has written nothing so far")))?;
    Ok(Stream {
        group,
        name: name.to_owned(),
        is_open: is_last && is_running && !has_ended,
    })
}

fn group_of(container: Option<&ContainerDetail>) -> Result<String, LogError> {
    let Some(configuration) = container.and_then(ContainerDetail::log_configuration) else {
        return Ok(DEFAULT_GROUP.to_owned());
    };
    match configuration.log_driver() {
        None | Some(LogDriver::Awslogs) => {
            let group = configuration
                .options()
                .and_then(|options| options.get("awslogs-group"));
            Ok(group.cloned().unwrap_or_else(|| DEFAULT_GROUP.to_owned()))
        }
        Some(other) => Err(LogError::NoLog {
            reason: format!(
                "the job definition sends it to {} and not to CloudWatch Logs",
                other.as_str()
            ),
        }),
    }
}

/// Where a call begins.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Place {
    Beginning,
    Token(String),
    Tail,
}

impl Place {
    fn parse(position: LogPosition) -> Result<Self, LogError> {
        match position {
            LogPosition::Start => Ok(Self::Beginning),
            LogPosition::Tail => Ok(Self::Tail),
            LogPosition::After(LogCursor(cursor)) if cursor == BEGINNING => Ok(Self::Beginning),
            LogPosition::After(LogCursor(cursor)) if cursor.starts_with(FORWARD) => {
                Ok(Self::Token(cursor))
            }
            LogPosition::After(_) => Err(LogError::InvalidCursor),
        }
    }
}

/// Whether the position is one that this log could have given.
pub(crate) fn check(position: &LogPosition) -> Result<(), LogError> {
    Place::parse(position.clone()).map(drop)
}

/// A page of a stream: at most `limit` lines, and none only at the end of what is there.
pub(crate) async fn read(
    client: &Client,
    stream: &Stream,
    position: LogPosition,
    limit: usize,
    now: Timestamp,
) -> Result<LogPage, LogError> {
    let reader = Reader {
        client,
        stream,
        limit: i32::try_from(limit.clamp(1, MOST_EVENTS)).unwrap_or(1),
        now,
    };
    match Place::parse(position)? {
        Place::Beginning => reader.forward(None).await,
        Place::Token(token) => reader.forward(Some(token)).await,
        Place::Tail => reader.tail().await,
    }
}

struct Reader<'a> {
    client: &'a Client,
    stream: &'a Stream,
    limit: i32,
    now: Timestamp,
}

impl Reader<'_> {
    async fn forward(&self, mut token: Option<String>) -> Result<LogPage, LogError> {
        for _ in 0..MOST_EMPTY_PAGES {
            let Some(answer) = self.call(token.clone(), true).await? else {
                break;
            };
            let next = answer.next_forward_token().map(str::to_owned);
            let is_end = next.is_none() || next == token;
            token = next.or(token);
            if is_end || !answer.events().is_empty() {
                return Ok(page(&answer, token));
            }
        }
        Ok(LogPage {
            lines: Vec::new(),
            next: cursor(token),
        })
    }

    async fn tail(&self) -> Result<LogPage, LogError> {
        let (mut token, mut after) = (None, None);
        for _ in 0..MOST_EMPTY_PAGES {
            let Some(answer) = self.call(token.clone(), false).await? else {
                break;
            };
            after = after.or_else(|| answer.next_forward_token().map(str::to_owned));
            let next = answer.next_backward_token().map(str::to_owned);
            if next.is_none() || next == token || !answer.events().is_empty() {
                return Ok(page(&answer, after));
            }
            token = next;
        }
        Ok(LogPage {
            lines: Vec::new(),
            next: cursor(after),
        })
    }

    /// `None` where the stream is not there yet.
    async fn call(
        &self,
        token: Option<String>,
        from_head: bool,
    ) -> Result<Option<GetLogEventsOutput>, LogError> {
        let has_token = token.is_some();
        let request = self
            .client
            .get_log_events()
            .log_group_name(&self.stream.group)
            .log_stream_name(&self.stream.name)
            .start_from_head(from_head)
            .limit(self.limit)
            .set_next_token(token);
        let error = match request.send().await {
            Ok(answer) => return Ok(Some(answer)),
            Err(error) => error,
        };
        match error.code() {
            Some("ResourceNotFoundException") if self.stream.is_open => Ok(None),
            Some("ResourceNotFoundException") => Err(LogError::NoLog {
                reason: format!(
                    "CloudWatch Logs has no stream {} in {}",
                    self.stream.name, self.stream.group
                ),
            }),
            Some("InvalidParameterException") if has_token => Err(LogError::InvalidCursor),
            _ => {
                let failure = CallFailure::of(ACTION, true, error);
                Err(failure.into_backend_error(self.now).into())
            }
        }
    }
}

fn page(answer: &GetLogEventsOutput, token: Option<String>) -> LogPage {
    LogPage {
        lines: answer.events().iter().map(line).collect(),
        next: cursor(token),
    }
}

fn cursor(token: Option<String>) -> LogCursor {
    LogCursor(token.unwrap_or_else(|| BEGINNING.to_owned()))
}

/// An event is a line, unless the job definition tells CloudWatch otherwise.
fn line(event: &OutputLogEvent) -> LogLine {
    let text = event.message().unwrap_or_default();
    LogLine {
        at: moment(event.timestamp()),
        text: text.trim_end_matches(['\r', '\n']).to_owned(),
    }
}

#[cfg(test)]
mod tests;
