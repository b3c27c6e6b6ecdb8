//! The duties of the backlog of a mirror.

pub mod entering;
mod fixture;
pub mod lasting;
pub mod leaving;
mod stage;
pub mod turning;

pub use fixture::MirrorBacklogFixture;

/// Puts the duties of [`MirrorBacklog`](batchway_domain::ports::MirrorBacklog) on a store, one
/// test each. The argument gives a future of a [`MirrorBacklogFixture`] with an empty store.
///
/// `in one test: …` is that of [`job_store_contract!`](crate::job_store_contract).
#[macro_export]
macro_rules! mirror_backlog_contract {
    (in one test: $fixture:expr) => {
        $crate::mirror_backlog_contract!(@cases contract_in_one_test, $fixture);
    };
    ($fixture:expr) => {
        $crate::mirror_backlog_contract!(@cases contract_tests, $fixture);
    };
    (@cases $tests:ident, $fixture:expr) => {
        $crate::$tests! { $fixture =>
            mirror_backlog::entering {
                a_new_job_is_behind,
                a_change_enters_its_job,
                a_hundred_changes_are_one_entry,
                a_replay_enters_nothing,
                what_is_not_admitted_enters_nothing,
                a_repeated_commit_enters_nothing_again,
                a_refused_commit_enters_nothing,
            }
            mirror_backlog::turning {
                a_job_comes_as_it_is_now,
                the_longest_behind_come_first,
                a_changed_job_keeps_its_place,
                a_mirror_batch_is_no_larger_than_asked,
                a_taken_job_returns_after_its_time,
                a_change_does_not_end_a_lease,
                concurrent_takers_mirror_different_jobs,
            }
            mirror_backlog::leaving {
                a_mirrored_job_leaves,
                a_job_that_changed_since_is_due_at_once,
                a_job_that_changes_again_enters_again,
                another_version_is_not_taken_for_this_one,
                a_job_that_is_put_off_waits,
                a_job_that_is_handed_back_is_due_at_once,
                strangers_are_passed_over,
                a_removed_job_leaves,
                a_job_that_is_not_removed_stays,
            }
            mirror_backlog::lasting {
                what_is_behind_outlives_the_store,
            }
        }
    };
}
