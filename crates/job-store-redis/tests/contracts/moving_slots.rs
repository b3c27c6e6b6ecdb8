//! Slots of a cluster are moved from node to node under load.

use std::collections::BTreeSet;
use std::slice::from_ref;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use batchway_domain::identity::{JobId, Shard};
use batchway_domain::job::JobStatus;
use batchway_domain::ports::{AdmitError, CommitError, DeliveryRequest, JobStore};
use batchway_domain::security::KeyDigest;
use batchway_domain::webhooks::DeliveryState;
use batchway_job_store_redis::{RedisConfig, StoreTime};
use batchway_memory_adapters::ManualClock;
use batchway_test_servers::RedisCluster;
use futures_util::future::join_all;
use tokio::task::block_in_place;

use super::stage::{
    PATIENCE, Stage, dispatch, keyed, now, patient, serial, until, users_of_different_shards,
};
use super::webhooks::{URL, delivered, deliveries, told};

/// So long one job may take from admission to running, with its slot on the move meanwhile.
const LIMIT: Duration = PATIENCE;

/// So long a delivery is left to who took it.
const LEASE: Duration = Duration::from_secs(2);

/// Somebody whose jobs are run one after the other.
struct Worker<'a> {
    stage: &'a Stage,
    user: &'a str,
    key: KeyDigest,
    done: AtomicUsize,
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_slot_that_moves_under_load_loses_nothing_and_hangs_nobody() {
    let cluster = RedisCluster::start(3);
    let stage = Stage::with(RedisConfig::from_url(&cluster.url()).unwrap()).await;
    let users = users_of_different_shards(3);
    let mut workers = Vec::new();
    for user in &users {
        workers.push(Worker {
            stage: &stage,
            user,
            key: stage.key_of(user).await,
            done: AtomicUsize::new(0),
        });
    }
    let is_over = AtomicBool::new(false);
    let load = join_all(workers.iter().map(|worker| worker.work(&is_over)));
    let moves = async {
        for worker in &workers {
            let first = cluster.owner_of(worker.slot(&cluster));
            for from in [first, first + 1, first + 2] {
                move_slowly(&cluster, &workers, worker, (from % 3, (from + 1) % 3)).await;
            }
        }
        is_over.store(true, Ordering::SeqCst);
    };
    let deliveries = deliver(&stage, &is_over);
    let (acknowledged, (), ()) = tokio::join!(load, moves, deliveries);
    for (worker, acknowledged) in workers.iter().zip(acknowledged) {
        let kept = stage.all(&worker.key).await;
        assert!(kept.iter().all(|job| job.status() == JobStatus::Running));
        let kept: BTreeSet<JobId> = kept.into_iter().map(|job| job.id).collect();
        assert_eq!(kept, acknowledged, "{}", worker.user);
        for job in kept {
            until("the job was told of once", async || {
                deliver_some(&stage).await;
                let told = stage.outbox().of_job(&job, 10).await.unwrap();
                assert_eq!(told.len(), 1, "it runs");
                matches!(told[0].state, DeliveryState::Delivered { .. }).then_some(())
            })
            .await;
        }
    }
}

/// Tells whom it can, as a gateway does.
async fn deliver(stage: &Stage, is_over: &AtomicBool) {
    while !is_over.load(Ordering::SeqCst) {
        deliver_some(stage).await;
    }
}

/// What fails is left to a later batch, when its lease is over.
async fn deliver_some(stage: &Stage) {
    let request = DeliveryRequest {
        lease: LEASE,
        ..deliveries(10)
    };
    let Ok(taken) = stage.outbox().take_due(&request).await else {
        return;
    };
    let records = taken.iter().map(async |told| {
        let recorded = stage.outbox().record(&delivered(told), told.version).await;
        assert!(!matches!(recorded, Err(CommitError::NotFound)));
    });
    join_all(records).await;
}

/// With the slot on its way, those whose slots stay where they are go on; when it has arrived,
/// all do.
async fn move_slowly(
    cluster: &RedisCluster,
    workers: &[Worker<'_>],
    moved: &Worker<'_>,
    (from, to): (usize, usize),
) {
    let slot = moved.slot(cluster);
    let others = || workers.iter().filter(|worker| worker.user != moved.user);
    block_in_place(|| cluster.begin_move(slot, from, to));
    go_on(others()).await;
    while block_in_place(|| cluster.move_some_keys(slot, from, to)) {
        go_on(others()).await;
    }
    block_in_place(|| cluster.finish_move(slot, from, to));
    go_on(workers.iter()).await;
}

async fn go_on<'a>(workers: impl Iterator<Item = &'a Worker<'a>>) {
    for worker in workers {
        let before = worker.done.load(Ordering::SeqCst);
        let what = format!("{} goes on", worker.user);
        until(&what, async || {
            (worker.done.load(Ordering::SeqCst) > before + 1).then_some(())
        })
        .await;
    }
}

/// Each is the only one there is: what a script takes from a key in passing would leave the key
/// empty, and one that is not there can't be written while its slot is on its way.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_taken_while_its_slot_moves_can_be_taken_again() {
    let cluster = RedisCluster::start(3);
    let clock = Arc::new(ManualClock::new(now()));
    let stage = Stage::by(StoreTime::Clock(clock.clone()), patient(&cluster.url())).await;
    let key = stage.key_of("ada").await;
    let job = stage.admit("ada", &key).await;
    let told = stage.post("ada", &key, URL).await;
    let take_both = async || {
        clock.advance(Duration::from_secs(3600));
        assert_eq!(stage.take(dispatch(), 10).await, from_ref(&job));
        assert_eq!(stage.take_deliveries(10).await, from_ref(&told));
    };
    take_both().await;
    let slot = slot_of("ada", &cluster);
    let from = cluster.owner_of(slot);
    let to = (from + 1) % 3;
    block_in_place(|| cluster.begin_move(slot, from, to));
    take_both().await;
    block_in_place(|| while cluster.move_some_keys(slot, from, to) {});
    block_in_place(|| cluster.finish_move(slot, from, to));
    take_both().await;
}

fn slot_of(user: &str, cluster: &RedisCluster) -> u16 {
    let shard = Shard::of_user(&user.parse().unwrap());
    block_in_place(|| cluster.slot_of(&format!("{{bw:{shard}}}")))
}

impl Worker<'_> {
    fn slot(&self, cluster: &RedisCluster) -> u16 {
        slot_of(self.user, cluster)
    }

    async fn work(&self, is_over: &AtomicBool) -> BTreeSet<JobId> {
        let mut ids = BTreeSet::new();
        while !is_over.load(Ordering::SeqCst) {
            let job = tokio::time::timeout(LIMIT, self.run_one()).await;
            ids.insert(job.expect("nobody hangs"));
            self.done.fetch_add(1, Ordering::SeqCst);
        }
        ids
    }

    /// As a client does: asks again with the same key where there is no answer.
    async fn run_one(&self) -> JobId {
        let admission = told(keyed(self.user, &serial().to_string()), URL);
        let job = loop {
            match self.stage.store.admit(&self.key, admission.clone()).await {
                Ok(admitted) => break admitted.job,
                Err(error) => assert!(matches!(error, AdmitError::Store(_)), "{error:?}"),
            }
        };
        self.stage.start_however_often(&job).await.id
    }
}
