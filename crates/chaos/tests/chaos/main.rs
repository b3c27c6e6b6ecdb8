//! The short versions. Each has servers, folders and ports of its own.
#![allow(clippy::unwrap_used, reason = "a test that fails says so")]

use batchway_chaos::{Idempotency, Report, Table};

/// What the short runs do is the same each time; the long ones try others.
const SEED: u64 = 1;

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
