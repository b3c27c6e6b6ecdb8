//! A reply that is lost leaves the caller to ask again, and must not make anything twice.

use batchway_domain::identity::UserName;
use batchway_domain::job::machine::{self, Observation};
use batchway_domain::ports::{AdmitError, CommitError, JobCommit, JobStore, KeyRecord, StoreError};
use batchway_domain::security::ApiKey;
use batchway_memory_adapters::{FailingJobStore, Fault, JobStoreCall};
use batchway_port_contracts::job_store::JobStoreFixture;
use batchway_port_contracts::specimens;

use super::fixture::SqliteFixture;

#[tokio::test]
async fn what_is_sent_again_after_a_lost_reply_takes_effect_once() {
    let fixture = SqliteFixture::open().await;
    let store = FailingJobStore::new(fixture.jobs());
    store
        .faults()
        .fail_every_other(JobStoreCall::Admit, Fault::ReplyLost);
    store
        .faults()
        .fail_every_other(JobStoreCall::Commit, Fault::ReplyLost);
    let user: UserName = "ann".parse().unwrap();
    let key = ApiKey::new(&user, [7; ApiKey::ENTROPY_BYTES]).digest();
    let record = KeyRecord {
        digest: key,
        user: user.clone(),
        created_at: fixture.now(),
        revoked_at: None,
    };
    fixture.keys().register(&record).await.unwrap();

    let mut admission = specimens::admission(specimens::new_job(&user, fixture.now(), 1));
    admission.idempotency = Some(specimens::idempotency("once", 1));
    let lost = store.admit(&key, admission.clone()).await;
    assert!(matches!(
        lost,
        Err(AdmitError::Store(StoreError::Unavailable { .. }))
    ));
    let admitted = store.admit(&key, admission).await.unwrap();
    assert!(admitted.replayed);

    let cancelled = machine::observe(
        &admitted.job,
        &Observation::CancelRequested,
        &specimens::rules(),
        fixture.now(),
    )
    .unwrap();
    let commit = JobCommit {
        job: cancelled.job,
        expected_version: admitted.job.version,
        operation: 1,
        events: cancelled.events,
    };
    let lost = store.commit(commit.clone()).await;
    assert!(matches!(
        lost,
        Err(CommitError::Store(StoreError::Unavailable { .. }))
    ));
    store.commit(commit).await.unwrap();

    let events = store.events_of_user(&user, 0, 10).await.unwrap();
    let numbers: Vec<u64> = events.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2]);
}
