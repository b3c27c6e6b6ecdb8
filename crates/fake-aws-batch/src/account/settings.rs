//! What differs from one account to another.

use super::time::Millis;

/// Settings of an account; [`Settings::default`] is AWS without any waiting.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Part of every ARN.
    pub region: String,
    /// Twelve digits, part of every ARN.
    pub account_number: String,
    /// Ids follow from it.
    pub seed: u64,
    /// SubmitJob calls a second, and at once; `None` for no limit. AWS: 50, fixed.
    pub submits_per_second: Option<u32>,
    /// How long ListJobs lags behind: a new job is absent and a changed one shows what it was.
    pub list_lag: Millis,
    /// How long a new job is absent from DescribeJobs.
    pub describe_lag: Millis,
    /// How long a job that has ended is kept. AWS: at least seven days.
    pub retention: Millis,
    /// How long a job waits without anything in its way.
    pub pace: Pace,
    /// From SIGTERM to SIGKILL. AWS: 30 seconds.
    pub stop_grace: Millis,
    /// Whether state changes are kept for [`Account::take_events`](super::Account::take_events).
    /// Who never takes them turns this off.
    pub records_events: bool,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            region: "eu-central-1".to_owned(),
            account_number: "123456789012".to_owned(),
            seed: 0,
            submits_per_second: Some(50),
            list_lag: Millis::ZERO,
            describe_lag: Millis::ZERO,
            retention: Millis::from_secs(7 * 24 * 3600),
            pace: Pace::default(),
            stop_grace: Millis::from_secs(30),
            records_events: true,
        }
    }
}

/// How long a job stays in each status before the next, without anything in its way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    /// SUBMITTED.
    pub submitted: Millis,
    /// PENDING, once what it depends on is done.
    pub pending: Millis,
    /// RUNNABLE.
    pub runnable: Millis,
    /// STARTING, until the start is handed to whoever runs containers.
    pub starting: Millis,
}
