//! What it costs that nothing happens.

use std::time::Duration;

use batchway_domain::job::Lane;
use batchway_domain::ports::{DueRequest, JobStore};
use batchway_port_contracts::specimens;
use tokio::time::Instant;

use super::fixture::Fixture;

fn lanes() -> Vec<DueRequest> {
    let backends = [specimens::backend(), "aws-batch".parse().unwrap()];
    let lanes = backends.into_iter().flat_map(|backend| {
        [
            Lane::Dispatch(backend.clone()),
            Lane::Resolve(backend.clone()),
            Lane::Watch(backend),
        ]
    });
    lanes
        .chain([Lane::Remove])
        .map(|lane| DueRequest {
            lane,
            limit: 100,
            lease: Duration::from_secs(30),
            created_before: None,
        })
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_store_costs_one_read_a_shard_and_second_whatever_the_loops() {
    let fixture = Fixture::new().await;
    let lanes = lanes();
    for lane in &lanes {
        fixture.store.take_due(lane).await.unwrap();
    }
    let begun = Instant::now();
    let before = fixture.calls("evalsha");
    for _ in 0..50 {
        for lane in &lanes {
            assert_eq!(fixture.store.take_due(lane).await.unwrap(), []);
        }
    }
    let looks = begun.elapsed().as_secs() + 1;
    let calls = fixture.calls("evalsha") - before;
    // A read of each shard, and the sign of life, in each look.
    assert!(calls <= looks * 257, "{calls} calls in {looks} looks");
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_admission_only_its_shard_is_looked_at() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let lanes = lanes();
    for lane in &lanes {
        fixture.store.take_due(lane).await.unwrap();
    }
    let begun = Instant::now();
    let before = fixture.calls("evalsha");
    fixture.admit_many("ada", &key, 1).await;
    let taken = fixture.store.take_due(&lanes[0]).await.unwrap();
    assert_eq!(taken.len(), 1);
    let calls = fixture.calls("evalsha") - before;
    // Admission, look, tenants, taking.
    if begun.elapsed() < Duration::from_millis(500) {
        assert!(calls <= 4, "{calls}");
    }
}
