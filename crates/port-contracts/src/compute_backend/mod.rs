//! The duties of a compute backend.

mod fixture;
pub mod running;
mod stage;

pub use fixture::{ComputeBackendCapabilities, ComputeBackendFixture, Program};

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
        }
    };
}
