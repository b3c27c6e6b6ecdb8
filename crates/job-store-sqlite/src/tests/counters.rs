//! The counters that limits are held against equal a recount, whatever happened.

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{AdmitError, JobStore};

use batchway_port_contracts::specimens;

use super::fixture::Fixture;

/// What the counters say, and what a recount does.
fn counted_and_recounted(fixture: &Fixture) -> [(i64, i64); 2] {
    let connection = fixture.connection();
    [
        "SELECT (SELECT queued FROM backlog),
                (SELECT count(*) FROM due WHERE lane LIKE 'dispatch:%')",
        "SELECT (SELECT sum(active) FROM tenants),
                (SELECT count(*) FROM jobs WHERE status IN ('queued', 'running'))",
    ]
    .map(|sql| {
        connection
            .query_row(sql, (), |row| Ok((row.get(0)?, row.get(1)?)))
            .unwrap()
    })
}

#[tokio::test]
async fn counters_follow_admission_claim_end_and_removal() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let (first, second) = (fixture.admit(&key).await, fixture.admit(&key).await);
    assert_eq!(counted_and_recounted(&fixture), [(2, 2), (2, 2)]);

    let claim = specimens::claimed(first.created_at);
    fixture.observe(&first, claim).await;
    assert_eq!(counted_and_recounted(&fixture), [(1, 1), (2, 2)]);

    let ended = fixture.observe(&second, Observation::CancelRequested).await;
    assert_eq!(counted_and_recounted(&fixture), [(0, 0), (1, 1)]);

    fixture
        .store
        .remove(&ended.id, ended.version)
        .await
        .unwrap();
    assert_eq!(counted_and_recounted(&fixture), [(0, 0), (1, 1)]);
    let left: i64 = fixture
        .connection()
        .query_row(
            "SELECT (SELECT count(*) FROM params) + (SELECT count(*) FROM due)
                  + (SELECT count(DISTINCT job) FROM events)",
            (),
            |row| row.get(0),
        )
        .unwrap();
    assert_eq!(left, 3, "one of each, those of the job that is left");
}

#[tokio::test]
async fn limits_are_held_and_loosen_when_jobs_end() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    let job = fixture.admit(&key).await;

    let mut over_user_limit = fixture.admission();
    over_user_limit.limits.active_of_user = Some(1);
    let refused = fixture.store.admit(&key, over_user_limit.clone()).await;
    assert!(matches!(
        refused,
        Err(AdmitError::TooManyActive { limit: 1 })
    ));

    let mut over_backlog = fixture.admission();
    over_backlog.limits.queued = 1;
    let refused = fixture.store.admit(&key, over_backlog.clone()).await;
    assert!(matches!(refused, Err(AdmitError::BacklogFull { limit: 1 })));

    fixture.observe(&job, Observation::CancelRequested).await;
    fixture.store.admit(&key, over_user_limit).await.unwrap();
    fixture
        .store
        .admit(&key, fixture.admission())
        .await
        .unwrap();
    assert_eq!(counted_and_recounted(&fixture), [(2, 2), (2, 2)]);
}
