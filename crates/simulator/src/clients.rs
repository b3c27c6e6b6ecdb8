//! Those who use the gateways: they repeat a request until it is answered, change their minds, and
//! look again.

use std::sync::Arc;
use std::time::Duration;

use batchway_application::use_cases::SubmitRequest;
use batchway_application::{Application, RequestError};
use batchway_domain::identity::JobId;
use batchway_domain::security::KeyDigest;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use serde_json::value::RawValue;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::network::Service;
use crate::setting;
use crate::world::World;

/// How long a client waits for an answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// Every job of a history is posted within this time, or while there are faults, if those are
/// over sooner.
const POSTED_WITHIN: Duration = Duration::from_secs(60);

/// One client's one job, from the request to its end.
pub(crate) async fn use_the_gateway(world: Arc<World>, key: KeyDigest, number: u64) {
    let dice = &world.dice;
    let request_key = format!("request-{number}");
    let kind = if dice.happens(world.plan.ungated) {
        setting::UNGATED
    } else {
        setting::GATED
    };
    let window = POSTED_WITHIN.min(world.plan.foul_for / 2);
    sleep(dice.millis(0, millis(window))).await;
    let repetitions = if dice.happens(200) { 2 } else { 1 };
    let mut job = None;
    for _ in 0..repetitions {
        job = Some(post_until_answered(&world, &key, &request_key, kind).await);
    }
    let Some(job) = job else { return };
    if dice.happens(world.plan.cancelled) {
        let left = world.plan.foul_for.saturating_sub(world.clock.elapsed());
        let when = if dice.happens(500) {
            left.min(Duration::from_secs(30))
        } else {
            left
        };
        sleep(dice.millis(0, millis(when))).await;
        cancel_until_answered(&world, &key, &job).await;
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

async fn post_until_answered(
    world: &Arc<World>,
    key: &KeyDigest,
    request_key: &str,
    kind: &'static str,
) -> JobId {
    loop {
        let (key, request) = (*key, request(kind, request_key));
        let answer = ask(world, move |application| {
            async move { application.submit_job(&key, request).await }.boxed()
        });
        match answer.await {
            Some(Ok(submitted)) => {
                let job = submitted.job_id;
                world.trace(|| format!("{request_key} is {job}"));
                world.truth().request_accepted(request_key, &job);
                return job;
            }
            Some(Err(RequestError::Invalid(violations))) => {
                let sentence = format!("{request_key} was refused: {violations:?}");
                world.truth().violate(sentence);
                return std::future::pending().await;
            }
            Some(Err(_)) | None => sleep(world.dice.millis(100, 5_000)).await,
        }
    }
}

fn request(kind: &str, request_key: &str) -> SubmitRequest {
    SubmitRequest {
        job_type: kind.to_owned(),
        params: RawValue::from_string("{}".to_owned()).expect("an object"),
        idempotency_key: Some(request_key.to_owned()),
        idempotency_header: None,
        webhook_url: None,
    }
}

async fn cancel_until_answered(world: &Arc<World>, key: &KeyDigest, job: &JobId) {
    loop {
        let (key, id) = (*key, job.clone());
        let answer = ask(world, move |application| {
            async move { application.cancel_job(&key, id.as_str()).await }.boxed()
        });
        match answer.await {
            Some(Ok(answer)) => {
                let status = answer.job.snapshot.status;
                world.trace(|| format!("{job} was told to stop, and is {status}"));
                if answer.confirmed != status.is_terminal() {
                    let sentence = format!("a cancel of {job} was answered {status}");
                    world.truth().violate(sentence);
                }
                return;
            }
            Some(Err(_)) | None => sleep(world.dice.millis(100, 5_000)).await,
        }
    }
}

/// Asks any gateway that is there. `None` where no answer came in time, or nobody lives to give
/// one: whether anything came of it is not known.
pub(crate) async fn ask<T: Send + 'static>(
    world: &Arc<World>,
    use_case: impl FnOnce(Application) -> BoxFuture<'static, T> + Send + 'static,
) -> Option<T> {
    let count = world.replicas.len() as u64;
    let replica = usize::try_from(world.dice.below(count)).unwrap_or(0);
    let (answer, answered) = oneshot::channel();
    let there = world.clone();
    let is_sent = world.call(Service::Gateway, move || {
        let request = move |application: Application| {
            async move {
                // The client may have gone.
                let _heard = answer.send(use_case(application).await);
            }
            .boxed()
        };
        there.replicas[replica].send(Box::new(request))
    });
    if !is_sent.await.ok()? {
        return None;
    }
    timeout(PATIENCE, answered).await.ok()?.ok()
}
