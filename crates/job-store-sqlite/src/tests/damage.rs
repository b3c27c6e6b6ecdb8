//! Records of other versions, and damaged ones.

use std::time::Duration;

use batchway_domain::job::machine::Observation;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{
    DeliveryRequest, DueRequest, JobStore, ReadError, StoreError, WebhookOutbox,
};
use rusqlite::params;

use super::fixture::Fixture;

/// As gateways of record version 1 write it. Never to be changed.
const RECORD_VERSION_1: &str = include_str!("../../tests/fixtures/job_record_v1.json");

fn put_record(fixture: &Fixture, job: &Job, record: &[u8]) {
    let changed = fixture
        .connection()
        .execute(
            "UPDATE jobs SET record = ?2 WHERE id = ?1",
            params![job.id.as_str(), record],
        )
        .unwrap();
    assert_eq!(changed, 1);
}

#[tokio::test]
async fn a_record_of_version_1_is_still_read() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;
    put_record(&fixture, &job, RECORD_VERSION_1.as_bytes());

    let read = fixture.store.find(&key, &job.id).await.unwrap().unwrap();
    assert_eq!(read.version, 7);
    assert_eq!(read.attempts.len(), 2);
    assert_eq!(read.progress.percent, 42);
}

#[tokio::test]
async fn a_record_of_a_newer_gateway_is_not_read_and_says_so() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;
    put_record(&fixture, &job, br#"{"v": 2, "shape": "unheard of"}"#);

    let error = fixture.store.find(&key, &job.id).await.unwrap_err();
    let ReadError::Store(StoreError::Unreadable { reason, .. }) = error else {
        panic!("{error:?}");
    };
    assert!(reason.contains("version 2") && reason.contains("upgrade"));
    assert!(matches!(
        JobStore::load(&fixture.store, &job.id).await,
        Err(StoreError::Unreadable { .. })
    ));
}

#[tokio::test]
async fn one_unreadable_record_does_not_hold_up_a_lane() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let (damaged, sound) = (fixture.admit(&key).await, fixture.admit(&key).await);
    put_record(&fixture, &damaged, b"rubbish");

    let request = DueRequest {
        lane: Lane::Dispatch("process".parse().unwrap()),
        limit: 10,
        lease: Duration::from_secs(30),
        created_before: None,
    };
    let taken = JobStore::take_due(&fixture.store, &request).await;
    assert_eq!(taken.unwrap(), [sound]);
}

#[tokio::test]
async fn one_unreadable_delivery_does_not_hold_up_its_receiver() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let mut jobs = Vec::new();
    for _ in 0..2 {
        let job = fixture
            .admit_with_webhook(&key, "https://example.com/")
            .await;
        jobs.push(fixture.observe(&job, Observation::CancelRequested).await);
    }
    let [damaged, sound] = &jobs[..] else {
        panic!("two jobs were made");
    };
    let changed = fixture.connection().execute(
        "UPDATE deliveries SET record = x'00'
         WHERE job = (SELECT number FROM jobs WHERE id = ?1)",
        [damaged.id.as_str()],
    );
    assert_eq!(changed.unwrap(), 1);

    let request = DeliveryRequest {
        limit: 10,
        per_receiver: 10,
        except: Vec::new(),
        lease: Duration::from_secs(30),
    };
    let taken = WebhookOutbox::take_due(&fixture.store, &request).await;
    let taken = taken.unwrap();
    assert_eq!(taken, fixture.store.of_job(&sound.id, 10).await.unwrap());
    assert_eq!(taken.len(), 1);
    let error = fixture.store.of_job(&damaged.id, 10).await.unwrap_err();
    assert!(matches!(error, StoreError::Unreadable { .. }), "{error:?}");
}
