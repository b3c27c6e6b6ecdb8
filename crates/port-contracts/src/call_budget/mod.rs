//! The duties of a call budget. They are put on a store by
//! [`job_store_contract!`](crate::job_store_contract), as the store keeps the buckets.

pub mod slowing;
pub mod tokens;

use batchway_domain::ports::{CallBucket, CallBudget, CallGrant, CallLimit};

use crate::job_store::JobStoreFixture;

/// As AWS Batch limits submissions.
const LIMIT: CallLimit = CallLimit {
    per_second: 40.0,
    burst: 40,
};

/// More than any bucket here holds.
const PLENTY: u32 = 1000;

fn bucket() -> CallBucket {
    CallBucket::new("123456789012/eu-central-1", "submit")
}

async fn take(fixture: &dyn JobStoreFixture, wanted: u32) -> CallGrant {
    take_from(&*fixture.budget(), &bucket(), wanted).await
}

async fn take_from(budget: &dyn CallBudget, bucket: &CallBucket, wanted: u32) -> CallGrant {
    let grant = budget.take(bucket, LIMIT, wanted).await;
    let grant = grant.expect("the store answers");
    assert!(grant.tokens <= wanted, "{grant:?} of {wanted}");
    grant
}

async fn slow_down(fixture: &dyn JobStoreFixture) {
    let slowed = fixture.budget().slow_down(&bucket(), LIMIT).await;
    slowed.expect("the store answers");
}
