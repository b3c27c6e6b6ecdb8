//! The duties of a job store.

pub mod admission;
pub mod authentication;
mod fixture;
pub(crate) mod scene;

pub use fixture::{JobStoreCapabilities, JobStoreFixture};

/// Puts the duties of [`JobStore`](batchway_domain::ports::JobStore),
/// [`ApiKeys`](batchway_domain::ports::ApiKeys) and
/// [`RunHistory`](batchway_domain::ports::RunHistory) on a store, one test each. The argument
/// gives a future of a [`JobStoreFixture`] with an empty store.
#[macro_export]
macro_rules! job_store_contract {
    ($fixture:expr) => {
        $crate::contract_tests! { $fixture =>
            job_store::authentication {
                a_registered_key_tells_its_user,
                an_unknown_key_is_refused_by_every_call,
                a_revocation_holds_at_once_for_every_call,
                a_revoked_key_replays_nothing,
                nobody_sees_the_jobs_of_others,
                users_of_one_shard_are_kept_apart,
            }
            job_store::admission {
                the_record_is_the_domains,
                every_field_of_a_record_comes_back,
                params_are_kept_byte_for_byte,
                params_of_256_kib_are_kept_whole,
                unknown_jobs_are_absent,
                the_first_event_is_recorded,
                the_job_is_due_to_be_sent,
                a_refusal_records_nothing,
            }
        }
    };
}
