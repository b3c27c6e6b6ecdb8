//! What was acknowledged is there after the server was killed, or a replica took its place.

use std::collections::BTreeSet;
use std::sync::Mutex;

use batchway_domain::identity::JobId;
use batchway_domain::ports::{AdmitError, CommitError, JobStore, Queue, StoreError, SweepLedger};
use batchway_domain::security::KeyDigest;
use batchway_job_store_redis::{Durability, RedisConfig};
use batchway_test_servers::RedisServer;
use futures_util::future::join_all;

use super::fixture::DURABLE;
use super::stage::{Stage, admission, now, until};
use super::webhooks::{URL, delivered, secrets, told};

/// Each kills the server under load.
const ROUNDS: usize = 12;
const CALLERS: usize = 8;

/// What callers were told is done.
#[derive(Default)]
struct Acknowledged {
    admitted: BTreeSet<JobId>,
    cancelled: BTreeSet<JobId>,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_loses_nothing_acknowledged_and_tells_of_every_end() {
    let server = RedisServer::start_with(&DURABLE);
    let stage = Stage::with(RedisConfig {
        durability: Durability::Fsync,
        ..RedisConfig::from_url(&server.url()).unwrap()
    })
    .await;
    let key = stage.key_of("ada").await;
    let acknowledged = Mutex::new(Acknowledged::default());
    for round in 0..ROUNDS {
        let calls =
            (0..CALLERS).map(|_| admit_and_cancel_until_refused(&stage, &key, &acknowledged));
        let killer = async {
            // Later in each round, so that it hits another moment.
            for _ in 0..=round {
                // It is there to take time, as it does where there is no answer.
                let _ = stage.store.check().await;
            }
            server.kill();
        };
        tokio::join!(join_all(calls), killer);
        server.start_again();
        until("the store is well again", async || {
            stage.store.check().await.ok()
        })
        .await;
    }
    let (mut kept, mut ended) = (BTreeSet::new(), BTreeSet::new());
    for job in stage.all(&key).await {
        let is_ended = job.status().is_terminal();
        let told = stage.outbox().of_job(&job.id, 10).await.unwrap();
        assert_eq!(told.len(), usize::from(is_ended), "{}", job.id);
        ended.extend(is_ended.then(|| job.id.clone()));
        kept.insert(job.id);
    }
    let acknowledged = acknowledged.into_inner().unwrap();
    assert!(acknowledged.admitted.is_subset(&kept));
    assert!(acknowledged.cancelled.is_subset(&ended));
    assert!(acknowledged.admitted.len() >= ROUNDS);
    assert!(!acknowledged.cancelled.is_empty());
}

async fn admit_and_cancel_until_refused(
    stage: &Stage,
    key: &KeyDigest,
    acknowledged: &Mutex<Acknowledged>,
) {
    loop {
        let Ok(admitted) = stage.store.admit(key, told(admission("ada"), URL)).await else {
            return;
        };
        let id = admitted.job.id.clone();
        acknowledged.lock().unwrap().admitted.insert(id.clone());
        if stage.cancel(&admitted.job).await.is_err() {
            return;
        }
        acknowledged.lock().unwrap().cancelled.insert(id);
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
    let done = delivered(&stage.post("ada", &key, URL).await);
    stage.outbox().record(&done, 1).await.unwrap();
    let user = "ada".parse().unwrap();
    let replacing = stage.webhook_secrets();
    assert!(replacing.replace(&user, None, &secrets(1)).await.unwrap());
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
    assert_eq!(after.outbox().load(&done.id).await.unwrap(), Some(done));
    let kept = after.webhook_secrets().load(&user).await.unwrap();
    assert_eq!(kept, Some(secrets(1)));
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
    let waiting = stage.post("ada", &key, URL).await;
    replica.pause();
    let refused = stage
        .store
        .record_sweep(&Queue("here".to_owned()), now())
        .await;
    assert!(
        matches!(refused, Err(StoreError::Unavailable { .. })),
        "{refused:?}"
    );
    let refused = stage.outbox().record(&delivered(&waiting), 1).await;
    assert!(
        matches!(
            refused,
            Err(CommitError::Store(StoreError::Unavailable { .. }))
        ),
        "{refused:?}"
    );
    let (store, user) = (stage.webhook_secrets(), "ada".parse().unwrap());
    let refused = store.replace(&user, None, &secrets(1)).await;
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
    assert_eq!(stage.all(&key).await.len(), 2);
}
