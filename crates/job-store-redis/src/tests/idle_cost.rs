//! What it costs that nothing happens.

use std::time::Duration;

use batchway_domain::job::Lane;
use batchway_domain::ports::{DeliveryRequest, DueRequest, JobStore, MirrorBacklog, WebhookOutbox};
use batchway_port_contracts::specimens;
use tokio::time::Instant;

use super::fixture::Fixture;

/// All shards are looked at again when the last look is so old.
const LOOKED_EACH: Duration = Duration::from_secs(1);

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

fn deliveries() -> DeliveryRequest {
    DeliveryRequest {
        limit: 100,
        per_receiver: 4,
        except: Vec::new(),
        lease: Duration::from_secs(30),
    }
}

/// One round of all loops.
async fn take_all(fixture: &Fixture) {
    for lane in lanes() {
        assert_eq!(JobStore::take_due(&fixture.store, &lane).await.unwrap(), []);
    }
    let taken = WebhookOutbox::take_due(&fixture.store, &deliveries()).await;
    assert_eq!(taken.unwrap(), []);
    let lease = Duration::from_secs(60);
    let changed = fixture.store.take_changed(100, lease).await;
    assert_eq!(changed.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_idle_store_costs_one_read_a_shard_and_second_whatever_the_loops() {
    let fixture = Fixture::new().await;
    // Before the first look, which may itself take long.
    let begun = Instant::now();
    take_all(&fixture).await;
    let before = fixture.calls("evalsha");
    for _ in 0..50 {
        take_all(&fixture).await;
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
    let begun = Instant::now();
    take_all(&fixture).await;
    let before = fixture.calls("evalsha");
    fixture.admit_many("ada", &key, 1).await;
    let taken = JobStore::take_due(&fixture.store, &lanes()[0]).await;
    assert_eq!(taken.unwrap().len(), 1);
    let calls = fixture.calls("evalsha") - before;
    // Admission, look, tenants, taking.
    if begun.elapsed() < LOOKED_EACH {
        assert!(calls <= 4, "{calls}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn after_an_event_only_its_shard_is_looked_at_for_deliveries() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    let begun = Instant::now();
    take_all(&fixture).await;
    let before = fixture.calls("evalsha");
    let told = fixture.post("ada", &key).await;
    let taken = WebhookOutbox::take_due(&fixture.store, &deliveries()).await;
    assert_eq!(taken.unwrap(), [told]);
    let calls = fixture.calls("evalsha") - before;
    // Admission, the job's end, look, receivers, taking.
    if begun.elapsed() < LOOKED_EACH {
        assert!(calls <= 5, "{calls}");
    }
}
