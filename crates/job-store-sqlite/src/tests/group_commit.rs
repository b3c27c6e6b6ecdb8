//! Many writes, few commits, and each its own answer.

use std::pin::pin;

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{CommitError, JobStore, StoreError};
use futures_util::future::join_all;
use futures_util::poll;

use super::fixture::Fixture;
use crate::SqliteJobStore;

/// Keeps the writer busy until everything else that is joined with this has been handed over.
pub(crate) async fn hold_up(store: &SqliteJobStore) {
    let (release, held) = std::sync::mpsc::channel::<()>();
    let held = std::sync::Mutex::new(held);
    let write = store.writer.write(move |_| {
        // Ends when the sender is dropped.
        let _ = held.lock().unwrap().recv();
        Ok::<_, StoreError>(())
    });
    let release_later = async {
        // Each turn lets the others that are joined run until they wait for their answers.
        for _ in 0..1000 {
            tokio::task::yield_now().await;
        }
        drop(release);
    };
    let (written, ()) = tokio::join!(write, release_later);
    written.unwrap();
}

#[tokio::test]
async fn admissions_that_wait_go_together() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let before = fixture.store.commits();

    let admissions = join_all((0..500).map(|_| fixture.admit(&key)));
    let ((), jobs) = tokio::join!(hold_up(&fixture.store), admissions);

    let commits = fixture.store.commits() - before;
    assert!(commits <= 4, "500 admissions took {commits} commits");
    for job in jobs {
        assert_eq!(fixture.store.find(&key, &job.id).await.unwrap(), Some(job));
    }
}

#[tokio::test]
async fn reads_do_not_wait_for_the_writer() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;
    let mut writing = pin!(hold_up(&fixture.store));
    assert!(poll!(&mut writing).is_pending());
    let cancel = fixture.transition(&job, &Observation::CancelRequested);
    let mut cancelling = pin!(fixture.commit(&job, &cancel));
    assert!(poll!(&mut cancelling).is_pending());

    let read = fixture.store.find(&key, &job.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&job), "as of the last commit");

    writing.await;
    cancelling.await.unwrap();
    let read = fixture.store.find(&key, &job.id).await.unwrap();
    assert_eq!(read.as_ref(), Some(&cancel.job));
}

#[tokio::test]
async fn one_that_fails_does_not_harm_its_batch() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;
    let cancel = fixture.transition(&job, &Observation::CancelRequested);
    let before = fixture.store.commits();

    let ((), first, conflicting, admitted) = tokio::join!(
        hold_up(&fixture.store),
        fixture.commit(&job, &cancel),
        fixture.commit(&job, &cancel),
        fixture.admit(&key),
    );
    first.unwrap();
    assert!(matches!(conflicting, Err(CommitError::Conflict)));
    assert_eq!(
        fixture.store.load(&admitted.id).await.unwrap(),
        Some(admitted)
    );
    let events = fixture
        .store
        .events_of_user(&job.user, 0, 10)
        .await
        .unwrap();
    let numbers: Vec<u64> = events.iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 3]);
    assert!(fixture.store.commits() - before <= 2);
}

#[tokio::test]
async fn what_a_failing_item_changed_is_undone() {
    let fixture = Fixture::new();
    let set = |value: &'static str, succeeds: bool| {
        fixture.store.writer.write(move |connection| {
            let sql = "INSERT INTO settings (name, value) VALUES (?1, ?1)";
            connection.execute(sql, [value]).unwrap();
            succeeds.then_some(()).ok_or(CommitError::Conflict)
        })
    };
    let ((), kept, undone) = tokio::join!(
        hold_up(&fixture.store),
        set("kept", true),
        set("undone", false)
    );
    kept.unwrap();
    assert!(matches!(undone, Err(CommitError::Conflict)));
    let names: String = fixture
        .connection()
        .query_row(
            "SELECT group_concat(name) FROM settings WHERE name IN ('kept', 'undone')",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(names, "kept");
}
