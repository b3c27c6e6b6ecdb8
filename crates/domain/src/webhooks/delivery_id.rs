//! Names of deliveries.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::identity::JobId;

/// Names one event on its way to one receiver: `msg_`, the part of the job's id that is its own,
/// `_` and the event's number. It is derived, so that the same event has the same id however often
/// it is written down; it is the `webhook-id` that receivers tell repetitions by.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DeliveryId {
    job: JobId,
    event: u64,
}

const PREFIX: &str = "msg_";
const JOB_PREFIX: &str = "job_";

impl DeliveryId {
    /// The id of a job's event, numbered from 1.
    pub const fn new(job: JobId, event: u64) -> Self {
        Self { job, event }
    }

    /// The job.
    pub const fn job(&self) -> &JobId {
        &self.job
    }

    /// Which of the job's events, from 1.
    pub const fn event(&self) -> u64 {
        self.event
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let job = self.job.as_str();
        let own = job.strip_prefix(JOB_PREFIX).unwrap_or(job);
        write!(formatter, "{PREFIX}{own}_{}", self.event)
    }
}

impl FromStr for DeliveryId {
    type Err = InvalidDeliveryId;

    fn from_str(text: &str) -> Result<Self, InvalidDeliveryId> {
        let rest = text.strip_prefix(PREFIX).ok_or(InvalidDeliveryId)?;
        let (job, number) = rest.split_once('_').ok_or(InvalidDeliveryId)?;
        let job = format!("{JOB_PREFIX}{job}")
            .parse()
            .map_err(|_| InvalidDeliveryId)?;
        let event: u64 = number.parse().map_err(|_| InvalidDeliveryId)?;
        let id = Self { job, event };
        // One id has one text: no sign, no leading zero.
        if event > 0 && id.to_string() == text {
            Ok(id)
        } else {
            Err(InvalidDeliveryId)
        }
    }
}

impl TryFrom<String> for DeliveryId {
    type Error = InvalidDeliveryId;

    fn try_from(text: String) -> Result<Self, InvalidDeliveryId> {
        text.parse()
    }
}

impl From<DeliveryId> for String {
    fn from(id: DeliveryId) -> Self {
        id.to_string()
    }
}

/// The text is not the id of a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a delivery's id is msg_, 28 lower-case letters and digits, _ and a number")]
pub struct InvalidDeliveryId;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn job() -> JobId {
        JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [7; 10])
    }

    #[test]
    fn an_id_reads_back_as_it_is_written() {
        let id = DeliveryId::new(job(), 12);
        assert!(id.to_string().starts_with("msg_0000"), "{id}");
        assert!(id.to_string().ends_with("_12"), "{id}");
        assert_eq!(id.to_string().parse(), Ok(id));
    }

    #[test]
    fn nothing_else_is_an_id() {
        let good = DeliveryId::new(job(), 1).to_string();
        for text in [
            "",
            "msg_",
            "msg_x_1",
            &good.replace("msg_", "job_"),
            &good[..good.len() - 1],
            &good.replace("_1", "_0"),
            &good.replace("_1", "_01"),
            &good.replace("_1", "_+1"),
            &good.to_uppercase(),
        ] {
            assert_eq!(text.parse::<DeliveryId>(), Err(InvalidDeliveryId), "{text}");
        }
    }
}
