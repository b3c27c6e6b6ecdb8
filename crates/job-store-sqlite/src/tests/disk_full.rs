//! A disk without room, and with room again.

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{AdmitError, JobStore, StoreError};

use super::fixture::Fixture;
use crate::SqliteJobStore;

/// Lets the file have no more pages than it has, plus some.
async fn leave_room_for(store: &SqliteJobStore, pages: i64) {
    store
        .writer
        .write(move |connection| {
            let used: i64 = connection
                .pragma_query_value(None, "page_count", |row| row.get(0))
                .unwrap();
            connection
                .pragma_update_and_check(None, "max_page_count", used + pages, |_| Ok(()))
                .unwrap();
            Ok::<_, StoreError>(())
        })
        .await
        .unwrap();
}

#[tokio::test]
async fn a_full_disk_is_told_and_room_again_is_used_without_a_restart() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let mut known = vec![fixture.admit(&key).await];
    leave_room_for(&fixture.store, 8).await;

    let error = loop {
        match fixture.store.admit(&key, fixture.admission()).await {
            Ok(admitted) => known.push(admitted.job),
            Err(error) => break error,
        }
    };
    assert!(
        matches!(error, AdmitError::Store(StoreError::Full { .. })),
        "{error:?}"
    );

    fixture.store.check().await.unwrap();

    leave_room_for(&fixture.store, 1000).await;
    let cancelled = fixture
        .observe(&known[0], Observation::CancelRequested)
        .await;
    known[0] = cancelled;
    known.push(fixture.admit(&key).await);
    for job in &known {
        assert_eq!(
            fixture.store.load(&job.id).await.unwrap().as_ref(),
            Some(job)
        );
    }
}

#[tokio::test]
async fn who_needs_no_room_is_not_harmed_by_a_neighbour_in_the_same_batch() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;
    leave_room_for(&fixture.store, 0).await;
    let mut large = fixture.admission();
    large.params = format!("\"{}\"", "x".repeat(100_000)).into();
    let cancel = fixture.transition(&job, &Observation::CancelRequested);

    let ((), admitted, committed) = tokio::join!(
        super::group_commit::hold_up(&fixture.store),
        fixture.store.admit(&key, large),
        fixture.commit(&job, &cancel),
    );
    assert!(matches!(
        admitted,
        Err(AdmitError::Store(StoreError::Full { .. }))
    ));
    committed.unwrap();
    assert_eq!(fixture.store.load(&job.id).await.unwrap(), Some(cancel.job));
}
