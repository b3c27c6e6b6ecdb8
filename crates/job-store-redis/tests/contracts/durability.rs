//! What was acknowledged is there after the server was killed, or a replica took its place.

use std::collections::BTreeSet;

use batchway_domain::identity::JobId;
use batchway_domain::ports::{AdmitError, JobStore, Queue, StoreError, SweepLedger};
use batchway_job_store_redis::{Durability, RedisConfig};
use batchway_test_servers::RedisServer;
use futures_util::future::join_all;

use super::fixture::DURABLE;
use super::stage::{Stage, now, until};

/// Each kills the server under load.
const ROUNDS: usize = 20;
const CALLERS: usize = 8;

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_no_acknowledged_job() {
    let server = RedisServer::start_with(&DURABLE);
    let stage = Stage::with(RedisConfig {
        durability: Durability::Fsync,
        ..RedisConfig::from_url(&server.url()).unwrap()
    })
    .await;
    let key = stage.key_of("ada").await;
    let mut acknowledged = BTreeSet::new();
    for round in 0..ROUNDS {
        let callers = join_all((0..CALLERS).map(|_| admit_until_refused(&stage, &key)));
        let killer = async {
            // Later in each round, so that it hits another moment.
            for _ in 0..=round {
                stage.store.check().await.unwrap();
            }
            server.kill();
        };
        let (ids, ()) = tokio::join!(callers, killer);
        acknowledged.extend(ids.into_iter().flatten());
        server.start_again();
        until("the store is well again", async || {
            stage.store.check().await.ok()
        })
        .await;
    }
    let kept = stage.all(&key).await;
    let kept: BTreeSet<JobId> = kept.into_iter().map(|job| job.id).collect();
    let lost: Vec<_> = acknowledged.difference(&kept).collect();
    assert!(lost.is_empty(), "{lost:?}");
    assert!(acknowledged.len() >= ROUNDS, "{}", acknowledged.len());
}

async fn admit_until_refused(
    stage: &Stage,
    key: &batchway_domain::security::KeyDigest,
) -> Vec<JobId> {
    let mut ids = Vec::new();
    loop {
        match stage.try_admit("ada", key).await {
            Ok(admitted) => ids.push(admitted.job.id),
            Err(_) => return ids,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_acknowledged_is_on_the_replica() {
    let primary = RedisServer::start();
    let replica = RedisServer::start();
    replica.cli(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    until("the replica follows", async || {
        let info = replica.cli(&["INFO", "replication"]);
        info.contains("master_link_status:up").then_some(())
    })
    .await;
    let stage = Stage::with(RedisConfig {
        durability: Durability::Replicas(1),
        ..RedisConfig::from_url(&primary.url()).unwrap()
    })
    .await;
    assert!(stage.store.durability_summary().contains("1 replicas"));
    let key = stage.key_of("ada").await;
    let mut admitted = Vec::new();
    for _ in 0..50 {
        admitted.push(stage.admit("ada", &key).await);
    }
    let kept_since = stage.store.kept_since().await.unwrap();
    let queue = Queue("here".to_owned());
    stage.store.record_sweep(&queue, kept_since).await.unwrap();
    primary.kill();
    replica.cli(&["REPLICAOF", "NO", "ONE"]);
    let after = Stage::at(&replica.url()).await;
    assert_eq!(after.store.kept_since().await.unwrap(), kept_since);
    assert_eq!(
        after.store.swept_until(&queue).await.unwrap(),
        Some(kept_since)
    );
    for job in admitted {
        assert_eq!(after.store.load(&job.id).await.unwrap(), Some(job));
    }
}

/// Also a replay, whose script writes nothing.
#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_acknowledged_while_the_replica_is_gone() {
    let primary = RedisServer::start();
    let replica = RedisServer::start();
    replica.cli(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    until("the replica follows", async || {
        let info = primary.cli(&["INFO", "replication"]);
        info.contains("state=online").then_some(())
    })
    .await;
    let stage = Stage::with(RedisConfig {
        durability: Durability::Replicas(1),
        ..RedisConfig::from_url(&primary.url()).unwrap()
    })
    .await;
    let key = stage.key_of("ada").await;
    let admission = super::stage::keyed("ada", "once");
    replica.pause();
    let refused = stage
        .store
        .record_sweep(&Queue("here".to_owned()), now())
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    for _ in 0..2 {
        let refused = stage.store.admit(&key, admission.clone()).await;
        assert!(
            matches!(
                refused,
                Err(AdmitError::Store(StoreError::Unavailable { .. }))
            ),
            "{refused:?}"
        );
    }
    replica.resume();
    let admitted = until("the replica has it", async || {
        stage.store.admit(&key, admission.clone()).await.ok()
    })
    .await;
    assert!(admitted.replayed, "it was written the first time");
    assert_eq!(stage.all(&key).await.len(), 1);
}
