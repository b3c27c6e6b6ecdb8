//! The duties of a job store.

pub mod admission;
pub mod authentication;
pub mod committing;
pub mod filters;
mod fixture;
pub mod idempotency;
pub mod limits;
pub mod listing;
pub mod numbering;
pub mod removal;
pub mod reopening;
pub mod rescheduling;
pub(crate) mod scene;
pub mod taking;
pub mod turns;

pub use fixture::{JobStoreCapabilities, JobStoreFixture};

/// Puts the duties of [`JobStore`](batchway_domain::ports::JobStore),
/// [`ApiKeys`](batchway_domain::ports::ApiKeys),
/// [`RunHistory`](batchway_domain::ports::RunHistory) and
/// [`CallBudget`](batchway_domain::ports::CallBudget) on a store, one test each. The argument
/// gives a future of a [`JobStoreFixture`] with an empty store.
///
/// `in one test: …` makes one test of all, one case after the other: for a store whose servers
/// take long to start, so that the cases share them.
#[macro_export]
macro_rules! job_store_contract {
    (in one test: $fixture:expr) => {
        $crate::job_store_contract!(@cases contract_in_one_test, $fixture);
    };
    ($fixture:expr) => {
        $crate::job_store_contract!(@cases contract_tests, $fixture);
    };
    (@cases $tests:ident, $fixture:expr) => {
        $crate::$tests! { $fixture =>
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
            job_store::idempotency {
                a_replay_answers_with_the_job_as_it_is_now,
                the_very_same_admission_can_be_sent_again,
                a_key_outlives_the_end_of_its_job,
                a_replay_passes_limits_that_are_reached,
                a_key_for_another_request_is_refused,
                keys_that_differ_in_a_character_are_different,
                another_users_equal_key_is_another_key,
                a_key_holds_for_all_api_keys_of_its_user,
                a_key_is_known_until_its_time_is_over,
                concurrent_requests_with_one_key_make_one_job,
                of_concurrent_different_requests_one_is_taken,
            }
            job_store::limits {
                a_user_has_no_more_active_jobs_than_allowed,
                every_end_makes_room_for_the_user,
                no_limit_is_no_limit,
                concurrent_requests_keep_the_limit_of_a_user,
                the_backlog_has_a_limit_over_all_users,
                the_backlog_counts_only_jobs_that_wait,
                a_retry_counts_as_waiting_again,
                removal_leaves_the_counts_right,
                a_repeated_commit_counts_once,
            }
            job_store::listing {
                the_newest_job_comes_first,
                jobs_of_one_millisecond_are_all_there,
                pages_joined_hold_every_job_once,
                nothing_is_an_empty_page,
                a_page_can_begin_at_a_job_that_is_gone,
                jobs_added_between_pages_disturb_nothing,
                jobs_added_at_the_same_time_disturb_nothing,
            }
            job_store::filters {
                by_status,
                by_type,
                by_time_of_creation,
                all_conditions_together,
                a_rare_job_is_found_among_many,
            }
            job_store::committing {
                a_committed_record_is_read_everywhere,
                every_step_of_a_life_comes_back,
                a_change_on_another_version_changes_nothing,
                an_unknown_job_is_not_found,
                a_repeated_operation_answers_as_the_first,
                an_equal_change_by_another_operation_conflicts,
                of_concurrent_changes_one_is_made,
                concurrent_repetitions_take_effect_once,
                the_due_entry_moves_with_the_record,
            }
            job_store::numbering {
                events_are_read_back_in_order,
                a_silent_change_takes_no_number,
                every_user_has_a_counting_of_their_own,
                refusals_and_repetitions_leave_no_gap,
                concurrent_changes_are_numbered_without_gaps,
                events_are_read_page_by_page,
            }
            job_store::taking {
                taken_jobs_come_with_their_records,
                nothing_is_taken_before_its_time,
                a_taken_job_returns_after_its_lease,
                a_commit_ends_the_lease,
                a_taken_job_can_be_changed_by_others,
                the_longest_due_comes_first,
                a_batch_is_no_larger_than_asked,
                lanes_are_kept_apart,
                those_that_wait_too_long_are_found,
                concurrent_takers_get_different_jobs,
            }
            job_store::turns {
                nobodys_second_comes_before_anothers_first,
                turns_go_on_from_batch_to_batch,
                a_small_batch_is_shared_evenly,
                a_look_by_age_is_nobodys_turn,
                other_lanes_know_no_turns,
            }
            job_store::rescheduling {
                a_job_can_be_pulled_forward,
                a_job_can_be_put_off,
                the_record_is_left_alone,
                an_absent_job_is_passed_over,
            }
            job_store::removal {
                a_removed_job_is_gone_everywhere,
                a_job_that_changed_meanwhile_stays,
                what_is_gone_is_not_found,
                numbers_of_removed_events_are_not_given_again,
                its_idempotency_key_stays,
            }
            job_store::reopening {
                what_was_acknowledged_is_there_again,
                a_store_opened_again_goes_on,
                the_store_is_well,
            }
            api_keys::register {
                keys_are_listed_oldest_first,
                a_digest_is_registered_once,
                a_revoked_digest_stays_refused,
                of_concurrent_registrations_one_is_taken,
                a_revocation_is_recorded_once,
                every_key_with_the_digits_is_revoked,
                digits_of_no_key_revoke_nothing,
            }
            run_history::recent_runs {
                a_completed_job_is_told,
                only_completed_jobs_are_told,
                the_last_to_end_is_told_first,
                types_are_kept_apart,
                a_run_without_start_or_end_is_left_out,
                the_last_attempt_counts,
            }
            call_budget::tokens {
                a_bucket_begins_full,
                nothing_can_be_taken,
                tokens_come_in_at_the_rate,
                parts_of_a_token_add_up,
                an_idle_bucket_holds_its_burst,
                the_next_token_comes_when_it_was_told,
                buckets_share_no_tokens,
                no_span_has_more_than_its_share,
                concurrent_takers_share_what_there_is,
            }
            call_budget::slowing {
                a_slowed_bucket_fills_half_as_fast,
                complaints_of_one_second_count_once,
                concurrent_complaints_count_once,
                it_never_fills_slower_than_a_sixteenth,
                the_rate_grows_back,
                other_buckets_are_not_slowed,
            }
        }
    };
}
