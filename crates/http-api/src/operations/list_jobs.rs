//! `GET /api/v1/jobs`

use batchway_application::Application;
use batchway_application::use_cases::ListRequest;
use poem_openapi::param::Query;
use poem_openapi::{Object, OpenApi};
use serde::Serialize;
use serde_json::json;

use super::{ANY, API_PREFIX, CALLER, Notes, Tag};
use crate::authentication::Caller;
use crate::document::example_cursor;
use crate::job_examples::running_job;
use crate::job_object::JobObject;
use crate::parameters::{Cursor, PageSize, Status, Time, TypeName};
use crate::payload::Json;
use crate::problem::{Problem, ProblemKind};

pub(crate) struct ListJobs(pub(super) Application);

/// A page of jobs.
#[derive(Debug, Serialize, Object)]
#[oai(rename = "JobList")]
struct JobListObject {
    /// Newest first.
    jobs: Vec<JobObject>,
    /// The `cursor` of the next page; null on the last.
    #[oai(nullable)]
    next_cursor: Option<String>,
}

#[OpenApi(prefix_path = API_PREFIX, tag = "Tag::Jobs")]
impl ListJobs {
    /// List your jobs.
    ///
    /// Only the caller's own, newest first, each as `GET /api/v1/jobs/{job_id}` shows it. All
    /// filters hold together. For the next page send `next_cursor` as `cursor`, with the same
    /// filters; jobs that were accepted meanwhile don't move the pages.
    #[oai(path = "/jobs", method = "get", operation_id = "list_jobs")]
    #[expect(
        clippy::too_many_arguments,
        reason = "each is a parameter of the query"
    )]
    async fn handle(
        &self,
        caller: Caller,
        /// The most jobs of a page, 1 to 100.
        #[oai(default)]
        limit: Query<PageSize>,
        /// Where the page begins: `next_cursor` of the page before.
        cursor: Query<Option<Cursor>>,
        /// Only jobs with this status.
        status: Query<Option<Status>>,
        /// Only jobs of this type.
        job_type: Query<Option<TypeName>>,
        /// Only jobs accepted after this time.
        created_after: Query<Option<Time>>,
        /// Only jobs accepted before this time.
        created_before: Query<Option<Time>>,
    ) -> Result<Json<JobListObject>, Problem> {
        let request = ListRequest {
            limit: limit.0.0,
            cursor: cursor.0.map(|cursor| cursor.0),
            status: status.0.map(|status| status.0),
            job_type: job_type.0.map(|name| name.0),
            created_after: created_after.0.map(|time| time.0),
            created_before: created_before.0.map(|time| time.0),
        };
        let page = self.0.list_jobs(&caller.0, request).await?;
        let jobs = page.jobs.into_iter().map(JobObject::from).collect();
        Ok(Json(JobListObject {
            jobs,
            next_cursor: page.next_cursor,
        }))
    }
}

pub(super) fn notes() -> Notes {
    Notes {
        operation_id: "list_jobs",
        problems: &[
            ANY,
            CALLER,
            &[
                ProblemKind::InvalidCursor,
                ProblemKind::ArtifactStoreUnavailable,
            ],
        ],
        request: None,
        answers: vec![(
            200,
            json!({"jobs": [running_job()], "next_cursor": example_cursor()}),
        )],
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use batchway_domain::job::JobState;
    use serde_json::{Value, json};

    use crate::test_gateway::TestGateway;

    const PATH: &str = "/api/v1/jobs";

    async fn ids(gateway: &TestGateway, query: &str) -> Vec<String> {
        let list = gateway.get(&format!("{PATH}{query}")).await.json();
        let jobs = list["jobs"].as_array().unwrap().iter();
        jobs.map(|job| job["job_id"].as_str().unwrap().to_owned())
            .collect()
    }

    /// A gateway with so many jobs, one a second, and their ids, newest first.
    async fn with_jobs(count: usize) -> (TestGateway, Vec<String>) {
        let gateway = TestGateway::new();
        let mut ids = Vec::new();
        for _ in 0..count {
            ids.insert(0, gateway.submit().await.to_string());
            gateway.clock.advance(Duration::from_secs(1));
        }
        (gateway, ids)
    }

    #[tokio::test]
    async fn nobody_has_no_jobs() {
        let list = TestGateway::new().get(PATH).await;
        assert_eq!(
            (list.status.as_u16(), list.json()),
            (200, json!({"jobs": [], "next_cursor": null}))
        );
    }

    #[tokio::test]
    async fn jobs_come_newest_first_each_as_get_shows_it() {
        let (gateway, expected) = with_jobs(3).await;
        assert_eq!(ids(&gateway, "").await, expected);
        let one = gateway.get(&format!("{PATH}/{}", expected[0])).await.json();
        assert_eq!(gateway.get(PATH).await.json()["jobs"][0], one);
        let theirs = gateway.get_as(&gateway.stranger(), PATH).await.json();
        assert_eq!(theirs["jobs"], json!([]), "to others they are not there");
    }

    #[tokio::test]
    async fn pages_hold_every_job_once() {
        let (gateway, expected) = with_jobs(5).await;
        let mut seen = Vec::new();
        let mut query = "?limit=2".to_owned();
        loop {
            let page = gateway.get(&format!("{PATH}{query}")).await.json();
            seen.extend(
                page["jobs"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|job| job["job_id"].clone()),
            );
            let Some(cursor) = page["next_cursor"].as_str() else {
                break;
            };
            query = format!("?limit=2&cursor={cursor}");
            gateway.submit().await;
        }
        assert_eq!(
            seen,
            expected.into_iter().map(Value::from).collect::<Vec<_>>()
        );
    }

    #[tokio::test]
    async fn a_page_has_twenty_jobs_unless_told_otherwise() {
        let (gateway, _) = with_jobs(21).await;
        assert_eq!(ids(&gateway, "").await.len(), 20);
        assert_eq!(ids(&gateway, "?limit=100").await.len(), 21);
    }

    #[tokio::test]
    async fn filters_hold_together() {
        let (gateway, all) = with_jobs(3).await;
        let middle = all[1].parse().unwrap();
        gateway
            .seed(&middle, |job| job.state = JobState::Completed)
            .await;
        assert_eq!(ids(&gateway, "?status=completed").await, [all[1].clone()]);
        assert_eq!(
            ids(&gateway, "?status=queued&job_type=run_simulation")
                .await
                .len(),
            2
        );
        assert!(ids(&gateway, "?job_type=other").await.is_empty());
        let after = "?created_after=2026-03-01T12:00:01.500Z";
        assert_eq!(ids(&gateway, after).await, [all[0].clone()]);
        let before = "?created_before=2026-03-01T13:00:01.500%2B01:00";
        assert_eq!(ids(&gateway, before).await, all[1..]);
        let ever = "?created_after=0168-12-22T04:29:21Z&created_before=9999-12-31T23:59:59Z";
        assert_eq!(ids(&gateway, ever).await, all);
        assert_eq!(
            ids(&gateway, &format!("{before}&status=queued")).await,
            [all[2].clone()]
        );
    }

    #[tokio::test]
    async fn queries_that_can_not_be_meant_are_refused() {
        let gateway = TestGateway::new();
        for query in [
            "limit=0",
            "limit=101",
            "limit=x",
            "limit=",
            "limit=-1",
            "limit=1.0",
            "status=done",
            "status=",
            "status=QUEUED",
            "job_type=Run",
            "job_type=",
            "created_after=yesterday",
            "created_before=2026-03-01",
            "created_before=20260301T120000Z",
            "created_after=2026-03-01T12:00:00+01:00",
            "page=2",
            "limit=1&limit=2",
            "Limit=1",
            "=",
        ] {
            let answer = gateway.get(&format!("{PATH}?{query}")).await;
            let problem = answer.expect_problem("invalid-query", 400);
            let name = query.split('=').next().unwrap();
            assert!(
                problem["detail"].as_str().unwrap().starts_with(name),
                "{query}: {problem}"
            );
        }
    }

    #[tokio::test]
    async fn only_cursors_given_out_here_are_followed() {
        let (gateway, _) = with_jobs(3).await;
        let cursor = gateway.get(&format!("{PATH}?limit=1")).await.json();
        let cursor = cursor["next_cursor"].as_str().unwrap().to_owned();
        let other = cursor.replace("job_0", "job_1");
        for bad in [
            "",
            "x",
            "%FF",
            &other,
            &cursor[1..],
            &cursor[..cursor.len() - 2],
        ] {
            let answer = gateway.get(&format!("{PATH}?cursor={bad}")).await;
            answer.expect_problem("invalid-cursor", 400);
        }
    }
}
