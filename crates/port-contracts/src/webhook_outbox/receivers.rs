//! Receivers take turns.

use std::collections::BTreeMap;
use std::time::Duration;

use batchway_domain::ports::Receiver;
use batchway_domain::webhooks::Delivery;

use super::WebhookOutboxFixture;
use super::stage::{Stage, URL, answered, ids};
use crate::concurrency::all_at_once;
use crate::job_store::scene::Caller;

const OTHER: &str = "https://other.example.com/";
const THIRD: &str = "https://third.example.com/";

/// A batch holds at most so many of each receiver, the longest due of each, and nothing twice.
pub async fn a_batch_holds_only_so_many_of_each(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let many = stage.post_many(&ada, URL, 7).await;
    let few = stage.post_many(&ada, OTHER, 2).await;
    for (of_many, of_few) in [(0..3, 0..2), (3..6, 2..2), (6..7, 2..2), (7..7, 2..2)] {
        let (these, those) = stage
            .take(100, 3)
            .await
            .into_iter()
            .partition::<Vec<_>, _>(|taken| taken.target.as_str() == URL);
        assert_eq!(these, many[of_many]);
        assert_eq!(those, few[of_few]);
    }
}

/// Where a batch has a place for everyone, everyone gets one, before anybody fills the rest.
pub async fn a_batch_has_room_for_everyone(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let bob = stage.scene.caller("bob").await;
    for (caller, url) in [(&ada, URL), (&ada, OTHER), (&bob, URL), (&bob, THIRD)] {
        stage.post_many(caller, url, 6).await;
    }
    for _ in 0..3 {
        let shares = shares_of(&stage.take(4, 5).await);
        let each = shares.values().copied().collect::<Vec<_>>();
        assert_eq!(each, [1, 1, 1, 1], "{shares:?}");
    }
}

/// A thousand deliveries of one receiver, all of them longer due, do not hold up another's one.
pub async fn a_thousand_deliveries_hold_up_nobody_elses(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let backlog = post_at_once(&stage, &ada, 1000).await;
    fixture.advance(Duration::from_secs(60));
    let same_user = stage.post(&ada, OTHER).await;
    let bob = stage.scene.caller("bob").await;
    let other_user = stage.post(&bob, OTHER).await;

    let batch = ids(&stage.take(10, 4).await);
    assert!(batch.contains(&same_user.id), "{batch:?}");
    assert!(batch.contains(&other_user.id), "{batch:?}");
    assert_eq!(batch.len(), 6, "and four of the thousand");
    assert_eq!(stage.take_all().await.len(), backlog - 4);
}

/// However small the batches, everyone comes to be served before long, whoever else has more: in
/// twice as many places as there are receivers.
pub async fn small_batches_come_round_to_everyone(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let mut waiting = 0;
    for name in ["ada", "bob", "carol"] {
        let caller = stage.scene.caller(name).await;
        for url in [URL, OTHER, THIRD, "https://fourth.example.com/"] {
            let count = if waiting % 3 == 0 { 8 } else { 1 };
            stage.post_many(&caller, url, count).await;
            waiting += 1;
        }
    }
    let mut served = Vec::new();
    for _ in 0..waiting {
        served.extend(stage.take(2, 5).await);
    }
    assert_eq!(shares_of(&served).len(), waiting);
}

/// Nothing of those who are excepted is taken, nor put off.
pub async fn excepted_receivers_are_left_alone(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let bob = stage.scene.caller("bob").await;
    let busy = stage.post_many(&ada, URL, 3).await;
    let free = stage.post(&ada, OTHER).await;
    let anothers = stage.post(&bob, URL).await;
    let except = [Receiver::of(&busy[0]), Receiver::of(&anothers)];
    assert_eq!(stage.take_except(10, 10, &except).await, [free]);
    assert!(stage.take_except(10, 10, &except).await.is_empty());
    assert_eq!(stage.take_except(10, 10, &except[..1]).await, [anothers]);
    assert_eq!(stage.take(10, 10).await, busy);
}

/// Whatever the path, one origin is one receiver; another port, scheme or host is another.
pub async fn one_origin_is_one_receiver(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let origins = [
        ["https://example.com/a", "https://example.com:443/b?c=d"],
        ["http://example.com/a", "http://example.com:80/"],
        ["https://example.com:8443/a", "https://example.com:8443/b"],
        ["https://a.example.com/", "https://a.example.com/#b"],
        ["https://[2606:2800::1]/", "https://[2606:2800:0::1]/b"],
    ];
    let mut first = Vec::new();
    for url in origins.iter().flatten() {
        let written = stage.post(&ada, url).await;
        first.push(written);
        fixture.advance(Duration::from_secs(1));
    }
    let longest_due = first.into_iter().step_by(2);
    let mut expected: Vec<_> = longest_due.map(|delivery| delivery.id).collect();
    let mut taken = ids(&stage.take(100, 1).await);
    expected.sort();
    taken.sort();
    assert_eq!(taken, expected);
}

/// What two users have at one origin is of two receivers: nobody waits for another's.
pub async fn one_origin_of_two_users_is_two_receivers(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    let bob = stage.scene.caller("bob").await;
    let hers = stage.post_many(&ada, URL, 3).await;
    let his = stage.post(&bob, URL).await;
    let mut expected = [hers[0].id.clone(), his.id];
    let mut taken = ids(&stage.take(10, 1).await);
    expected.sort();
    taken.sort();
    assert_eq!(taken, expected);
}

/// Who waits for a later attempt, or for nothing any more, takes no place of a batch.
pub async fn who_has_nothing_due_takes_no_place(fixture: &dyn WebhookOutboxFixture) {
    let stage = Stage::new(fixture);
    let ada = stage.scene.caller("ada").await;
    for (url, status) in [(URL, 503), (OTHER, 204)] {
        let written = stage.post(&ada, url).await;
        let attempted = stage.attempted(&written, answered(status));
        stage.record(&attempted).await;
    }
    let due = stage.post_many(&ada, THIRD, 3).await;
    assert_eq!(stage.take(2, 5).await, due[..2]);
}

/// Posts so many deliveries to [`URL`], as fast as the store takes them; answers how many.
async fn post_at_once(stage: &Stage<'_>, caller: &Caller, count: usize) -> usize {
    let calls: Vec<_> = (0..count)
        .map(|_| {
            let (jobs, key) = (stage.scene.jobs(), caller.key);
            let admission = stage.admission(caller, URL);
            let job = admission.job.clone().admit(caller.name.clone()).job;
            let commit = stage.cancellation_of(&job);
            async move {
                jobs.admit(&key, admission).await.expect("it is admitted");
                jobs.commit(commit).await.expect("it is cancelled");
            }
        })
        .collect();
    all_at_once(calls).await.len()
}

/// How many deliveries each receiver has among these.
fn shares_of(deliveries: &[Delivery]) -> BTreeMap<Receiver, usize> {
    let mut shares = BTreeMap::new();
    for delivery in deliveries {
        *shares.entry(Receiver::of(delivery)).or_default() += 1;
    }
    shares
}
