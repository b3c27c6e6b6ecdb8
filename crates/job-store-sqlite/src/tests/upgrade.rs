//! Files that older gateways made.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::machine::{self, Observation};
use batchway_domain::job::{FailureClass, Job, JobStatus};
use batchway_domain::ports::{
    ApiKeys, Clock, DeliveryRequest, DueRequest, JobCommit, JobStore, MirrorBacklog, Queue,
    RunHistory, SweepLedger, WebhookOutbox,
};
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::specimens;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::SqliteJobStore;
use crate::migrations::NEWEST;

/// As a gateway of schema version 1 left it, with jobs in it. Never to be changed.
const STORE_VERSION_1: &str = include_str!("../../tests/fixtures/store_v1.sql");

/// As a gateway of schema version 2 left it when it was killed. Never to be changed.
const STORE_VERSION_2: &str = include_str!("../../tests/fixtures/store_v2.sql");

/// As a gateway of schema version 3 left it. Never to be changed.
const STORE_VERSION_3: &str = include_str!("../../tests/fixtures/store_v3.sql");

const COMPLETED: &str = "job_06h0fqshmg490f6pcc2zv2ewn1f2";
const RUNNING: &str = "job_06h0h8av9m4932qrmfze9y40w7rs";
const WAITING: &str = "job_06h0fqt3ag81gn166e17qwv73yt1";

#[tokio::test]
async fn a_file_of_version_1_keeps_all_it_has_and_learns_to_remember_sweeps() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of(&folder, STORE_VERSION_1);
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_795_500_000_000)));
    let upgraded_at = clock.now();
    let store = SqliteJobStore::open(&path, clock.clone()).unwrap();

    let completed = JobStore::load(&store, &COMPLETED.parse().unwrap())
        .await
        .unwrap();
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
    let taken = JobStore::take_due(&store, &request).await.unwrap();
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

/// A job that ran through the upgrade tells its receiver how it ends; what happened before stays
/// untold.
#[tokio::test]
async fn a_file_of_version_2_keeps_all_it_has_and_learns_to_tell_receivers() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of(&folder, STORE_VERSION_2);
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_795_500_000_000)));
    let store = SqliteJobStore::open(&path, clock.clone()).unwrap();

    let kept_since = Timestamp::from_millis(1_795_441_116_079);
    assert_eq!(store.kept_since().await.unwrap(), kept_since);
    assert_eq!(store.orphans().await.unwrap().len(), 1);
    let running = JobStore::load(&store, &RUNNING.parse().unwrap())
        .await
        .unwrap();
    let running = running.unwrap();
    assert_eq!(running.status(), JobStatus::Running);
    let request = DeliveryRequest {
        limit: 10,
        per_receiver: 10,
        except: Vec::new(),
        lease: Duration::from_secs(30),
    };
    let before = WebhookOutbox::take_due(&store, &request).await.unwrap();
    assert_eq!(before, [], "nothing of what happened before");

    let exit = exit_of(&running, clock.now());
    let ended = machine::observe(&running, &exit, &specimens::rules(), clock.now()).unwrap();
    let commit = JobCommit {
        job: ended.job,
        expected_version: running.version,
        operation: 1,
        events: ended.events,
    };
    let told = commit.deliveries();
    assert_eq!(told.len(), 1);
    store.commit(commit).await.unwrap();
    assert_eq!(
        WebhookOutbox::take_due(&store, &request).await.unwrap(),
        told
    );
}

/// Jobs are mirrored from their next change on; a delivery that waited is sent.
#[tokio::test]
async fn a_file_of_version_3_keeps_all_it_has_and_learns_what_is_to_be_mirrored() {
    let folder = tempfile::tempdir().unwrap();
    let path = file_of(&folder, STORE_VERSION_3);
    let clock = Arc::new(ManualClock::new(Timestamp::from_millis(1_795_600_000_000)));
    let store = SqliteJobStore::open(&path, clock.clone()).unwrap();
    let store = store.with_mirror_backlog();
    let lease = Duration::from_secs(30);
    assert_eq!(store.take_changed(10, lease).await.unwrap(), []);
    let request = DeliveryRequest {
        limit: 10,
        per_receiver: 10,
        except: Vec::new(),
        lease,
    };
    let due = WebhookOutbox::take_due(&store, &request).await.unwrap();
    assert_eq!(due.len(), 1);
    assert_eq!(due[0].id.job().as_str(), RUNNING);

    let waiting = DueRequest {
        lane: "dispatch:process".parse().unwrap(),
        limit: 10,
        lease,
        created_before: None,
    };
    let waiting = JobStore::take_due(&store, &waiting).await.unwrap();
    let cancel = Observation::CancelRequested;
    let moved = machine::observe(&waiting[0], &cancel, &specimens::rules(), clock.now()).unwrap();
    let commit = JobCommit {
        job: moved.job.clone(),
        expected_version: waiting[0].version,
        operation: 1,
        events: moved.events,
    };
    store.commit(commit).await.unwrap();
    assert_eq!(store.take_changed(10, lease).await.unwrap(), [moved.job]);
}

/// The steps make of an old file what they make of a new one.
#[test]
fn an_upgraded_file_has_the_schema_of_a_new_one() {
    let clock = ManualClock::default();
    let mut new = Connection::open_in_memory().unwrap();
    crate::migrations::migrate(&mut new, &clock).unwrap();
    for fixture in [STORE_VERSION_1, STORE_VERSION_2, STORE_VERSION_3] {
        let mut old = Connection::open_in_memory().unwrap();
        old.execute_batch(fixture).unwrap();
        crate::migrations::migrate(&mut old, &clock).unwrap();
        assert_eq!(schema_of(&old), schema_of(&new));
        let version: i64 = old
            .pragma_query_value(None, "user_version", |row| row.get(0))
            .unwrap();
        assert_eq!(version, NEWEST);
    }
}

/// Its program ended by itself.
fn exit_of(job: &Job, now: Timestamp) -> Observation {
    let mut exit = specimens::failed(job, FailureClass::ProgramExit, now);
    if let Observation::Described { description, .. } = &mut exit {
        description.id = job.backend_id().unwrap().clone();
    }
    exit
}

fn file_of(folder: &TempDir, dump: &str) -> PathBuf {
    let path = folder.path().join("jobs.sqlite");
    let connection = Connection::open(&path).unwrap();
    connection.execute_batch(dump).unwrap();
    path
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
