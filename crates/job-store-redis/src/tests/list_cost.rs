//! What a page costs does not grow with the number of jobs, whatever is asked for.

use batchway_domain::job::JobStatus;
use batchway_domain::job::machine::Observation;
use batchway_domain::ports::{JobQuery, JobStore};
use batchway_domain::security::KeyDigest;
use futures_util::future::join_all;

use super::fixture::Fixture;

const FEW: usize = 200;
const MANY: usize = 3000;

/// Calls of commands, and entries of the index that were read, for one page of each query.
async fn costs(fixture: &Fixture, key: &KeyDigest) -> Vec<(u64, u64, usize)> {
    let mut costs = Vec::new();
    for query in queries(key, fixture).await {
        let before = (fixture.calls("zrange"), fixture.calls("hget"));
        let entries = fixture.store.core().entries_read(key, &query).await;
        let after = (fixture.calls("zrange"), fixture.calls("hget"));
        costs.push((after.0 - before.0, after.1 - before.1, entries));
    }
    costs
}

/// Without filters, with each, with both, far back.
async fn queries(key: &KeyDigest, fixture: &Fixture) -> Vec<JobQuery> {
    let all = JobQuery {
        limit: 20,
        ..JobQuery::default()
    };
    let first = JobStore::list(&fixture.store, key, &all).await.unwrap();
    let with_status = |status| JobQuery {
        status: Some(status),
        ..all.clone()
    };
    let of_type = JobQuery {
        job_type: Some("generate_dataset".parse().unwrap()),
        ..all.clone()
    };
    vec![
        with_status(JobStatus::Queued),
        with_status(JobStatus::Cancelled),
        with_status(JobStatus::Completed),
        JobQuery {
            status: Some(JobStatus::Queued),
            ..of_type.clone()
        },
        of_type,
        JobQuery {
            before: first.next,
            ..all.clone()
        },
        all,
    ]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_of_many_jobs_costs_what_a_page_of_few_does() {
    let fixture = Fixture::new().await;
    let key = fixture.key_of("ada").await;
    // Three in four stay queued; the others are spread among them.
    let fill = async |count: usize| {
        let jobs = fixture.admit_many("ada", &key, count).await;
        let cancelled = jobs.iter().step_by(4);
        let cancel = &Observation::CancelRequested;
        join_all(cancelled.map(|job| fixture.observe(job, cancel))).await;
    };
    fill(FEW).await;
    let few = costs(&fixture, &key).await;
    fill(MANY - FEW).await;
    let many = costs(&fixture, &key).await;
    for (number, (few, many)) in few.iter().zip(&many).enumerate() {
        assert!(many.0 <= few.0 + 2, "query {number}: {few:?} {many:?}");
        assert!(many.1 <= few.1, "query {number}: {few:?} {many:?}");
        assert!(many.2 <= few.2 + 16, "query {number}: {few:?} {many:?}");
        assert!(many.2 <= 120, "query {number}: {many:?}");
    }
}
