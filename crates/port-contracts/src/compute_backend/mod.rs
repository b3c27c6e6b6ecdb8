//! The duties of a compute backend.

pub mod capacity;
pub mod describing;
mod fixture;
pub mod forgetting;
pub mod logging;
pub mod naming;
pub mod queues;
pub mod running;
mod stage;
pub mod stopping;

pub use fixture::{
    ComputeBackendCapabilities, ComputeBackendFixture, Logs, Program, Queues, Stopping,
};

/// Puts the duties of [`ComputeBackend`](batchway_domain::ports::ComputeBackend) on a backend,
/// one test each. The argument gives a future of a [`ComputeBackendFixture`] whose backend has
/// no jobs.
#[macro_export]
macro_rules! compute_backend_contract {
    ($fixture:expr) => {
        $crate::contract_tests! { $fixture =>
            compute_backend::running {
                a_program_that_ends_well_succeeds,
                a_job_is_described_at_once,
                a_running_program_has_an_open_attempt,
                the_exit_status_is_told,
                unknown_jobs_are_absent,
            }
            compute_backend::describing {
                many_are_described_at_once,
                an_id_asked_for_twice_is_one_job,
                the_end_of_a_job_stays_its_end,
            }
            compute_backend::naming {
                what_was_accepted_is_found_by_name,
                it_is_found_after_its_end,
                other_names_are_not_found,
                another_request_under_the_name_is_told_apart,
                a_try_sent_twice_is_told,
                an_ended_try_does_not_run_again,
                a_try_sent_many_times_at_once,
                a_target_is_resolved_the_same_each_time,
            }
            compute_backend::queues {
                a_target_has_one_queue_or_nothing_lies_unseen,
                pages_joined_hold_every_living_job_once,
                the_newest_job_is_on_the_first_page,
                what_has_ended_is_not_listed,
                other_installations_are_not_listed,
                a_name_without_our_marks_is_not_listed,
            }
            compute_backend::stopping {
                a_running_program_is_stopped,
                a_program_that_does_not_listen_is_stopped,
                a_job_is_stopped_before_it_runs,
                a_second_request_changes_nothing,
                a_job_that_had_ended_is_left_as_it_ended,
                stopping_what_is_not_known_succeeds,
                other_jobs_go_on,
            }
            compute_backend::capacity {
                room_goes_down_and_up_again,
                a_try_without_room_is_no_job,
            }
            compute_backend::forgetting {
                a_forgotten_job_is_not_alive,
                other_jobs_are_not_forgotten,
                forgetting_what_is_not_known_succeeds,
            }
            compute_backend::logging {
                pages_joined_hold_each_line_once,
                at_the_end_there_is_nothing_more,
                the_tail_holds_the_last_lines,
                a_running_program_can_be_followed,
                what_never_ran_has_no_log,
                a_foreign_cursor_is_refused,
            }
        }
    };
}
