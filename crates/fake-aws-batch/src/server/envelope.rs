//! The envelope in which EventBridge delivers what AWS Batch tells it.

use jiff::Timestamp;
use serde::Serialize;

use crate::wire::JobDetail;
use crate::{EventKind, Settings, StateChange};

#[derive(Serialize)]
#[serde(rename_all = "kebab-case")]
struct Envelope<'a> {
    version: &'static str,
    id: String,
    detail_type: &'static str,
    source: &'static str,
    account: &'a str,
    time: String,
    region: &'a str,
    resources: Vec<&'a str>,
    detail: &'a JobDetail,
}

/// Seals events, each with an id of its own.
#[derive(Debug)]
pub(super) struct Envelopes {
    account: String,
    region: String,
    sealed: u64,
}

impl Envelopes {
    pub(super) fn new(settings: &Settings) -> Self {
        Self {
            account: settings.account_number.clone(),
            region: settings.region.clone(),
            sealed: 0,
        }
    }

    /// The event as it lies in a queue of SQS.
    pub(super) fn seal(&mut self, change: &StateChange) -> String {
        self.sealed += 1;
        let job = &change.job;
        let mut resources = vec![&*job.job_arn];
        if change.kind == EventKind::JobQueueBlocked {
            resources.push(&job.job_queue);
        }
        let envelope = Envelope {
            version: "0",
            id: format!("e7e7e7e7-0000-4000-8000-{:012x}", self.sealed),
            detail_type: change.kind.detail_type(),
            source: "aws.batch",
            account: &self.account,
            time: seconds(change.at.0),
            region: &self.region,
            resources,
            detail: job,
        };
        serde_json::to_string(&envelope)
            .expect("events have texts as keys, and their parts serialise")
    }
}

/// EventBridge tells whole seconds.
fn seconds(millis: i64) -> String {
    Timestamp::from_second(millis.div_euclid(1000))
        .unwrap_or_default()
        .to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_told_in_whole_seconds() {
        assert_eq!(seconds(1_772_366_851_845), "2026-03-01T12:07:31Z");
    }
}
