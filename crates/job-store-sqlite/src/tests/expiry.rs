//! Idempotency keys whose time is over.

use std::time::Duration;

use batchway_domain::ports::{Idempotency, JobStore, StoreError};

use super::fixture::Fixture;

fn keys_kept(fixture: &Fixture) -> i64 {
    fixture
        .connection()
        .query_row("SELECT count(*) FROM idempotency", (), |row| row.get(0))
        .unwrap()
}

#[tokio::test]
async fn expired_keys_are_removed_a_few_at_a_time_in_passing() {
    let fixture = Fixture::new();
    let key = fixture.key_of("ann").await;
    for number in 0_u32..40 {
        let mut admission = fixture.admission();
        admission.idempotency = Some(Idempotency {
            key: format!("request-{number}").parse().unwrap(),
            fingerprint: [0; 32],
            kept_for: Duration::from_secs(if number < 30 { 60 } else { 600 }),
        });
        fixture.store.admit(&key, admission).await.unwrap();
    }
    fixture.clock.advance(Duration::from_secs(60));

    let mut kept = Vec::new();
    for _ in 0..3 {
        let write = fixture.store.writer.write(|_| Ok::<_, StoreError>(()));
        write.await.unwrap();
        kept.push(keys_kept(&fixture));
    }
    assert_eq!(kept, [24, 10, 10], "those whose time is not over stay");
}
