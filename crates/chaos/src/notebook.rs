//! What callers wanted and were told.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// What a caller wants of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wish {
    /// That it works, for a moment.
    Result,
    /// That it works, and then that it be cancelled, whichever is first.
    CancelPerhaps,
    /// That it works until it is cancelled.
    CancelSurely,
}

/// A job that a caller was told of by a 2xx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) job: String,
    /// Number of the caller.
    pub(crate) caller: usize,
    pub(crate) idempotency_key: String,
    /// What the result must begin with.
    pub(crate) nonce: String,
    pub(crate) wish: Wish,
}

/// Shared by all who make requests.
#[derive(Debug, Default)]
pub(crate) struct Notebook(Mutex<Pages>);

#[derive(Debug, Default)]
pub(crate) struct Pages {
    pub(crate) orders: Vec<Order>,
    /// Answers of 2xx to POST.
    pub(crate) accepted: u64,
    /// Ends that callers were told of, by job.
    pub(crate) ends: BTreeMap<String, String>,
    /// Promises that were seen to be broken.
    pub(crate) broken: Vec<String>,
}

impl Notebook {
    pub(crate) fn pages(&self) -> MutexGuard<'_, Pages> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn complain(&self, words: String) {
        self.pages().broken.push(words);
    }

    /// A caller was told of this status. An end must stay as it is.
    pub(crate) fn note_status(&self, job: &str, status: &str) {
        if !is_end(status) {
            return;
        }
        let mut pages = self.pages();
        let before = pages
            .ends
            .entry(job.to_owned())
            .or_insert_with(|| status.to_owned())
            .clone();
        if before != status {
            pages
                .broken
                .push(format!("{job} was said to be {before}, and later {status}"));
        }
    }
}

pub(crate) fn is_end(status: &str) -> bool {
    matches!(status, "completed" | "failed" | "cancelled")
}
