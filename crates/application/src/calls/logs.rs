//! Calls that read logs.

use batchway_domain::job::BackendId;
use batchway_domain::ports::{
    BackendError, CallBucket, CallLimit, CallLimits, LogError, LogPage, LogPosition,
};
use tokio::time::timeout;

use super::{Bucket, Calls, TIMEOUT, no_answer};
use crate::causes::WithCauses;

/// How often callers have logs read. CloudWatch takes as few as ten calls a second from a whole
/// account, so that however many follow logs, AWS is left with some.
const FOR_CALLERS: CallLimit = CallLimit {
    per_second: 5.0,
    burst: 10,
};

/// How often the gateway reads logs for itself. Callers take nothing of this.
const FOR_ITSELF: CallLimit = CallLimit {
    per_second: 3.0,
    burst: 10,
};

/// For whom a log is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reader {
    /// For a caller, who can come again.
    Caller,
    /// For the archive, or the last words of a program that failed.
    Gateway,
}

/// Apart from those for looks and stops, so that nobody who follows logs delays these.
#[derive(Debug)]
pub(super) struct LogBuckets {
    for_callers: Bucket,
    for_itself: Bucket,
}

impl LogBuckets {
    pub(super) fn of(limits: &CallLimits) -> Self {
        let bucket = |call: &str, limit| Bucket {
            name: CallBucket::new(&limits.scope, call),
            limit,
        };
        Self {
            for_callers: bucket("log", FOR_CALLERS),
            for_itself: bucket("archive", FOR_ITSELF),
        }
    }

    const fn of_reader(&self, reader: Reader) -> &Bucket {
        match reader {
            Reader::Caller => &self.for_callers,
            Reader::Gateway => &self.for_itself,
        }
    }
}

impl Calls {
    pub(crate) async fn read_log(
        &self,
        reader: Reader,
        id: &BackendId,
        attempt: u32,
        from: LogPosition,
        limit: usize,
    ) -> Result<LogPage, LogError> {
        let buckets = self.buckets.as_ref();
        let bucket = buckets.map(|buckets| buckets.logs.of_reader(reader));
        if let Err(error) = self.take_one(bucket).await {
            let reason = WithCauses(&error).to_string();
            return Err(unanswered(reason, error.was_turned_away()));
        }
        let call = self.backend.read_log(id, attempt, from, limit);
        let answer = timeout(TIMEOUT, call).await;
        let answer = answer.unwrap_or_else(|_| Err(unanswered(no_answer(), false)));
        if matches!(&answer, Err(LogError::Backend(error)) if error.throttled) {
            self.slow_down(bucket).await;
        }
        answer
    }
}

fn unanswered(reason: String, throttled: bool) -> LogError {
    LogError::Backend(BackendError {
        reason,
        throttled,
        source: None,
    })
}
