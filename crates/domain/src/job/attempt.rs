//! One start of a job's program.

use serde::{Deserialize, Serialize};

use super::{BackendId, Failure, Job};
use crate::Timestamp;

/// One start of the program by the backend. A try has one attempt, or more where the backend
/// repeats it by itself after the loss of a host.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attempt {
    /// The try it belongs to, from 1.
    pub try_number: u32,
    /// The backend's id of that try.
    pub backend_id: BackendId,
    /// When the program was started; absent where it never was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<Timestamp>,
    /// When it ended; absent while it runs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stopped_at: Option<Timestamp>,
    /// Why it failed, where it did.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failure: Option<Failure>,
}

/// An attempt, and its numbers: one start has three, by what is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NumberedAttempt<'a> {
    /// Among all of the job, from 1.
    pub number: u32,
    /// Among those of its try, from 1: two copies of a try may have been started.
    pub of_try: u32,
    /// Among those of its copy, from 1: what the backend counts by.
    pub of_copy: u32,
    /// The attempt.
    pub attempt: &'a Attempt,
}

impl Job {
    /// Since when it waits for its present try: since its acceptance, or the end of the try
    /// before.
    pub fn waits_since(&self) -> Timestamp {
        let present = self.current_try.number;
        self.attempts
            .iter()
            .filter(|attempt| attempt.try_number < present)
            .filter_map(|attempt| attempt.stopped_at)
            .max()
            .unwrap_or(self.created_at)
    }

    /// Every start of its program with its numbers, oldest first.
    pub fn numbered_attempts(&self) -> impl Iterator<Item = NumberedAttempt<'_>> {
        let attempts = self.attempts.iter().enumerate();
        attempts.map(|(index, attempt)| {
            let so_far = &self.attempts[..=index];
            let count = |is_counted: &dyn Fn(&Attempt) -> bool| {
                let counted = so_far.iter().filter(|one| is_counted(one)).count();
                u32::try_from(counted).unwrap_or(u32::MAX)
            };
            NumberedAttempt {
                number: count(&|_| true),
                of_try: count(&|one| one.try_number == attempt.try_number),
                of_copy: count(&|one| one.backend_id == attempt.backend_id),
                attempt,
            }
        })
    }
}
