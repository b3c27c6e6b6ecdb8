//! The short versions. Each has servers, folders and ports of its own.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use std::time::Duration;

use batchway_chaos::{
    Flaw, Gateways, Idempotency, Jobs, Patience, Redis, Report, Store, Table, Webhooks,
};

/// What the short runs do is the same each time; the long ones try others.
const SEED: u64 = 1;

/// Jobs whose sending is in doubt take three minutes, which the long runs have.
const PATIENCE: Patience = Patience::Most(Duration::from_secs(25));

fn is_good(report: Report) {
    assert!(report.is_good(), "{}", Table(&[report]));
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_clients_and_three_replicas_make_one_job_of_one_key() {
    let races = Idempotency {
        rounds: 50,
        with_kills: false,
        seed: SEED,
    };
    is_good(races.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn one_key_is_one_job_also_where_replicas_die() {
    let races = Idempotency {
        rounds: 25,
        with_kills: true,
        seed: SEED,
    };
    is_good(races.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn gateways_that_die_lose_no_job_and_run_none_twice() {
    let scene = Gateways {
        kills: 10,
        seed: SEED,
        patience: PATIENCE,
        flaw: None,
        jobs: Jobs::Processes,
    };
    is_good(scene.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_dies_lost_nothing_that_was_answered() {
    let scene = Redis {
        kills: 5,
        seed: SEED,
        patience: PATIENCE,
        flaw: None,
    };
    is_good(scene.run().await.unwrap());
}

/// What is under way when a gateway dies comes a minute later, which the long runs have.
fn webhooks(events: u32, kills: u32, store: Store, flaw: Option<Flaw>) -> Webhooks {
    Webhooks {
        events,
        kills,
        seed: SEED,
        patience: Patience::Most(Duration::from_secs(5)),
        flaw,
        store,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_is_lost_on_its_way_to_a_receiver_that_fails() {
    let scene = webhooks(300, 3, Store::Redis, None);
    is_good(scene.run().await.unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn no_event_of_a_gateway_that_is_alone_is_lost() {
    let scene = webhooks(100, 2, Store::Sqlite, None);
    is_good(scene.run().await.unwrap());
}

/// A run that can't fail proves nothing.
fn is_found_out(report: &Report, words: &str) {
    let mut discrepancies = report.discrepancies.iter();
    assert!(
        discrepancies.any(|discrepancy| discrepancy.contains(words)),
        "nothing about {words:?}: {}",
        Table(std::slice::from_ref(report))
    );
    if let Some(evidence) = &report.evidence {
        std::fs::remove_dir_all(evidence).unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn copies_that_work_without_the_gate_are_found_out() {
    let scene = Gateways {
        kills: 3,
        seed: SEED,
        patience: PATIENCE,
        flaw: Some(Flaw::UngatedCopies),
        jobs: Jobs::Processes,
    };
    is_found_out(&scene.run().await.unwrap(), "a try ran more than once");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_redis_that_forgets_is_found_out() {
    let scene = Redis {
        kills: 3,
        seed: SEED,
        patience: PATIENCE,
        flaw: Some(Flaw::ForgetfulRedis),
    };
    is_found_out(&scene.run().await.unwrap(), "does not have it");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_are_lost_are_found_out() {
    let scene = webhooks(50, 0, Store::Redis, Some(Flaw::LostDeliveries));
    is_found_out(&scene.run().await.unwrap(), "0 events say");
}

#[tokio::test(flavor = "multi_thread")]
async fn events_that_nobody_kept_are_found_out() {
    let scene = webhooks(50, 0, Store::Redis, Some(Flaw::ForgetfulReceiver));
    is_found_out(&scene.run().await.unwrap(), "was never taken");
}
