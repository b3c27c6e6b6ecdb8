//! What is done, from top to bottom.

use std::sync::Arc;

use batchway_client::Client;
use batchway_client::types::{Artifact, JobStatus};
use serde_json::{Map, Value, json};

use super::clean_up::{Ledger, USER, clean_up};
use super::course::{About, Course, Seen};
use super::downloads;
use super::manifest::stored_keys;
use super::trouble::Trouble;
use super::visitor::{Doorstep, Request, post, submit, wait_for_end};
use crate::configuration::Secret;
use crate::system_clock::SystemClock;
use crate::wiring::{Patience, Store};

/// Goes through all steps. One that needs what another did not give is skipped.
pub(super) async fn follow(course: &mut Course, doorstep: &Doorstep<'_>) {
    let ledger = Ledger::default();
    let is_ready = course
        .step(About::step("gateway"), Some(()), async |()| {
            doorstep.knock().await
        })
        .await;
    let client = course
        .step(About::step("key"), is_ready, async |()| {
            take_key(doorstep, &ledger).await
        })
        .await;
    course.asks_with(client.as_ref());
    let first = begin(course, client.as_ref(), &ledger).await;
    cancel_another(course, client.as_ref().filter(|_| first.is_some()), &ledger).await;
    collect(course, client.as_ref().zip(first.as_ref()), doorstep).await;
    course
        .at_last("clean-up", clean_up(&ledger, client.as_ref()))
        .await;
}

/// The job that is to complete.
async fn begin(course: &mut Course, client: Option<&Client>, ledger: &Ledger) -> Option<String> {
    let request = Request::new(small());
    let first = course
        .step(About::step("submit"), client, async |client| {
            begin_job(client, ledger, &request).await
        })
        .await;
    let with_first = client.zip(first.as_ref());
    let about = About::step("replay").job(first.as_ref());
    course
        .step(about, with_first, async |(client, job)| {
            replay(client, job, &request).await
        })
        .await;
    let about = About::step("status").job(first.as_ref());
    course
        .step(about, with_first, async |(client, job)| {
            look_at(client, job).await
        })
        .await;
    first
}

/// The job that is to be cancelled.
async fn cancel_another(course: &mut Course, client: Option<&Client>, ledger: &Ledger) {
    let request = Request::new(large());
    let second = course
        .step(About::step("second"), client, async |client| {
            let begun = begin_job(client, ledger, &request).await?.value;
            let seen = look_at(client, &begun).await?.words;
            Ok(Seen::new(format!("{begun} is {seen}"), begun))
        })
        .await;
    let spinner = course.spinner();
    let about = About::step("cancel").job(second.as_ref());
    course
        .step(about, client.zip(second.as_ref()), async |(client, job)| {
            let asked = client.cancel_job().job_id(job).send().await;
            asked.map_err(|error| Trouble::of(&error))?;
            let ended = wait_for_end(client, job, &spinner).await?;
            match ended.status {
                JobStatus::Cancelled => Ok(Seen::new(format!("{job} is cancelled"), ())),
                JobStatus::Completed => Err(Trouble::new(
                    format!("{job} had completed before it could be cancelled"),
                    "it was to take half an hour: does the image read JOB_PARAMS?",
                )),
                _ => Err(Trouble::of_job(&ended)),
            }
        })
        .await;
}

/// What the first job leaves.
async fn collect(course: &mut Course, first: Option<(&Client, &String)>, doorstep: &Doorstep<'_>) {
    let spinner = course.spinner();
    let job = first.map(|(_, job)| job);
    let ended = course
        .step(
            About::step("wait").job(job),
            first,
            async |(client, job)| {
                let ended = wait_for_end(client, job, &spinner).await?;
                match ended.status {
                    JobStatus::Completed => Ok(Seen::new(format!("{job} is completed"), ())),
                    _ => Err(Trouble::of_job(&ended)),
                }
            },
        )
        .await;
    let artifacts = course
        .step(
            About::step("artifacts").job(job),
            first.filter(|_| ended.is_some()),
            async |(client, job)| list(client, job).await,
        )
        .await;
    course
        .step(
            About::step("download").job(job),
            first.zip(artifacts),
            async |((client, job), artifacts)| {
                let stored = match doorstep.key {
                    None => stored_keys(doorstep.configuration, job).await,
                    Some(_) => Err("the manifest is not at hand, with a key that was given".into()),
                };
                downloads::verify(client, &artifacts, stored).await
            },
        )
        .await;
}

/// The key that was given, or one for this run, by the store of the configuration.
async fn take_key(doorstep: &Doorstep<'_>, ledger: &Ledger) -> Result<Seen<Client>, Trouble> {
    let client = |key: &str| {
        Client::new(doorstep.url(), key)
            .map_err(|error| Trouble::new(error.to_string(), "see the message"))
    };
    if let Some(key) = doorstep.key {
        let words = "that of BATCHWAY_API_KEY";
        return Ok(Seen::new(words, client(Secret::reveal(key))?));
    }
    let store = Store::open(
        doorstep.configuration,
        Arc::new(SystemClock),
        Patience::None,
    );
    let store = store.await.map_err(|error| {
        Trouble::new(
            format!("no key can be made: {error}"),
            "batchway doctor looks at the store",
        )
    })?;
    let key = ledger.make_key(store.keys()).await?;
    let words = format!("one of user {USER}, for this run");
    Ok(Seen::new(words, client(key.reveal())?))
}

async fn begin_job(
    client: &Client,
    ledger: &Ledger,
    request: &Request,
) -> Result<Seen<String>, Trouble> {
    let job = submit(client, ledger, request).await?;
    let words = format!(
        "{} is {}, about {} s",
        job.job_id, job.status, job.estimated_time
    );
    Ok(Seen::new(words, job.job_id))
}

/// The same request once more has to start nothing.
async fn replay(client: &Client, job: &str, request: &Request) -> Result<Seen<()>, Trouble> {
    let again = post(client, request).await;
    let again = again.map_err(|error| Trouble::of(&error))?;
    if again.job_id == job {
        return Ok(Seen::new("sent again, it is the same job", ()));
    }
    Err(Trouble::new(
        format!(
            "sent again under its idempotency key, it started {}",
            again.job_id
        ),
        "do several gateways answer here, with stores of their own? They need one Redis",
    ))
}

async fn look_at(client: &Client, job: &str) -> Result<Seen<()>, Trouble> {
    let seen = client.get_job().job_id(job).send().await;
    let seen = seen.map_err(|error| Trouble::of(&error))?;
    let reason = seen.waiting_reason.as_ref();
    let waits = reason.map(|reason| format!(": {}", reason.message));
    let words = format!("{}{}", seen.status, waits.unwrap_or_default());
    Ok(Seen::new(words, ()))
}

async fn list(client: &Client, job: &str) -> Result<Seen<Vec<Artifact>>, Trouble> {
    let list = client.list_artifacts().job_id(job).send().await;
    let list = list.map_err(|error| Trouble::of(&error))?.into_inner();
    if list.artifacts.is_empty() {
        return Err(Trouble::new(
            format!("{job} is completed and has no artifacts"),
            "does its program write into the folder that docs/runner.md names? Without the \
             runner: does the image write below the prefix of the job, and may its role?",
        ));
    }
    let names: Vec<&str> = list
        .artifacts
        .iter()
        .map(|artifact| artifact.key.rsplit('/').next().unwrap_or(&artifact.key))
        .collect();
    Ok(Seen::new(names.join(", "), list.artifacts))
}

/// Takes about a second.
fn small() -> Map<String, Value> {
    simulation(200, 2_000)
}

/// Takes long enough to be cancelled, and not for ever if that can't be done: about half an hour.
fn large() -> Map<String, Value> {
    simulation(1_000, 10_000_000)
}

fn simulation(particles: u32, steps: u32) -> Map<String, Value> {
    let config = json!({"num_particles": particles, "temperature": 300, "steps": steps});
    let simulation = json!({"mode": "open_chemistry", "config": config});
    Map::from_iter([("simulation_config".to_owned(), simulation)])
}
