//! Token buckets that all replicas share.

use std::time::Duration;

use batchway_domain::ports::{CallBucket, CallGrant, CallLimit, RECOVERY, SLOWEST, StoreError};

use crate::connection::{argument, number};
use crate::core::Core;
use crate::reply::{array, integer, unexpected};
use crate::script::Script;

/// What is asked of a bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// So many tokens.
    Take {
        /// How many.
        wanted: u32,
    },
    /// To fill more slowly.
    SlowDown,
}

impl Core {
    pub(crate) async fn call_budget(
        &self,
        bucket: &CallBucket,
        limit: CallLimit,
        request: Request,
    ) -> Result<CallGrant, StoreError> {
        const WHAT: &str = "a grant of calls";
        let (what, wanted) = match request {
            Request::Take { wanted } => ("take", wanted),
            Request::SlowDown => ("slow", 0),
        };
        let keys = [self
            .keyspace
            .of_store(format_args!("budget:{}", bucket.as_str()))];
        let arguments = vec![
            self.time.argument(),
            argument(what),
            argument(self.operations.next().to_be_bytes()),
            number(limit.per_second),
            number(limit.burst),
            number(wanted),
            number(RECOVERY.as_millis()),
            number(SLOWEST),
        ];
        let answer = self.link.run(Script::Budget, &keys, arguments).await?;
        let mut answer = array(answer, WHAT)?.into_iter();
        let mut next = || integer(answer.next().ok_or_else(|| unexpected(WHAT))?, WHAT);
        Ok(CallGrant {
            tokens: u32::try_from(next()?).map_err(|_| unexpected(WHAT))?,
            next_in: Duration::from_micros(u64::try_from(next()?).unwrap_or(0)),
        })
    }
}
