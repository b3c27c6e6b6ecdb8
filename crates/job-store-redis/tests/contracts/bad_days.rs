//! What happens to the server, and what the store makes of it: a clear answer within seconds,
//! and work again without a restart.

use std::sync::Arc;
use std::time::Duration;

use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{AdmitError, Clock, JobStore, StoreError, SweepLedger};
use batchway_job_store_redis::{ConnectError, Durability, RedisConfig, RedisJobStore, StoreTime};
use batchway_memory_adapters::ManualClock;
use batchway_test_servers::RedisServer;
use tokio::time::Instant;

use super::fixture::DURABLE;
use super::stage::{PATIENCE, Stage, commit_of, dispatch, now, until};
use super::webhooks::{URL, delivered, secrets};

/// Within this a caller has the news that Redis is gone: seconds, on a machine that does nothing
/// else.
const SOON: Duration = Duration::from_secs(60);

async fn refusal(config: RedisConfig) -> String {
    let connecting = RedisJobStore::connect(config, StoreTime::Server);
    let refused = tokio::time::timeout(PATIENCE, connecting).await;
    refused.unwrap().unwrap_err().to_string()
}

fn config(server: &RedisServer) -> RedisConfig {
    RedisConfig::from_url(&server.url()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_gone_is_told_in_seconds_and_found_again_when_it_is_back() {
    let server = RedisServer::start_with(&DURABLE);
    let stage = Stage::with(config(&server)).await;
    let key = stage.key_of("ada").await;
    let job = stage.admit("ada", &key).await;

    server.kill();
    let begun = Instant::now();
    let refused = stage.try_admit("ada", &key).await;
    assert!(
        matches!(
            refused,
            Err(AdmitError::Store(StoreError::Unavailable { .. }))
        ),
        "{refused:?}"
    );
    let found = stage.store.find(&key, &job.id).await;
    assert!(found.is_err(), "{found:?}");
    assert!(stage.store.check().await.is_err());
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());

    server.start_again();
    until("the store is well again", async || {
        stage.store.check().await.ok()
    })
    .await;
    assert_eq!(stage.store.load(&job.id).await.unwrap(), Some(job.clone()));
    stage.start(&job).await;
    stage.admit("ada", &key).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_stands_still_is_told_in_seconds_and_goes_on() {
    let server = RedisServer::start();
    let stage = Stage::with(config(&server)).await;
    let key = stage.key_of("ada").await;
    server.pause();
    let begun = Instant::now();
    let refused = stage.try_admit("ada", &key).await;
    assert!(refused.is_err(), "{refused:?}");
    assert!(begun.elapsed() < SOON, "{:?}", begun.elapsed());
    server.resume();
    until("a job is admitted", async || {
        stage.try_admit("ada", &key).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_is_full_takes_no_jobs_but_lets_those_there_go_on() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    let job = stage.admit_told("ada", &key, URL).await;
    server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);

    let full = stage.try_admit("ada", &key).await.unwrap_err();
    assert!(
        matches!(full, AdmitError::Store(StoreError::Full { .. })),
        "{full:?}"
    );
    let running = stage.start(&job).await;
    assert_eq!(stage.take(dispatch(), 10).await, []);
    let told = stage.take_deliveries(10).await.remove(0);
    stage.outbox().record(&delivered(&told), 1).await.unwrap();
    let (store, user) = (stage.webhook_secrets(), "ada".parse().unwrap());
    assert!(store.replace(&user, None, &secrets(1)).await.unwrap());
    stage.observe(&running, &Observation::CancelRequested).await;
    stage
        .store
        .remove(&job.id, running.version + 1)
        .await
        .unwrap();

    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    until("a job is admitted", async || {
        stage.try_admit("ada", &key).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn admission_stops_before_the_memory_is_full() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    // Some 90 % of it is used, so that Redis itself would still take more: far more than the jobs
    // that are admitted until then.
    server.cli(&["SETRANGE", "filler", "50000000", "x"]);
    let info = server.cli(&["INFO", "memory"]);
    let used = info
        .lines()
        .find_map(|line| line.strip_prefix("used_memory:"));
    let limit = used.unwrap().trim().parse::<u64>().unwrap() * 10 / 9;
    server.cli(&["CONFIG", "SET", "maxmemory", &limit.to_string()]);
    let full = until("the store has noticed", async || {
        stage.try_admit("ada", &key).await.err()
    })
    .await;
    assert!(full.to_string().contains("85 %"), "{full}");
    server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    until("a job is admitted, though nobody takes any", async || {
        stage.try_admit("ada", &key).await.ok()
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_became_a_replica_is_named_as_such() {
    let primary = RedisServer::start();
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    let job = stage.admit("ada", &key).await;
    server.cli(&["REPLICAOF", "127.0.0.1", &primary.port().to_string()]);
    let refused = stage
        .store
        .commit(commit_of(&job, &Observation::CancelRequested))
        .await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("read-only replica")
    );
    assert!(stage.store.check().await.is_err());
    assert!(
        refusal(config(&server))
            .await
            .contains("point the gateway at its primary")
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn scripts_that_were_forgotten_are_sent_again() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    for _ in 0..3 {
        server.cli(&["SCRIPT", "FLUSH"]);
        let job = stage.admit("ada", &key).await;
        server.cli(&["SCRIPT", "FLUSH"]);
        assert_eq!(stage.store.find(&key, &job.id).await.unwrap(), Some(job));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_password_is_named_and_never_shown() {
    let server = RedisServer::start_with(&["--requirepass", "right"]);
    let with = |password: Option<&str>| RedisConfig {
        password: password.map(str::to_owned),
        ..RedisConfig::new("127.0.0.1", server.port())
    };
    let error = refusal(with(Some("hunter2"))).await;
    assert!(error.contains("REDIS_PASSWORD"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = refusal(with(None)).await;
    assert!(error.contains("password"), "{error}");
    let stage = Stage::with(with(Some("right"))).await;
    stage.key_of("ada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_told_at_once() {
    let server = RedisServer::start();
    server.kill();
    let error = refusal(config(&server)).await;
    assert!(
        error.starts_with("no connection to Redis at 127.0.0.1:"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_throws_data_away_is_refused() {
    let server = RedisServer::start_with(&["--maxmemory-policy", "allkeys-lru"]);
    let error = refusal(config(&server)).await;
    assert!(error.contains("maxmemory-policy noeviction"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn fsync_is_promised_only_by_a_redis_that_keeps_it() {
    let lax = RedisServer::start_with(&["--appendonly", "yes", "--appendfsync", "everysec"]);
    let fsync = |server: &RedisServer| RedisConfig {
        durability: Durability::Fsync,
        ..config(server)
    };
    assert!(refusal(fsync(&lax)).await.contains("appendfsync always"));
    let strict = RedisServer::start_with(&DURABLE);
    let stage = Stage::with(fsync(&strict)).await;
    let summary = stage.store.durability_summary();
    assert_eq!(
        summary,
        "an accepted job is on Redis's disk (appendfsync always)"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_store_that_is_divided_otherwise_is_refused() {
    let server = RedisServer::start();
    drop(Stage::at(&server.url()).await);
    server.cli(&["HSET", "{bw}:settings", "shards", "16"]);
    let error = RedisJobStore::connect(config(&server), StoreTime::Server).await;
    let error = error.unwrap_err();
    assert!(
        matches!(error, ConnectError::OtherShards { .. }),
        "{error:?}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn tls_is_talked_to_a_server_whose_authority_is_known() {
    let server = RedisServer::start_tls();
    let url = server.url();
    assert!(url.starts_with("rediss://"), "{url}");
    let trusting = RedisConfig {
        ca_file: Some(server.certificate_authority().to_owned()),
        ..config(&server)
    };
    let stage = Stage::with(trusting).await;
    let key = stage.key_of("ada").await;
    stage.admit("ada", &key).await;
    let error = refusal(config(&server)).await;
    assert!(
        error.contains("no connection") || error.contains("authorities"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_came_back_empty_is_not_the_same_store() {
    let server = RedisServer::start();
    let Stage { store, .. } = Stage::at(&server.url()).await;
    store
        .deployment_id(&"first1".parse().unwrap())
        .await
        .unwrap();
    store.check().await.unwrap();
    server.cli(&["FLUSHALL"]);
    let told = store.check().await.unwrap_err().to_string();
    assert!(told.contains("lost") && told.contains("first1"), "{told}");
}

/// What ran before is nobody's orphan then, also for a process that was connected all along.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_came_back_empty_keeps_jobs_only_since_then() {
    let server = RedisServer::start();
    let clock = Arc::new(ManualClock::default());
    let connect = async || Stage::by(StoreTime::Clock(clock.clone()), config(&server)).await;
    let Stage { store, .. } = connect().await;
    let begun = clock.now();
    clock.advance(Duration::from_secs(3600));
    for store in [&store, &connect().await.store] {
        assert_eq!(store.kept_since().await.unwrap(), begun);
    }
    server.cli(&["FLUSHALL"]);
    let begun_again = clock.now();
    assert_eq!(store.kept_since().await.unwrap(), begun_again);
    clock.advance(Duration::from_secs(3600));
    for store in [&store, &connect().await.store] {
        assert_eq!(store.kept_since().await.unwrap(), begun_again);
    }
}

/// Before anything can be recorded there, also by a process that never sweeps.
#[tokio::test(flavor = "multi_thread")]
async fn a_store_keeps_jobs_since_the_first_connection() {
    let server = RedisServer::start();
    let before = now();
    let first = Stage::at(&server.url()).await;
    let after = now();
    let key = first.key_of("ada").await;
    let job = first.admit("ada", &key).await;
    until("a moment has passed", async || {
        (now() > after).then_some(())
    })
    .await;
    let kept_since = Stage::at(&server.url()).await.store.kept_since().await;
    let kept_since = kept_since.unwrap();
    assert!(before <= kept_since && kept_since <= after);
    assert!(kept_since <= job.created_at);
}
