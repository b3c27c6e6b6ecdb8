//! The reply to a script is lost, and the client sends it again by itself: nothing is done twice,
//! and the answer is that of the first time.

use batchway_domain::identity::TryName;
use batchway_domain::job::BackendId;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{
    ApiKeys, CallBucket, CallBudget, CallLimit, JobStore, KeyError, KeyRecord, Orphan, Queue,
    SweepLedger,
};
use batchway_domain::security::ApiKey;
use batchway_memory_adapters::{FailingJobStore, Fault, JobStoreCall};
use batchway_port_contracts::specimens;
use batchway_test_servers::RedisServer;

use super::stage::{Stage, admission, dispatch, keyed, now};
use super::swallowing_proxy::SwallowingProxy;
use super::webhooks::{URL, delivered, secrets};

struct Lossy {
    proxy: SwallowingProxy,
    stage: Stage,
    _server: RedisServer,
}

impl Lossy {
    async fn new() -> Self {
        let server = RedisServer::start();
        let proxy = SwallowingProxy::before(server.port()).await;
        let stage = Stage::at(&proxy.url()).await;
        Self {
            proxy,
            stage,
            _server: server,
        }
    }

    /// Does something while its reply is lost once.
    async fn losing<T>(&self, work: impl Future<Output = T>) -> T {
        self.losing_reply_to("EVALSHA", work).await
    }

    async fn losing_reply_to<T>(&self, word: &'static str, work: impl Future<Output = T>) -> T {
        self.proxy.lose_reply_to(word);
        let answer = work.await;
        assert!(self.proxy.has_lost());
        answer
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_admission_sent_twice_makes_one_job_and_is_no_replay() {
    let lossy = Lossy::new().await;
    let key = lossy.stage.key_of("ada").await;
    let without_key = lossy.losing(lossy.stage.try_admit("ada", &key)).await;
    assert!(!without_key.unwrap().replayed);
    let admission = keyed("ada", "once");
    let with_key = lossy.losing(lossy.stage.store.admit(&key, admission.clone()));
    assert!(!with_key.await.unwrap().replayed);
    let again = lossy.stage.store.admit(&key, admission).await;
    assert!(
        again.unwrap().replayed,
        "the caller's own repetition is one"
    );
    assert_eq!(lossy.stage.all(&key).await.len(), 2);
    let user = "ada".parse().unwrap();
    let events = lossy.stage.store.events_of_user(&user, 0, 10);
    let numbers: Vec<u64> = events.await.unwrap().iter().map(|event| event.0).collect();
    assert_eq!(numbers, [1, 2]);
}

#[tokio::test(flavor = "multi_thread")]
async fn changes_sent_twice_take_effect_once() {
    let lossy = Lossy::new().await;
    let key = lossy.stage.key_of("ada").await;
    let job = lossy.stage.admit("ada", &key).await;
    let cancelling = lossy.stage.observe(&job, &Observation::CancelRequested);
    let cancelled = lossy.losing(cancelling).await;
    assert_eq!(
        lossy.stage.store.load(&job.id).await.unwrap(),
        Some(cancelled.clone())
    );
    let events = lossy.stage.store.events_of_user(&job.user, 0, 10).await;
    assert_eq!(events.unwrap().len(), 2);
    let removing = lossy.stage.store.remove(&job.id, cancelled.version);
    lossy.losing(removing).await.unwrap();
    assert_eq!(lossy.stage.store.load(&job.id).await.unwrap(), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_whose_taking_was_answered_in_vain_are_not_left_lying() {
    let lossy = Lossy::new().await;
    let key = lossy.stage.key_of("ada").await;
    let job = lossy.stage.admit("ada", &key).await;
    // What only the script that takes is told.
    let taking = lossy.stage.take(dispatch(), 10);
    let taken = lossy.losing_reply_to("\r\nturns\r\n", taking).await;
    assert_eq!(taken, [job], "now, and not after its lease");
    assert_eq!(lossy.stage.take(dispatch(), 10).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_whose_reply_was_lost_is_made_again() {
    let lossy = Lossy::new().await;
    let key = lossy.stage.key_of("ada").await;
    let job = lossy.stage.admit("ada", &key).await;
    let taken = lossy.losing(lossy.stage.take(dispatch(), 10)).await;
    assert_eq!(taken, [job]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_registered_twice_by_one_call_is_registered() {
    let lossy = Lossy::new().await;
    let user: batchway_domain::identity::UserName = "ada".parse().unwrap();
    let record = KeyRecord {
        digest: ApiKey::new(&user, [3; ApiKey::ENTROPY_BYTES]).digest(),
        user,
        created_at: now(),
        revoked_at: None,
    };
    lossy
        .losing(lossy.stage.store.register(&record))
        .await
        .unwrap();
    let again = lossy.stage.store.register(&record).await;
    assert!(matches!(again, Err(KeyError::Exists)), "{again:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tokens_whose_grant_was_lost_are_granted_once() {
    let lossy = Lossy::new().await;
    let bucket = CallBucket::new("account", "submit");
    let limit = CallLimit {
        per_second: 0.001,
        burst: 10,
    };
    let store = &lossy.stage.store;
    let granted = lossy.losing(store.take(&bucket, limit, 4)).await;
    assert_eq!(granted.unwrap().tokens, 4);
    assert_eq!(store.take(&bucket, limit, 10).await.unwrap().tokens, 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_sweep_noted_twice_is_noted_once_and_answered_as_it_was_first() {
    let lossy = Lossy::new().await;
    let store = &lossy.stage.store;
    let (queue, began_at) = (Queue("here".to_owned()), now());
    lossy
        .losing(store.record_sweep(&queue, began_at))
        .await
        .unwrap();
    assert_eq!(store.swept_until(&queue).await.unwrap(), Some(began_at));

    let orphan = Orphan {
        backend: specimens::backend(),
        id: BackendId("8b2f".to_owned()),
        name: TryName {
            deployment: "first1".parse().unwrap(),
            job: admission("ada").job.id,
            number: 1,
        },
        queue,
        created_at: began_at,
        noted_at: began_at,
    };
    let noted = lossy.losing(store.note_orphan(&orphan)).await;
    assert_eq!(noted.unwrap(), orphan);
    let kept = store.orphans().await.unwrap();
    assert_eq!(kept, std::slice::from_ref(&orphan));
    let forgetting = store.forget_orphan(&orphan.backend, &orphan.id);
    lossy.losing_reply_to("HDEL", forgetting).await.unwrap();
    assert_eq!(store.orphans().await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_told_in_vain_is_told_once() {
    let lossy = Lossy::new().await;
    let (stage, outbox) = (&lossy.stage, lossy.stage.outbox());
    let key = stage.key_of("ada").await;
    let job = stage.admit_told("ada", &key, URL).await;
    let told = lossy.losing(stage.cancel(&job)).await.unwrap();
    let of_job = outbox.of_job(&job.id, 10).await.unwrap();
    assert_eq!(of_job, std::slice::from_ref(&told));

    // What only the script that takes is told.
    let taking = stage.take_deliveries(10);
    let taken = lossy.losing_reply_to("}:taken:", taking).await;
    assert_eq!(
        taken,
        std::slice::from_ref(&told),
        "now, not after its lease"
    );
    assert_eq!(stage.take_deliveries(10).await, []);

    let done = delivered(&told);
    let recording = outbox.record(&done, told.version);
    lossy.losing(recording).await.unwrap();
    let removing = stage.store.remove(&job.id, job.version + 1);
    assert_eq!(outbox.load(&done.id).await.unwrap(), Some(done));
    lossy.losing(removing).await.unwrap();
    assert_eq!(outbox.load(&told.id).await.unwrap(), None);
    assert_eq!(outbox.of_job(&job.id, 10).await.unwrap(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn secrets_replaced_twice_by_one_call_are_replaced() {
    let lossy = Lossy::new().await;
    let (store, user) = (lossy.stage.webhook_secrets(), "ada".parse().unwrap());
    let [first, second] = [1, 2].map(secrets);
    let giving = store.replace(&user, None, &first);
    assert!(lossy.losing(giving).await.unwrap());
    let replacing = store.replace(&user, Some(&first), &second);
    assert!(lossy.losing(replacing).await.unwrap());
    assert_eq!(store.load(&user).await.unwrap(), Some(second));
}

/// The same from further out: the caller gets an error and asks again.
#[tokio::test(flavor = "multi_thread")]
async fn what_a_caller_sends_again_takes_effect_once() {
    let server = RedisServer::start();
    let stage = Stage::at(&server.url()).await;
    let key = stage.key_of("ada").await;
    let store = FailingJobStore::new(stage.store.clone());
    for call in [JobStoreCall::Admit, JobStoreCall::Commit] {
        store.faults().fail_every_other(call, Fault::ReplyLost);
    }
    let admission = keyed("ada", "once");
    store.admit(&key, admission.clone()).await.unwrap_err();
    let admitted = store.admit(&key, admission).await.unwrap();
    assert!(admitted.replayed);
    let commit = super::stage::commit_of(&admitted.job, &Observation::CancelRequested);
    store.commit(commit.clone()).await.unwrap_err();
    store.commit(commit).await.unwrap();
    let events = store.events_of_user(&admitted.job.user, 0, 10).await;
    let numbers: Vec<u64> = events.unwrap().iter().map(|event| event.0).collect();
    assert_eq!(numbers, [1, 2]);
}
