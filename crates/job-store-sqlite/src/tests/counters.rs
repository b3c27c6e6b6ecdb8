//! The counters that limits are held against equal a recount, whatever happened.

use std::time::Duration;

use batchway_domain::job::Lane;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{AdmitError, JobStore};

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

    let lease_until = first.created_at.plus(Duration::from_secs(30));
    let claim = Observation::Claimed {
        lease_until,
        target: batchway_domain::job::Target("here".to_owned()),
    };
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

    let mut over_user_limit = fixture.admission(key.shard);
    over_user_limit.limits.active_of_user = Some(1);
    let refused = fixture.store.admit(&key, over_user_limit.clone()).await;
    assert!(matches!(
        refused,
        Err(AdmitError::TooManyActive { limit: 1 })
    ));

    let mut over_backlog = fixture.admission(key.shard);
    over_backlog.limits.queued = 1;
    let refused = fixture.store.admit(&key, over_backlog.clone()).await;
    assert!(matches!(refused, Err(AdmitError::BacklogFull { limit: 1 })));

    fixture.observe(&job, Observation::CancelRequested).await;
    fixture.store.admit(&key, over_user_limit).await.unwrap();
    fixture
        .store
        .admit(&key, fixture.admission(key.shard))
        .await
        .unwrap();
    assert_eq!(counted_and_recounted(&fixture), [(2, 2), (2, 2)]);
}

#[tokio::test]
async fn tenants_take_turns_over_batches_of_one() {
    let fixture = Fixture::new();
    let (many, few) = (fixture.key_of("many").await, fixture.key_of("few").await);
    for _ in 0..5 {
        fixture.admit(&many).await;
    }
    fixture.clock.advance(Duration::from_secs(1));
    fixture.admit(&few).await;

    let request = batchway_domain::ports::DueRequest {
        lane: Lane::Dispatch("process".parse().unwrap()),
        limit: 1,
        lease: Duration::from_secs(30),
        created_before: None,
    };
    let mut users = Vec::new();
    for _ in 0..3 {
        let taken = fixture.store.take_due(&request).await.unwrap();
        users.push(taken[0].user.to_string());
    }
    assert_eq!(users, ["many", "few", "many"]);
}
