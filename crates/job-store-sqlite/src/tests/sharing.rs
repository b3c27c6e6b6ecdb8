//! Two stores on one file, as `keys` beside `serve`.

use batchway_domain::ports::{ApiKeys, JobStore};
use futures_util::future::join_all;

use super::fixture::Fixture;
use crate::SqliteJobStore;

#[tokio::test(flavor = "multi_thread")]
async fn another_process_may_write_beside_the_gateway() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let beside = SqliteJobStore::open(&fixture.path, fixture.clock.clone()).unwrap();
    let admissions = join_all((0..50).map(|_| fixture.admit(&key)));
    let keys = async {
        for number in 0..50 {
            let mut record = ApiKeys::list(&beside, None).await.unwrap().remove(0);
            record.digest.sha256 = [number; 32];
            beside.register(&record).await.unwrap();
        }
    };
    let (jobs, ()) = tokio::join!(admissions, keys);
    assert_eq!(jobs.len(), 50);
    assert_eq!(ApiKeys::list(&fixture.store, None).await.unwrap().len(), 51);

    beside
        .revoke(&key.short(), key_time(&fixture))
        .await
        .unwrap();
    assert!(fixture.store.authenticate(&key).await.is_err());
}

fn key_time(fixture: &Fixture) -> batchway_domain::Timestamp {
    batchway_domain::ports::Clock::now(fixture.clock.as_ref())
}

#[tokio::test(flavor = "multi_thread")]
async fn many_may_open_a_new_file_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("jobs.sqlite");
    let clock = Fixture::new().clock;
    let opened = join_all((0..8).map(|_| {
        let (path, clock) = (path.clone(), clock.clone());
        tokio::task::spawn_blocking(move || SqliteJobStore::open(path, clock))
    }))
    .await;
    for store in opened {
        store.unwrap().unwrap().check().await.unwrap();
    }
}
