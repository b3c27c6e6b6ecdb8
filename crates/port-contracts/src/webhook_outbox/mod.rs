//! The duties of an outbox of webhooks.

mod fixture;
pub mod forgetting;
pub mod leasing;
pub mod outliving;
pub mod receivers;
pub mod recording;
mod stage;
pub mod writing;

pub use fixture::WebhookOutboxFixture;

/// Puts the duties of [`WebhookOutbox`](batchway_domain::ports::WebhookOutbox) on a store, one
/// test each. The argument gives a future of a [`WebhookOutboxFixture`] with an empty store.
///
/// `in one test: …` is that of [`job_store_contract!`](crate::job_store_contract).
#[macro_export]
macro_rules! webhook_outbox_contract {
    (in one test: $fixture:expr) => {
        $crate::webhook_outbox_contract!(@cases contract_in_one_test, $fixture);
    };
    ($fixture:expr) => {
        $crate::webhook_outbox_contract!(@cases contract_tests, $fixture);
    };
    (@cases $tests:ident, $fixture:expr) => {
        $crate::$tests! { $fixture =>
            webhook_outbox::writing {
                a_delivery_is_written_with_its_event,
                every_end_is_told,
                a_job_without_a_webhook_tells_nobody,
                a_repeated_commit_writes_nothing_again,
                a_refused_commit_writes_nothing,
                of_concurrent_changes_one_is_told,
                deliveries_come_in_the_order_of_events,
                the_last_deliveries_are_kept_within_the_limit,
                what_was_never_written_is_absent,
            }
            webhook_outbox::leasing {
                a_delivery_is_due_at_once,
                nothing_is_due_before_its_time,
                a_taken_delivery_returns_after_its_lease,
                the_longest_due_of_a_receiver_comes_first,
                a_batch_is_no_larger_than_asked,
                concurrent_takers_get_different_deliveries,
            }
            webhook_outbox::receivers {
                a_batch_holds_only_so_many_of_each,
                a_batch_has_room_for_everyone,
                a_thousand_deliveries_hold_up_nobody_elses,
                small_batches_come_round_to_everyone,
                excepted_receivers_are_left_alone,
                one_origin_is_one_receiver,
                one_origin_of_two_users_is_two_receivers,
                who_has_nothing_due_takes_no_place,
            }
            webhook_outbox::recording {
                a_recorded_delivery_comes_back_in_every_field,
                a_failed_attempt_is_due_when_it_says,
                what_is_delivered_is_never_due_again,
                what_is_given_up_is_never_due_again,
                a_replay_is_due_at_once,
                a_change_on_another_version_changes_nothing,
                the_very_same_again_is_a_success,
                a_repetition_leaves_a_lease_alone,
                of_concurrent_records_one_is_made,
                what_is_not_there_is_not_found,
            }
            webhook_outbox::forgetting {
                with_its_job_a_delivery_is_forgotten,
                deliveries_of_other_jobs_stay,
                a_job_that_is_not_removed_keeps_its_deliveries,
            }
            webhook_outbox::outliving {
                what_was_acknowledged_is_due_again,
                a_commit_repeated_after_opening_writes_nothing_again,
            }
        }
    };
}
