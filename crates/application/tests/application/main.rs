//! The use cases and the loops over adapters in memory, with time by hand and loops one round at
//! a time.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod cancel_everywhere;
mod cancel_job;
mod dispatch;
mod dispatch_answers;
mod draining;
mod drive;
mod feed;
mod holding;
mod hosts;
mod idempotency;
mod job_types;
mod last_words;
mod learn;
mod limited_backend;
mod list_artifacts;
mod list_jobs;
mod listen;
mod max_queue_time;
mod mock_backend;
mod open_link;
mod pace;
mod params;
mod random_lives;
mod readiness;
mod refused_stops;
mod remove;
mod report_progress;
mod resolve;
mod scene;
mod slow_backend;
mod stalled;
mod store_failures;
mod submit_job;
mod sweep;
mod sweep_orphans;
mod sweep_scene;
mod sweep_turns;
mod throttling;
mod told_by_manifest;
mod wait_for_job;
mod wandering_backend;
mod watch;
mod watch_copies;
