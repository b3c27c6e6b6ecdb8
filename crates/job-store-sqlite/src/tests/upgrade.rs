//! Files that older gateways made.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::JobStatus;
use batchway_domain::ports::{
    ApiKeys, Clock, DueRequest, JobStore, Queue, RunHistory, SweepLedger,
};
use batchway_memory_adapters::ManualClock;
use rusqlite::Connection;

use crate::SqliteJobStore;
use crate::migrations::NEWEST;

/// As a gateway of schema version 1 left it, with jobs in it. Never to be changed.
const STORE_VERSION_1: &str = include_str!("../../tests/fixtures/store_v1.sql");

const COMPLETED: &str = "job_06h0fqshmg490f6pcc2zv2ewn1f2";
const WAITING: &str = "job_06h0fqt3ag81gn166e17qwv73yt1";

#[tokio::test]
async fn a_file_of_version_1_keeps_all_it_has_and_learns_to_remember_sweeps() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    Connection::open(&path)
        .unwrap()
        .execute_batch(STORE_VERSION_1)
        .unwrap();
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_795_500_000_000)));
    let upgraded_at = clock.now();
    let store = SqliteJobStore::open(&path, clock.clone()).unwrap();

    let completed = store.load(&COMPLETED.parse().unwrap()).await.unwrap();
    assert_eq!(completed.unwrap().status(), JobStatus::Completed);
    assert_eq!(ApiKeys::list(&store, None).await.unwrap().len(), 2);
    let events = store.events_of_user(&"ann".parse().unwrap(), 0, 10).await;
    assert_eq!(events.unwrap().len(), 4);
    let job_type = "run_simulation".parse().unwrap();
    let runs = store.recent_runs(&job_type, 10);
    assert_eq!(runs.await.unwrap().len(), 1);
    let request = DueRequest {
        lane: "dispatch:process".parse().unwrap(),
        limit: 10,
        lease: Duration::from_secs(30),
        created_before: None,
    };
    let taken = store.take_due(&request).await.unwrap();
    assert_eq!(taken[0].id.as_str(), WAITING);

    assert_eq!(
        store.kept_since().await.unwrap(),
        upgraded_at,
        "not since its oldest job: an older one may have been lost"
    );
    let queue = Queue("here".to_owned());
    store.record_sweep(&queue, upgraded_at).await.unwrap();
    drop(store);
    clock.advance(Duration::from_secs(3600));
    let store = SqliteJobStore::open(&path, clock).unwrap();
    assert_eq!(store.kept_since().await.unwrap(), upgraded_at);
    assert_eq!(store.swept_until(&queue).await.unwrap(), Some(upgraded_at));
}

/// The steps make of an old file what they make of a new one.
#[test]
fn an_upgraded_file_has_the_schema_of_a_new_one() {
    let clock = ManualClock::default();
    let mut old = Connection::open_in_memory().unwrap();
    old.execute_batch(STORE_VERSION_1).unwrap();
    let mut new = Connection::open_in_memory().unwrap();
    for connection in [&mut old, &mut new] {
        crate::migrations::migrate(connection, &clock).unwrap();
    }
    assert_eq!(schema_of(&old), schema_of(&new));
    let version: i64 = old
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, NEWEST);
}

fn schema_of(connection: &Connection) -> Vec<(String, Option<String>)> {
    connection
        .prepare("SELECT name, sql FROM sqlite_schema ORDER BY name")
        .unwrap()
        .query_map((), |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
        .collect::<Result<_, _>>()
        .unwrap()
}
