//! What a call costs does not grow with the number of jobs. Counted in steps of SQLite's machine
//! rather than in time, so that a busy computer does not matter.

use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, JobStatus, Lane};
use batchway_domain::ports::{DueRequest, JobQuery, JobStore, StoreError};
use batchway_domain::security::KeyDigest;
use rusqlite::{Connection, StatementStatus};

use super::fixture::Fixture;
use super::query_plans::STATEMENTS;
use crate::SqliteJobStore;

const FEW: u32 = 1_000;
const MANY: u32 = 200_000;

/// A store with a backlog of one tenant, and one cancelled job of it at the far end.
struct Stage {
    fixture: Fixture,
    key: KeyDigest,
    oldest: Job,
}

impl Stage {
    async fn with_backlog(size: u32) -> Self {
        let fixture = Fixture::new();
        let key = fixture.key_of("many").await;
        let job = fixture.admit(&key).await;
        seed(&fixture.connection(), size);
        let oldest = fixture.observe(&job, Observation::CancelRequested).await;
        let stage = Self {
            fixture,
            key,
            oldest,
        };
        let few = stage.fixture.key_of("few").await;
        stage.fixture.admit(&few).await;
        stage
    }

    async fn claim(&self, limit: usize) -> usize {
        let request = DueRequest {
            lane: Lane::Dispatch("process".parse().unwrap()),
            limit,
            lease: Duration::from_secs(30),
            created_before: None,
        };
        let taken = JobStore::take_due(&self.fixture.store, &request).await;
        taken.unwrap().len()
    }

    async fn list(&self, query: JobQuery) -> usize {
        let page = self.fixture.store.list(&self.key, &query).await;
        page.unwrap().jobs.len()
    }
}

/// Copies of the only job, each a little older than the one before.
fn seed(connection: &Connection, size: u32) {
    let copies = format!(
        "PRAGMA synchronous = off;
         BEGIN;
         INSERT INTO jobs (id, tenant, job_type, status, version, record)
         WITH RECURSIVE copy (number) AS
             (SELECT 1 UNION ALL SELECT number + 1 FROM copy WHERE number < {size})
         SELECT 'job_1' || printf('%08x', copy.number) || '000' || printf('%016d', 0),
                tenant, job_type, status, version, record
         FROM copy, jobs ORDER BY copy.number DESC;
         INSERT INTO due (job, tenant, lane, takes_turns, at, created_at)
         SELECT number, jobs.tenant, lane, takes_turns, at - number, created_at - number
         FROM jobs, due WHERE number > 1;
         COMMIT;"
    );
    connection.execute_batch(&copies).unwrap();
}

/// How many steps the statements of a store's first reader and its writer have made so far.
pub(super) async fn steps(store: &SqliteJobStore) -> i64 {
    let count = |connection: &Connection| Ok::<_, StoreError>(steps_of(connection));
    // The first connection is given to whoever reads alone.
    let read = store.readers.read(count).await.unwrap();
    read + store.writer.write(count).await.unwrap()
}

fn steps_of(connection: &Connection) -> i64 {
    STATEMENTS
        .iter()
        .map(|(_, sql)| {
            let statement = connection.prepare_cached(sql).unwrap();
            i64::from(statement.get_status(StatementStatus::VmStep))
        })
        .sum()
}

fn page(limit: usize) -> JobQuery {
    JobQuery {
        limit,
        ..JobQuery::default()
    }
}

/// The cost of each kind of call, by name.
async fn costs(size: u32) -> Vec<(&'static str, i64)> {
    let stage = Stage::with_backlog(size).await;
    let job_type = Some(stage.oldest.job_type.clone());
    let cancelled = Some(JobStatus::Cancelled);
    let mut costs = Vec::new();
    let store = &stage.fixture.store;
    let mut before = steps(store).await;
    macro_rules! cost {
        ($name:literal, $call:expr) => {{
            $call;
            let after = steps(store).await;
            costs.push(($name, after - before));
            before = after;
        }};
    }

    cost!("first page", assert_eq!(stage.list(page(20)).await, 20));
    let last_page = JobQuery {
        before: Some(stage.oldest.id.clone()),
        ..page(20)
    };
    cost!("page after the oldest", stage.list(last_page).await);
    let by_status = JobQuery {
        status: cancelled,
        ..page(20)
    };
    cost!("rare status", assert_eq!(stage.list(by_status).await, 1));
    let by_type = JobQuery {
        job_type: job_type.clone(),
        ..page(20)
    };
    cost!("type", assert_eq!(stage.list(by_type).await, 20));
    let by_both = JobQuery {
        job_type,
        status: cancelled,
        ..page(20)
    };
    cost!(
        "rare status of a type",
        assert_eq!(stage.list(by_both).await, 1)
    );
    let by_time = JobQuery {
        created_after: Some(stage.oldest.created_at),
        created_before: Some(Timestamp::MAX),
        ..page(20)
    };
    cost!("stretch of time", assert_eq!(stage.list(by_time).await, 20));
    cost!(
        "find",
        store.find(&stage.key, &stage.oldest.id).await.unwrap()
    );
    cost!("claim", assert_eq!(stage.claim(100).await, 100));
    cost!("admission", stage.fixture.admit(&stage.key).await);
    let _ = before;
    costs
}

#[tokio::test]
async fn no_call_becomes_dearer_with_the_number_of_jobs() {
    assert_equal_costs((FEW, costs(FEW).await), (MANY, costs(MANY).await));
}

/// What the same calls cost, in steps, where there is little and where there is much.
pub(super) fn assert_equal_costs(
    (few, costs_of_few): (u32, Vec<(&str, i64)>),
    (many, costs_of_many): (u32, Vec<(&str, i64)>),
) {
    for ((name, with_few), (_, with_many)) in costs_of_few.into_iter().zip(costs_of_many) {
        println!("{name}: {with_few} steps with {few}, {with_many} with {many}");
        assert!(with_few > 0, "{name} was not counted");
        assert!(
            with_many <= with_few + with_few / 10 + 10,
            "{name}: {with_few} steps with {few}, {with_many} with {many}"
        );
    }
}
