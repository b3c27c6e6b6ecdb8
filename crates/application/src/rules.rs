//! The rules under which a job moves, put together from its type and its backend.

use std::time::Duration;

use batchway_domain::job::{Backoff, Job, Pace, RetryPolicy, Rules, Settlement};

use crate::Application;

const BACKOFF: Backoff = Backoff {
    first: Duration::from_secs(5),
    longest: Duration::from_secs(600),
};

/// AWS Batch keeps finished jobs for at least seven days, and so long a copy may turn up.
const LEAST_RETENTION: Duration = Duration::from_secs(8 * 24 * 3600);

impl Application {
    pub(crate) fn rules_of(&self, job: &Job) -> Rules {
        let kind = self.0.job_types.get(&job.job_type);
        let settlement = self
            .0
            .ports
            .backends
            .get(&job.backend)
            .map_or(Settlement::AWS_BATCH, |backend| backend.settlement());
        Rules {
            // What was sent stays what it is. Of a type that was taken out of the configuration
            // before anything was sent, the careful answer is that it has a gate: nothing counts
            // without a manifest.
            gated: job
                .current_try
                .gated
                .unwrap_or_else(|| kind.is_none_or(|kind| kind.gated)),
            settlement,
            tries: kind.map_or_else(RetryPolicy::once, |kind| kind.tries.clone()),
            backoff: BACKOFF,
            max_queue_time: kind.and_then(|kind| kind.max_queue_time),
            pace: pace_of(settlement),
            retention: self.retention(),
        }
    }
}

impl Application {
    /// As configured, but never so short that a repeated request or a late copy of the job
    /// would find nothing any more.
    fn retention(&self) -> Duration {
        let settings = self.settings();
        settings
            .retention
            .max(settings.idempotency_ttl)
            .max(LEAST_RETENTION)
    }
}

/// A backend on this machine is asked often, as asking costs nothing; one across a network
/// with a limit on calls is not.
pub(crate) const fn pace_of(settlement: Settlement) -> Pace {
    match settlement {
        Settlement::Authoritative => Pace {
            shortest: Duration::from_millis(500),
            longest: Duration::from_secs(5),
        },
        Settlement::After { .. } => Pace {
            shortest: Duration::from_secs(2),
            longest: Duration::from_secs(60),
        },
    }
}
