//! Job ids: sortable by time, and telling the shard that holds the job.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::{CROCKFORD, Shard};
use crate::Timestamp;

/// The id of a job: `job_`, ten characters of time, two of shard, sixteen of chance.
///
/// The time is the millisecond of admission, so that the order of ids is the order of
/// creation; the shard says where the job lies; eighty random bits keep ids apart and
/// unguessable. Only lower-case letters and digits follow `job_`, as the id becomes a folder
/// and part of an AWS Batch job name as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct JobId(String);

const PREFIX: &str = "job_";
const TIME: std::ops::Range<usize> = 4..14;
const SHARD: std::ops::Range<usize> = 14..16;
const CHANCE: std::ops::Range<usize> = 16..32;

impl JobId {
    /// Bytes of randomness that go into an id.
    pub const ENTROPY_BYTES: usize = 10;

    /// Length of an id in characters.
    pub const LENGTH: usize = CHANCE.end;

    /// Sorts after every id as text.
    pub const AFTER_ALL: &str = "job_~";

    /// Makes the id of a job created at `created_at` for the tenant in `shard`.
    pub fn new(created_at: Timestamp, shard: Shard, entropy: [u8; Self::ENTROPY_BYTES]) -> Self {
        let time = encode_time(created_at);
        Self(format!(
            "{PREFIX}{time}{shard}{}",
            CROCKFORD.encode(&entropy)
        ))
    }

    /// The least text that an id of this millisecond or a later one can have; ids compare
    /// against it as text. Bounds a list by time without a column of its own.
    pub fn lower_bound_of(time: Timestamp) -> String {
        format!("{PREFIX}{}", encode_time(time))
    }

    /// The millisecond of admission.
    pub fn created_at(&self) -> Timestamp {
        let bytes = CROCKFORD
            .decode(&self.0.as_bytes()[TIME])
            .expect("checked when the id was read");
        Timestamp::from_millis(
            bytes
                .iter()
                .fold(0, |time, byte| (time << 8) | i64::from(*byte)),
        )
    }

    /// The shard that holds the job.
    pub fn shard(&self) -> Shard {
        self.0[SHARD].parse().expect("checked when the id was read")
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Six bytes of milliseconds, most significant first: enough until the year 10889.
const TIME_BYTES: usize = 6;

fn encode_time(time: Timestamp) -> String {
    CROCKFORD.encode(&time.as_millis().to_be_bytes()[8 - TIME_BYTES..])
}

/// Whether this text stands for so many bytes.
fn is_base32<const BYTES: usize>(text: &str) -> bool {
    CROCKFORD.decode_len(text.len()) == Ok(BYTES)
        && CROCKFORD
            .decode_mut(text.as_bytes(), &mut [0; BYTES])
            .is_ok()
}

impl FromStr for JobId {
    type Err = InvalidJobId;

    fn from_str(text: &str) -> Result<Self, InvalidJobId> {
        text.to_owned().try_into()
    }
}

impl TryFrom<String> for JobId {
    type Error = InvalidJobId;

    fn try_from(text: String) -> Result<Self, InvalidJobId> {
        let well_formed = text.len() == Self::LENGTH
            && text.is_ascii()
            && text.starts_with(PREFIX)
            && is_base32::<TIME_BYTES>(&text[TIME])
            && text[SHARD].parse::<Shard>().is_ok()
            && is_base32::<{ Self::ENTROPY_BYTES }>(&text[CHANCE]);
        if well_formed {
            Ok(Self(text))
        } else {
            Err(InvalidJobId)
        }
    }
}

impl From<JobId> for String {
    fn from(id: JobId) -> Self {
        id.0
    }
}

impl fmt::Display for JobId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

/// The text is not the id of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a job id is job_ and 28 lower-case letters and digits")]
pub struct InvalidJobId;

#[cfg(test)]
mod tests {
    use super::*;

    fn shard() -> Shard {
        "a7".parse().unwrap()
    }

    #[test]
    fn tells_time_and_shard() {
        let at = Timestamp::from_millis(1_772_366_400_250);
        let id = JobId::new(at, shard(), [0xff; 10]);
        assert_eq!(id.created_at(), at);
        assert_eq!(id.shard(), shard());
        assert_eq!(id.as_str().parse::<JobId>().unwrap(), id);
        assert_eq!(id.as_str().len(), JobId::LENGTH);
    }

    #[test]
    fn sorts_by_time_whatever_the_chance() {
        let earlier = JobId::new(Timestamp::from_millis(999), shard(), [0xff; 10]);
        let later = JobId::new(Timestamp::from_millis(1000), shard(), [0; 10]);
        assert!(earlier < later);
        let bound = JobId::lower_bound_of(Timestamp::from_millis(1000));
        assert!(earlier.as_str() < bound.as_str() && later.as_str() >= bound.as_str());
    }

    #[test]
    fn refuses_what_is_not_an_id() {
        let id = JobId::new(Timestamp::EPOCH, shard(), [7; 10]);
        let upper = id.as_str().to_uppercase();
        let longer = format!("{id}0");
        for text in [
            "",
            "job_",
            "../etc/passwd",
            &upper,
            &longer,
            "job_é00000000000000000000000000",
        ] {
            assert_eq!(text.parse::<JobId>(), Err(InvalidJobId), "{text}");
        }
    }
}
