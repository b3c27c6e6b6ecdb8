//! Several replicas on one store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::JobId;
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{AdmitError, DeliveryRequest, JobStore, Receiver};
use batchway_job_store_redis::{RedisConfig, StoreTime};
use batchway_memory_adapters::ManualClock;
use batchway_port_contracts::specimens;
use batchway_test_servers::RedisServer;

use super::stage::{
    Stage, admission, dispatch, patient, until, users_of_different_shards, users_of_one_shard,
};
use super::webhooks::{URL, deliveries};

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_the_work_and_never_take_a_job_twice() {
    let server = RedisServer::start();
    let replicas = [
        Stage::at(&server.url()).await,
        Stage::at(&server.url()).await,
    ];
    let mut admitted = BTreeSet::new();
    for user in users_of_different_shards(40) {
        let key = replicas[0].key_of(&user).await;
        for _ in 0..5 {
            admitted.insert(replicas[0].admit(&user, &key).await.id);
        }
    }
    // Each knows of the other before it takes.
    for replica in &replicas {
        replica.take(watch(), 1).await;
    }
    let number = AtomicUsize::new(0);
    let shares = futures_util::future::join_all(replicas.iter().map(async |replica| {
        let mut taken: Vec<JobId> = Vec::new();
        until("all are taken", async || {
            let batch = replica.take(dispatch(), 7).await;
            number.fetch_add(batch.len(), Ordering::SeqCst);
            taken.extend(batch.into_iter().map(|job| job.id));
            (number.load(Ordering::SeqCst) >= admitted.len()).then_some(())
        })
        .await;
        let again = replica.take(dispatch(), 7).await;
        taken.extend(again.into_iter().map(|job| job.id));
        taken
    }))
    .await;
    let all: Vec<&JobId> = shares.iter().flatten().collect();
    let different: BTreeSet<JobId> = all.iter().map(|id| (*id).clone()).collect();
    assert_eq!(all.len(), different.len(), "none was taken twice");
    assert_eq!(different, admitted, "none was left");
}

fn watch() -> Lane {
    Lane::Watch(specimens::backend())
}

#[tokio::test(flavor = "multi_thread")]
async fn others_shards_are_left_to_them_until_they_are_late() {
    let server = RedisServer::start();
    let clock = Arc::new(ManualClock::default());
    let named = |name: &str| {
        let config = RedisConfig {
            replica: Some(name.to_owned()),
            ..patient(&server.url())
        };
        Stage::by(StoreTime::Clock(clock.clone()), config)
    };
    let (one, other, admitting) = (named("a").await, named("b").await, named("c").await);
    let said_at = |replica: &str| {
        let said_at = server.cli(&["ZSCORE", "{bw}:replicas", replica]);
        said_at.parse::<u64>().ok()
    };
    until("each has learnt of the other", async || {
        one.take(watch(), 1).await;
        let before = said_at("a")?;
        other.take(watch(), 1).await;
        (before > said_at("b")?).then_some(())
    })
    .await;
    until("the second has looked after that", async || {
        other.take(watch(), 1).await;
        (said_at("b") > said_at("a")).then_some(())
    })
    .await;
    let users = users_of_different_shards(20);
    let admit_all = async || {
        for user in &users {
            let key = admitting.key_of(user).await;
            admitting.admit(user, &key).await;
        }
    };
    admit_all().await;
    let count = |jobs: Vec<Job>| jobs.len();
    let share = until("the first takes its share", async || {
        // Whoever has not been heard of for ten seconds is gone.
        other.take(watch(), 1).await;
        let taken = count(one.take(dispatch(), 100).await);
        (1..20).contains(&taken).then_some(taken)
    })
    .await;
    other.take(watch(), 1).await;
    assert_eq!(
        count(one.take(dispatch(), 100).await),
        0,
        "the rest is not its own"
    );
    let rest = until("the second takes its share", async || {
        let taken = count(other.take(dispatch(), 100).await);
        (taken > 0).then_some(taken)
    })
    .await;
    assert_eq!(share + rest, 20);

    admit_all().await;
    clock.advance(Duration::from_secs(2));
    let mut taken = 0;
    until("the first takes what the second left lying", async || {
        taken += count(one.take(dispatch(), 100).await);
        (taken == 20).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_admits_can_take_at_once_and_others_notice_soon() {
    let server = RedisServer::start();
    let admitting = Stage::at(&server.url()).await;
    let other = Stage::at(&server.url()).await;
    for user in users_of_different_shards(6) {
        let key = admitting.key_of(&user).await;
        admitting.take(dispatch(), 10).await;
        other.take(dispatch(), 10).await;

        let job = admitting.admit(&user, &key).await;
        let taken = admitting.take(dispatch(), 10).await;
        assert_eq!(taken, [job], "whoever's share it is");

        let job = admitting.admit(&user, &key).await;
        let noticed = until("the other replica takes it", async || {
            let taken = other.take(dispatch(), 10).await;
            Some(taken).filter(|taken| !taken.is_empty())
        })
        .await;
        assert_eq!(noticed, [job]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn tenants_of_all_shards_take_turns() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let users = users_of_different_shards(30);
    let greedy = stage.key_of(&users[0]).await;
    for _ in 0..200 {
        stage.admit(&users[0], &greedy).await;
    }
    for user in &users[1..] {
        let key = stage.key_of(user).await;
        stage.admit(user, &key).await;
    }
    let mut first = Vec::new();
    for _ in 0..3 {
        first.extend(stage.take(dispatch(), 10).await);
    }
    let served: BTreeSet<String> = first.iter().map(|job| job.user.to_string()).collect();
    assert_eq!(served.len(), 30, "everybody before anybody's second");
}

/// One look at a shard passes 256 tenants; the next goes on where it stopped.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowded_shard_keeps_nobody_waiting_for_ever() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let users = users_of_one_shard(300);
    for user in &users {
        let key = stage.key_of(user).await;
        for _ in 0..2 {
            stage.admit(user, &key).await;
        }
    }
    let mut taken = BTreeMap::new();
    for _ in 0..6 {
        for job in stage.take(dispatch(), 100).await {
            *taken.entry(job.user.to_string()).or_insert(0) += 1;
        }
    }
    assert_eq!(taken.len(), users.len());
    assert!(taken.values().all(|jobs| *jobs == 2));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_share_deliveries_and_never_take_one_twice() {
    let server = RedisServer::start();
    let replicas = [
        Stage::at(&server.url()).await,
        Stage::at(&server.url()).await,
    ];
    let mut posted = BTreeSet::new();
    for user in users_of_different_shards(20) {
        let key = replicas[0].key_of(&user).await;
        for url in [URL, "https://other.example.com/"] {
            posted.insert(replicas[0].post(&user, &key, url).await.id);
        }
    }
    let number = AtomicUsize::new(0);
    let shares = futures_util::future::join_all(replicas.iter().map(async |replica| {
        let mut taken = Vec::new();
        until("all are taken", async || {
            let batch = replica.take_deliveries(7).await;
            number.fetch_add(batch.len(), Ordering::SeqCst);
            taken.extend(batch.into_iter().map(|delivery| delivery.id));
            (number.load(Ordering::SeqCst) >= posted.len()).then_some(())
        })
        .await;
        let again = replica.take_deliveries(7).await;
        taken.extend(again.into_iter().map(|delivery| delivery.id));
        taken
    }))
    .await;
    let all = shares.concat();
    let different: BTreeSet<_> = all.iter().cloned().collect();
    assert_eq!(all.len(), different.len(), "none was taken twice");
    assert_eq!(different, posted, "none was left");
}

/// One user may have any number of receivers, and most of them may be out of order.
#[tokio::test(flavor = "multi_thread")]
async fn a_crowd_of_receivers_that_are_left_alone_hides_nobody() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    let mut posted = Vec::new();
    for number in 0..300 {
        let url = format!("https://host{number:03}.example.com/");
        posted.push(stage.post("ada", &key, &url).await);
    }
    let well = posted.remove(290);
    let request = DeliveryRequest {
        except: posted.iter().map(Receiver::of).collect(),
        ..deliveries(10)
    };
    assert_eq!(stage.outbox().take_due(&request).await.unwrap(), [well]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_backlog_of_others_counts_within_seconds() {
    let server = RedisServer::start();
    let one = Stage::at(&server.url()).await;
    let other = Stage::at(&server.url()).await;
    let users = users_of_different_shards(2);
    let (hers, his) = (one.key_of(&users[0]).await, other.key_of(&users[1]).await);
    for _ in 0..3 {
        one.admit(&users[0], &hers).await;
    }
    until("the others' jobs are counted", async || {
        let mut limited = admission(&users[1]);
        limited.limits.queued = 3;
        let refused = other.store.admit(&his, limited).await;
        matches!(refused, Err(AdmitError::BacklogFull { limit: 3 })).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_time_of_the_server_can_be_asked_for() {
    let redis = RedisServer::start();
    let Stage { store, .. } = Stage::at(&redis.url()).await;
    let seconds = || -> i64 {
        let time = redis.cli(&["TIME"]);
        time.lines().next().unwrap().trim().parse().unwrap()
    };
    let before = seconds();
    let told = store.server_time().await.unwrap();
    let after = seconds();
    assert!(Timestamp::from_millis(before * 1000) <= told);
    assert!(told <= Timestamp::from_millis(after * 1000 + 999));
}

#[tokio::test(flavor = "multi_thread")]
async fn replicas_agree_on_what_is_decided_once() {
    let server = RedisServer::start();
    let one = Stage::at(&server.url()).await.store;
    let other = Stage::at(&server.url()).await.store;
    let proposal = "first1".parse().unwrap();
    assert_eq!(one.deployment_id(&proposal).await.unwrap(), proposal);
    let later = other.deployment_id(&"second".parse().unwrap()).await;
    assert_eq!(later.unwrap(), proposal);
    let name = "signing-secret";
    assert_eq!(
        one.agree_on(name, "fingerprint").await.unwrap(),
        "fingerprint"
    );
    assert_eq!(
        other.agree_on(name, "another").await.unwrap(),
        "fingerprint"
    );
}
