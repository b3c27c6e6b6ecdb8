//! Webhooks: what is sent, when, and that nothing is lost and nobody is held up.

use std::time::Duration;

use batchway_application::RequestError;
use batchway_application::use_cases::SubmitRequest;
use batchway_domain::identity::{JobId, UserName};
use batchway_domain::job::JobStatus;
use batchway_domain::ports::{WebhookAnswer, WebhookRequest};
use batchway_domain::webhooks::{AttemptOutcome, Delivery, DeliveryState, RetryAfter};
use batchway_memory_adapters::{Behaviour, Fault, WebhookOutboxCall};
use serde_json::Value;

use crate::job_types::SIMULATE;
use crate::scene::{DAY, MINUTE, SECOND, Scene, request};

const LIVING: &str = "https://living.example.org";
const DEAD: &str = "https://dead.example.org";

/// Longer than any attempt is put off for its sending.
const LEASE: Duration = MINUTE;

async fn submit_to(scene: &Scene, origin: &str) -> JobId {
    let request = SubmitRequest {
        webhook_url: Some(format!("{origin}/hook")),
        ..request(SIMULATE)
    };
    let application = &scene.gateway.application;
    let submitted = application.submit_job(&scene.world.key, request).await;
    submitted.unwrap().job_id
}

/// A job that was cancelled before it was sent: one event.
async fn cancelled_job(scene: &Scene, origin: &str) -> JobId {
    let id = submit_to(scene, origin).await;
    let application = &scene.gateway.application;
    let cancelled = application.cancel_job(&scene.world.key, id.as_str()).await;
    assert!(cancelled.unwrap().confirmed);
    id
}

/// One round, with the end of every attempt that it began.
async fn deliver(scene: &Scene) {
    scene.run("deliver").await;
    scene.gateway.find_loop("deliver").finish().await;
}

async fn deliveries(scene: &Scene, id: &JobId) -> Vec<Delivery> {
    let application = &scene.gateway.application;
    let list = application.list_webhook_deliveries(&scene.world.key, id.as_str());
    list.await.unwrap().deliveries
}

fn sent(scene: &Scene, origin: &str) -> Vec<WebhookRequest> {
    scene.world.receivers.requests_to(origin)
}

fn bodies(scene: &Scene, origin: &str) -> Vec<Value> {
    let requests = sent(scene, origin);
    let bodies = requests.iter().map(|one| serde_json::from_slice(&one.body));
    bodies.map(Result::unwrap).collect()
}

fn user() -> UserName {
    "ada".parse().unwrap()
}

#[tokio::test]
async fn the_receiver_is_told_that_a_job_runs_and_how_it_ends() {
    let scene = Scene::new();
    let id = submit_to(&scene, LIVING).await;
    scene.run("dispatch:process").await;
    let copy = scene.job(&id).backend_id().unwrap().clone();
    scene.world.start_runner(&scene.job(&id), &copy).await;
    scene.watch_all(&id).await;
    deliver(&scene).await;
    scene.world.finish_runner(&scene.job(&id), &copy);
    scene.watch_all(&id).await;
    assert_eq!(scene.status(&id), JobStatus::Completed);
    deliver(&scene).await;

    let told = bodies(&scene, LIVING);
    let kinds: Vec<_> = told.iter().map(|body| &body["type"]).collect();
    assert_eq!(kinds, ["job.running", "job.completed"]);
    assert_eq!(told[1]["job"], id.as_str());
    let link = told[1]["link"].as_str().unwrap();
    assert!(
        link.starts_with("http://gateway.example/artifacts/"),
        "{link}"
    );
    let requests = sent(&scene, LIVING);
    let listed = deliveries(&scene, &id).await;
    let ids: Vec<_> = listed.iter().map(|one| one.id.to_string()).collect();
    assert_eq!(ids, [requests[0].id.as_str(), requests[1].id.as_str()]);
    for delivery in listed {
        assert!(matches!(delivery.state, DeliveryState::Delivered { .. }));
    }
    deliver(&scene).await;
    assert_eq!(sent(&scene, LIVING).len(), 2, "once");
}

#[tokio::test]
async fn a_job_without_a_webhook_tells_nobody() {
    let scene = Scene::new();
    let (id, _) = scene.start(SIMULATE).await;
    deliver(&scene).await;
    assert_eq!(deliveries(&scene, &id).await, []);
}

#[tokio::test]
async fn an_attempt_that_failed_is_made_again_as_the_schedule_says() {
    let scene = Scene::new();
    scene.world.receivers.behave(DEAD, Behaviour::status(500));
    let id = cancelled_job(&scene, DEAD).await;
    for attempts in 1..=10 {
        deliver(&scene).await;
        assert_eq!(sent(&scene, DEAD).len(), attempts);
        deliver(&scene).await;
        assert_eq!(sent(&scene, DEAD).len(), attempts, "not before its time");
        scene.world.clock.advance(2 * DAY);
    }
    deliver(&scene).await;
    let requests = sent(&scene, DEAD);
    assert_eq!(requests.len(), 10, "ten attempts and no more");
    assert!(requests.iter().all(|one| one.id == requests[0].id));
    assert!(requests.iter().all(|one| one.body == requests[0].body));
    let stamps: Vec<_> = requests.iter().map(|one| one.timestamp).collect();
    assert!(stamps.is_sorted() && stamps[0] < stamps[1], "its own time");
    let [delivery] = deliveries(&scene, &id).await.try_into().unwrap();
    assert!(matches!(delivery.state, DeliveryState::Failed { .. }));
    let outcome = AttemptOutcome::Answered { status: 500 };
    assert!(delivery.attempts.iter().all(|one| one.outcome == outcome));
}

#[tokio::test]
async fn what_the_receiver_asks_for_is_heeded() {
    let scene = Scene::new();
    let later = Behaviour::Answers(WebhookAnswer {
        status: 429,
        retry_after: Some(RetryAfter::Delay(MINUTE)),
    });
    scene.world.receivers.behave_next(LIVING, [later]);
    cancelled_job(&scene, LIVING).await;
    deliver(&scene).await;
    scene.world.clock.advance(MINUTE - SECOND);
    deliver(&scene).await;
    assert_eq!(sent(&scene, LIVING).len(), 1);
    scene.world.clock.advance(SECOND);
    deliver(&scene).await;
    assert_eq!(sent(&scene, LIVING).len(), 2);

    scene.world.receivers.behave(DEAD, Behaviour::status(410));
    let gone = cancelled_job(&scene, DEAD).await;
    deliver(&scene).await;
    scene.world.clock.advance(3 * DAY);
    deliver(&scene).await;
    assert_eq!(sent(&scene, DEAD).len(), 1, "gone is gone");
    let [delivery] = deliveries(&scene, &gone).await.try_into().unwrap();
    assert!(matches!(delivery.state, DeliveryState::Failed { .. }));
}

#[tokio::test]
async fn a_delivery_can_be_had_once_more() {
    let scene = Scene::new();
    let id = cancelled_job(&scene, LIVING).await;
    deliver(&scene).await;
    let [delivered] = deliveries(&scene, &id).await.try_into().unwrap();
    let (application, key) = (&scene.gateway.application, &scene.world.key);
    let replay = |job: &str, delivery: String| {
        let job = job.to_owned();
        async move {
            application
                .replay_webhook_delivery(key, &job, &delivery)
                .await
        }
    };
    let replayed = replay(id.as_str(), delivered.id.to_string()).await.unwrap();
    assert_eq!(replayed.due_at(), Some(scene.world.now()));
    deliver(&scene).await;
    let requests = sent(&scene, LIVING);
    assert_eq!((requests.len(), &requests[0].id), (2, &requests[1].id));
    let [delivered] = deliveries(&scene, &id).await.try_into().unwrap();
    assert_eq!(delivered.attempts.len(), 2);

    let other = cancelled_job(&scene, LIVING).await;
    for unknown in ["", "msg_x", &format!("{}9", delivered.id)] {
        let answer = replay(id.as_str(), unknown.to_owned()).await;
        let is_unknown = matches!(answer, Err(RequestError::DeliveryNotFound { .. }));
        assert!(is_unknown, "{unknown}: {answer:?}");
    }
    let of_other_job = replay(other.as_str(), delivered.id.to_string()).await;
    assert!(matches!(
        of_other_job,
        Err(RequestError::DeliveryNotFound { .. })
    ));
    let stranger = scene.world.register("eve");
    let foreign = application
        .replay_webhook_delivery(&stranger, id.as_str(), &delivered.id.to_string())
        .await;
    assert!(matches!(foreign, Err(RequestError::JobNotFound { .. })));
    let foreign = application
        .list_webhook_deliveries(&stranger, id.as_str())
        .await;
    assert!(matches!(foreign, Err(RequestError::JobNotFound { .. })));
}

#[tokio::test]
async fn both_secrets_sign_for_a_day_after_one_took_the_place_of_the_other() {
    let scene = Scene::new();
    let application = &scene.gateway.application;
    let signatures = async || {
        cancelled_job(&scene, LIVING).await;
        deliver(&scene).await;
        sent(&scene, LIVING).pop().unwrap().signature
    };
    assert_eq!(signatures().await.split(' ').count(), 1);
    let first = application.webhook_secret(&user()).await.unwrap();
    assert_eq!(application.webhook_secret(&user()).await.unwrap(), first);
    let second = application.rotate_webhook_secret(&user()).await.unwrap();
    assert_ne!(first, second);
    assert_eq!(application.webhook_secret(&user()).await.unwrap(), second);
    assert_eq!(signatures().await.split(' ').count(), 2);
    scene.world.clock.advance(DAY);
    assert_eq!(signatures().await.split(' ').count(), 1);
    let others = application.webhook_secret(&"eve".parse().unwrap()).await;
    assert_ne!(others.unwrap(), second);
}

#[tokio::test]
async fn a_receiver_that_hangs_holds_up_nobody_else() {
    let scene = Scene::new();
    scene.world.receivers.behave(DEAD, Behaviour::Hangs);
    for _ in 0..200 {
        cancelled_job(&scene, DEAD).await;
    }
    let mut delivered = 0;
    for _ in 0..5 {
        cancelled_job(&scene, LIVING).await;
        delivered += 1;
        scene.run("deliver").await;
        while sent(&scene, LIVING).len() < delivered {
            tokio::task::yield_now().await;
        }
    }
    assert!(
        sent(&scene, DEAD).len() <= 8,
        "{}",
        sent(&scene, DEAD).len()
    );
    scene.world.receivers.behave(DEAD, Behaviour::default());
    while sent(&scene, DEAD).len() < 200 {
        deliver(&scene).await;
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_is_left_alone_for_a_while() {
    let scene = Scene::new();
    scene.world.receivers.behave(DEAD, Behaviour::IsSilent);
    for _ in 0..100 {
        cancelled_job(&scene, DEAD).await;
    }
    for _ in 0..20 {
        deliver(&scene).await;
    }
    let tried = sent(&scene, DEAD).len();
    assert!(tried <= 8, "{tried}");
    scene.world.clock.advance(MINUTE);
    scene.world.receivers.behave(DEAD, Behaviour::default());
    while sent(&scene, DEAD).len() < 100 + tried {
        deliver(&scene).await;
    }
}

#[tokio::test]
async fn what_can_not_be_recorded_is_sent_again() {
    let scene = Scene::new();
    let id = cancelled_job(&scene, LIVING).await;
    let faults = scene.gateway.outbox.faults();
    faults.fail_next_of(WebhookOutboxCall::Record, 2, Fault::RequestLost);
    deliver(&scene).await;
    assert_eq!(sent(&scene, LIVING).len(), 1);
    scene.world.clock.advance(LEASE);
    deliver(&scene).await;
    let requests = sent(&scene, LIVING);
    assert_eq!((requests.len(), &requests[0].id), (2, &requests[1].id));
    let [delivery] = deliveries(&scene, &id).await.try_into().unwrap();
    assert!(matches!(delivery.state, DeliveryState::Delivered { .. }));
}

#[tokio::test]
async fn a_record_whose_answer_was_lost_is_not_sent_again() {
    let scene = Scene::new();
    cancelled_job(&scene, LIVING).await;
    let faults = scene.gateway.outbox.faults();
    faults.fail_next(WebhookOutboxCall::Record, Fault::ReplyLost);
    deliver(&scene).await;
    scene.world.clock.advance(DAY);
    deliver(&scene).await;
    assert_eq!(sent(&scene, LIVING).len(), 1);
}

#[tokio::test]
async fn an_attempt_that_dies_with_its_process_is_made_by_another() {
    let scene = Scene::new();
    scene.world.receivers.behave(LIVING, Behaviour::Hangs);
    cancelled_job(&scene, LIVING).await;
    scene.run("deliver").await;
    while sent(&scene, LIVING).is_empty() {
        tokio::task::yield_now().await;
    }
    let Scene { world, gateway } = scene;
    drop(gateway);
    world.receivers.behave(LIVING, Behaviour::default());
    let other = world.replica(crate::scene::Setup::default());
    other.run("deliver").await;
    other.find_loop("deliver").finish().await;
    assert_eq!(world.receivers.requests_to(LIVING).len(), 1, "leased");
    world.clock.advance(LEASE);
    other.run("deliver").await;
    other.find_loop("deliver").finish().await;
    assert_eq!(world.receivers.requests_to(LIVING).len(), 2);
}
