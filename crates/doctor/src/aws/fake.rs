//! An AWS whose answers are given to it, by action.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use batchway_domain::Timestamp;
use batchway_domain::ports::Clock;

use super::call::{AwsServices, Call, Reply, Unreached};

/// What it has no answer to can't be reached.
#[derive(Debug, Default)]
pub(crate) struct Aws {
    answers: BTreeMap<String, Reply>,
    calls: Mutex<Vec<Call>>,
}

impl Aws {
    pub(crate) const NOW_MILLIS: i64 = 1_772_366_400_000;

    pub(crate) fn answers(self, action: &str, status: u16, body: &str) -> Self {
        let reply = Reply {
            status,
            body: body.to_owned(),
            date: Some(Timestamp::from_millis(Self::NOW_MILLIS)),
            ..Reply::default()
        };
        self.replies(action, reply)
    }

    pub(crate) fn replies(mut self, action: &str, reply: Reply) -> Self {
        self.answers.insert(action.to_owned(), reply);
        self
    }

    /// As IAM refuses.
    pub(crate) fn denies(self, action: &str) -> Self {
        let denial = r#"{"__type": "AccessDeniedException", "message": "not authorized"}"#;
        self.answers(action, 403, denial)
    }

    pub(crate) fn calls(&self) -> Vec<Call> {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.clone()
    }
}

#[async_trait]
impl AwsServices for Aws {
    async fn call(&self, call: &Call) -> Result<Reply, Unreached> {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        calls.push(call.clone());
        let answer = self.answers.get(&call.action).cloned();
        answer.ok_or_else(|| Unreached::NotConnected("nobody is there".to_owned()))
    }
}

/// A clock that stands, in milliseconds.
#[derive(Debug)]
pub(crate) struct FixedClock(pub(crate) i64);

impl Clock for FixedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0)
    }
}
