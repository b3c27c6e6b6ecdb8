//! The duties of a ledger of sweeps.

mod fixture;
pub mod keeping;
pub mod orphans;
pub mod progress;
pub mod room;

use batchway_domain::Timestamp;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{Orphan, Queue};

use crate::specimens;

pub use fixture::SweepLedgerFixture;

/// Puts the duties of [`SweepLedger`](batchway_domain::ports::SweepLedger) on a store, one test
/// each. The argument gives a future of a [`SweepLedgerFixture`] with an empty store.
///
/// `in one test: …` is that of [`job_store_contract!`](crate::job_store_contract).
#[macro_export]
macro_rules! sweep_ledger_contract {
    (in one test: $fixture:expr) => {
        $crate::sweep_ledger_contract!(@cases contract_in_one_test, $fixture);
    };
    ($fixture:expr) => {
        $crate::sweep_ledger_contract!(@cases contract_tests, $fixture);
    };
    (@cases $tests:ident, $fixture:expr) => {
        $crate::$tests! { $fixture =>
            sweep_ledger::progress {
                a_queue_that_was_never_swept_has_no_time,
                a_completed_sweep_is_told,
                an_earlier_sweep_takes_nothing_back,
                queues_are_kept_apart,
                of_concurrent_sweeps_the_latest_stays,
            }
            sweep_ledger::orphans {
                a_ledger_begins_without_orphans,
                a_noted_orphan_is_told_in_every_field,
                noted_again_it_is_answered_as_it_was_first,
                concurrent_notes_agree_on_the_first,
                equal_ids_of_two_backends_are_two_orphans,
                the_first_noted_comes_first,
                a_forgotten_orphan_is_gone,
                what_is_not_there_is_forgotten_without_a_word,
                a_forgotten_orphan_can_be_noted_anew,
                ids_and_queues_are_kept_to_the_letter,
            }
            sweep_ledger::room {
                there_is_room_for_no_more_than_the_limit,
            }
            sweep_ledger::keeping {
                a_store_keeps_jobs_since_it_began,
                what_was_acknowledged_is_there_again,
            }
        }
    };
}

/// What AWS Batch calls a queue.
fn queue(name: &str) -> Queue {
    Queue(format!(
        "arn:aws:batch:eu-central-1:123456789012:job-queue/{name}"
    ))
}

/// The `serial`th job without a record, noted at `noted_at`.
fn orphan(serial: u64, noted_at: Timestamp) -> Orphan {
    let created_at = Timestamp::from_millis(1_772_366_400_001);
    let job = specimens::job_id(&specimens::tenant(), created_at, serial);
    Orphan {
        backend: specimens::backend(),
        id: BackendId(format!("backend-{serial}")),
        name: specimens::try_name(specimens::deployment(), job, 1),
        queue: queue("standard"),
        created_at,
        noted_at,
    }
}
