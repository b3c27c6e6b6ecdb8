//! `GET /api/v1/jobs/{job_id}/logs`

use batchway_application::Application;
use batchway_application::use_cases::{LogRequest, LogSource, LogStart, LogView};
use batchway_domain::ports::LogLine;
use poem_openapi::param::{Path, Query};
use poem_openapi::{Enum, Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, CALLER, Notes, ONE_JOB, Tag};
use crate::authentication::Caller;
use crate::job_object::EXAMPLE_JOB_ID;
use crate::parameters::{AttemptNumber, Cursor, TailLength};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};
use crate::scalars::DateTime;

pub(crate) struct ReadLogs(pub(super) Application);

/// A page of what one attempt of a job wrote, both streams together.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobLogs")]
struct JobLogsObject {
    /// The job's id.
    job_id: String,
    /// Which start of the job's program wrote this, counted from 1 as in its `attempts`.
    attempt: u32,
    /// Where this was read; null where there is no log.
    #[oai(nullable)]
    source: Option<LogSourceWord>,
    /// Oldest first, at most 1000. None may be there yet: then read on later.
    lines: Vec<LogLineObject>,
    /// The `cursor` of the next page, now or once there is more; null where `complete`.
    #[oai(nullable)]
    next_cursor: Option<String>,
    /// Whether nothing more will come: the attempt has ended, and this is its end.
    complete: bool,
    /// Why there is nothing to read, in a sentence, where there is nothing.
    #[oai(nullable)]
    reason: Option<String>,
}

/// Where a log was read: at the `backend` that runs the program, or in the `archive` beside the
/// job's artifacts, where it is put after the job's end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Enum)]
#[oai(rename = "LogSource", rename_all = "lowercase")]
#[serde(rename_all = "lowercase")]
enum LogSourceWord {
    Backend,
    Archive,
}

/// A line that a program wrote.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "LogLine")]
pub(crate) struct LogLineObject {
    /// When it was written; null where that is not recorded, as of programs on the gateway's own
    /// machine.
    #[oai(nullable)]
    at: Option<DateTime>,
    /// The line, without its end.
    text: String,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl ReadLogs {
    /// Read what a job's program wrote.
    ///
    /// The lines of one attempt, both streams together, from the first on, or the last ones with
    /// `tail`. To follow a program, send `next_cursor` as `cursor`, every few seconds, until
    /// `complete`: each line comes once. A page has at most 1000 lines, and about 1 MiB.
    ///
    /// After the job's end its logs are put beside its artifacts, and stay there. Of a log of
    /// more than 16 MiB the middle is left out then, and a line says how much.
    #[oai(
        path = "/jobs/:job_id/logs",
        method = "get",
        operation_id = "read_logs"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The job's id.
        job_id: Path<String>,
        /// Which start of the job's program, counted from 1 as in its `attempts`; the last one
        /// unless told otherwise. With a cursor, it is the cursor's, and no other is taken.
        attempt: Query<Option<AttemptNumber>>,
        /// Where the page begins: `next_cursor` of the page before. Not together with `tail`.
        cursor: Query<Option<Cursor>>,
        /// Only so many lines, the last ones, 1 to 1000. Not together with `cursor`.
        tail: Query<Option<TailLength>>,
    ) -> Result<Json<JobLogsObject>, Problem> {
        let from = match (cursor.0, tail.0) {
            (Some(_), Some(_)) => return Err(two_beginnings()),
            (Some(cursor), None) => LogStart::After(cursor.0),
            (None, Some(tail)) => LogStart::Tail(tail.0),
            (None, None) => LogStart::Beginning,
        };
        let attempt = attempt.0.map(|number| number.0);
        let request = LogRequest { attempt, from };
        let page = self.0.read_logs(&caller.0, &job_id, request).await?;
        Ok(Json(page.into()))
    }
}

fn two_beginnings() -> Problem {
    Problem::new(
        ProblemKind::InvalidQuery,
        "tail can't be sent together with cursor: a page begins where the one before ended, or so \
         many lines before the end.",
    )
}

impl From<LogView> for JobLogsObject {
    fn from(page: LogView) -> Self {
        Self {
            job_id: page.job_id.to_string(),
            attempt: page.attempt,
            source: page.source.map(LogSourceWord::from),
            lines: page.lines.into_iter().map(LogLineObject::from).collect(),
            complete: page.next_cursor.is_none(),
            next_cursor: page.next_cursor,
            reason: page.reason,
        }
    }
}

impl From<LogSource> for LogSourceWord {
    fn from(source: LogSource) -> Self {
        match source {
            LogSource::Backend => Self::Backend,
            LogSource::Archive => Self::Archive,
        }
    }
}

impl From<LogLine> for LogLineObject {
    fn from(LogLine { at, text }: LogLine) -> Self {
        Self {
            at: at.map(DateTime),
            text,
        }
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "read_logs",
        problems: &[
            ANY,
            CALLER,
            ONE_JOB,
            &[ProblemKind::InvalidCursor, ProblemKind::BackendUnavailable],
        ],
        request: None,
        answers: vec![(
            200,
            json!({
                "job_id": EXAMPLE_JOB_ID,
                "attempt": 1,
                "source": "backend",
                "lines": [
                    {"at": "2026-03-01T12:00:01.350Z", "text": "step 1000 of 50000"},
                    {"at": "2026-03-01T12:00:01.790Z", "text": "step 2000 of 50000"}
                ],
                "next_cursor": "9lAq3QmW5b0ZtYhN7c1dXKq0u8vJfR2sT4yE6wPzUoJ7Im4iOjEsInAiOnsicyI6MH19",
                "complete": false,
                "reason": null
            }),
        )],
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::artifacts::LOG_HEADER;
    use batchway_domain::job::{Attempt, BackendId, Job, JobState};
    use serde_json::{Value, json};

    use crate::test_gateway::TestGateway;

    fn path(id: &impl std::fmt::Display, query: &str) -> String {
        format!("/api/v1/jobs/{id}/logs{query}")
    }

    /// A job that ended, whose archive holds this.
    async fn archived(gateway: &TestGateway, log: &str) -> String {
        let id = gateway.submit().await;
        let set_ended = |job: &mut Job| {
            job.state = JobState::Completed;
            job.completed_at = Some(job.created_at);
            job.attempts = vec![Attempt {
                try_number: 1,
                backend_id: BackendId("gone".to_owned()),
                started_at: Some(job.created_at),
                stopped_at: Some(job.created_at),
                failure: None,
            }];
        };
        gateway.seed(&id, set_ended).await;
        let key = format!("prod/user123/{id}/_batchway/try-1/attempt-1.log");
        gateway.artifacts.insert(&key, format!("{LOG_HEADER}{log}"));
        id.to_string()
    }

    #[tokio::test]
    async fn a_job_that_has_not_started_says_so() {
        let gateway = TestGateway::new();
        let id = gateway.submit().await;
        let answer = gateway.get(&path(&id, "")).await;
        assert_eq!(answer.status, 200);
        let mut page = answer.json();
        let cursor = page["next_cursor"].take();
        let cursor = cursor.as_str().unwrap();
        assert_eq!(
            page,
            json!({
                "job_id": id.as_str(), "attempt": 1, "source": null, "lines": [],
                "next_cursor": null, "complete": false,
                "reason": "The job's program has not been started yet."
            })
        );
        let again = gateway.get(&path(&id, &format!("?cursor={cursor}"))).await;
        assert_eq!(again.json()["reason"], page["reason"]);
    }

    #[tokio::test]
    async fn lines_are_shown_with_their_times_where_these_are_known() {
        let gateway = TestGateway::new();
        let log = "2026-03-01T12:00:01.350Z\tone\n-\ttwo\tand \"three\"\n";
        let id = archived(&gateway, log).await;
        let page = gateway.get(&path(&id, "")).await.json();
        assert_eq!(
            page,
            json!({
                "job_id": id, "attempt": 1, "source": "archive",
                "lines": [
                    {"at": "2026-03-01T12:00:01.350Z", "text": "one"},
                    {"at": null, "text": "two\tand \"three\""}
                ],
                "next_cursor": null, "complete": true, "reason": null
            })
        );
        let tail = gateway.get(&path(&id, "?tail=1")).await.json();
        assert_eq!(tail["lines"], json!([page["lines"][1]]));
        let first = gateway.get(&path(&id, "?attempt=1")).await.json();
        assert_eq!(first, page);
    }

    #[tokio::test]
    async fn queries_that_can_not_be_meant_are_refused() {
        let gateway = TestGateway::new();
        let id = archived(&gateway, "").await;
        for (query, name) in [
            ("attempt=0", "attempt"),
            ("attempt=2", "attempt"),
            ("attempt=one", "attempt"),
            ("attempt=-1", "attempt"),
            ("attempt=4294967296", "attempt"),
            ("tail=0", "tail"),
            ("tail=1001", "tail"),
            ("tail=", "tail"),
            ("tail=1.5", "tail"),
            ("tail=5&cursor=x", "tail"),
            ("tail=5&tail=6", "tail"),
            ("limit=5", "limit"),
        ] {
            let answer = gateway.get(&path(&id, &format!("?{query}"))).await;
            let problem = answer.expect_problem("invalid-query", 400);
            let detail = problem["detail"].as_str().unwrap();
            assert!(detail.starts_with(name), "{query}: {detail}");
        }
        for cursor in ["", "x", "%FF", "AAAA"] {
            let answer = gateway.get(&path(&id, &format!("?cursor={cursor}"))).await;
            answer.expect_problem("invalid-cursor", 400);
        }
    }

    #[tokio::test]
    async fn the_logs_of_others_are_as_absent_as_any() {
        let gateway = TestGateway::new();
        let id = archived(&gateway, "-\tsecret\n").await;
        let stranger = gateway.stranger();
        let theirs = gateway
            .get_as(&stranger, &path(&id, "?attempt=7&cursor=x"))
            .await;
        let mut theirs = theirs.expect_problem("job-not-found", 404);
        let never = id.replace(&id[20..], &"0".repeat(id.len() - 20));
        let other = gateway
            .get_as(&stranger, &path(&never, "?attempt=7&cursor=x"))
            .await;
        let mut other = other.expect_problem("job-not-found", 404);
        for problem in [&mut theirs, &mut other] {
            problem["request_id"] = Value::Null;
        }
        assert_eq!(
            theirs.to_string().replace(&id, "ID"),
            other.to_string().replace(&never, "ID")
        );
    }

    #[tokio::test]
    async fn a_backend_that_does_not_answer_is_a_problem_that_passes() {
        let gateway = TestGateway::new();
        gateway.break_backend();
        let id = gateway.submit().await;
        let set_running = |job: &mut Job| {
            job.attempts = vec![Attempt {
                try_number: 1,
                backend_id: BackendId("copy".to_owned()),
                started_at: Some(job.created_at),
                stopped_at: None,
                failure: None,
            }];
        };
        gateway.seed(&id, set_running).await;
        let answer = gateway.get(&path(&id, "")).await;
        answer.expect_problem("backend-unavailable", 503);
    }
}
