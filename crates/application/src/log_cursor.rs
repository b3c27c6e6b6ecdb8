//! Places in logs, as they are given out to callers and come back.

use batchway_domain::identity::JobId;
use batchway_domain::security::{Purpose, SigningSecrets};
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

/// Where to read on in the log of one attempt of a job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct LogPlace {
    /// Counts the attempts of the job from 1.
    #[serde(rename = "n")]
    pub(crate) attempt: u32,
    #[serde(rename = "p")]
    pub(crate) spot: Spot,
}

/// A place in one log, bound to where it was read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Spot {
    /// Before its first line.
    #[serde(rename = "s")]
    Start,
    /// At the backend.
    #[serde(rename = "b")]
    Backend(BackendPlace),
    /// Beside the artifacts, after so many bytes.
    #[serde(rename = "a")]
    Archive(u64),
}

/// A place in a log at its backend.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct BackendPlace {
    /// The backend's own word for it.
    #[serde(rename = "c")]
    pub(crate) cursor: String,
    /// How many lines come before it, where that is known: that is a place in the archive, too.
    #[serde(rename = "l", default, skip_serializing_if = "Option::is_none")]
    pub(crate) lines: Option<u64>,
}

impl LogPlace {
    /// The place as it is given out: signed, and good for this job alone.
    pub(crate) fn seal(&self, job: &JobId, secrets: &SigningSecrets) -> String {
        let place = serde_json::to_vec(self).expect("a place is text and numbers");
        let mut sealed = secrets
            .sign(Purpose::LogCursor, &signed(job, &place))
            .to_vec();
        sealed.extend(place);
        BASE64URL_NOPAD.encode(&sealed)
    }

    /// The place that was given out as this; `None` where none was.
    pub(crate) fn open(cursor: &str, job: &JobId, secrets: &SigningSecrets) -> Option<Self> {
        let sealed = BASE64URL_NOPAD.decode(cursor.as_bytes()).ok()?;
        let (signature, place) = sealed.split_at_checked(SigningSecrets::SIGNATURE_BYTES)?;
        secrets
            .verify(Purpose::LogCursor, &signed(job, place), signature)
            .then(|| serde_json::from_slice(place).ok())
            .flatten()
    }
}

fn signed(job: &JobId, place: &[u8]) -> Vec<u8> {
    [job.as_str().as_bytes(), b"\0", place].concat()
}

#[cfg(test)]
mod tests {
    use batchway_domain::Timestamp;

    use super::*;

    fn job(chance: u8) -> JobId {
        JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [chance; 10])
    }

    fn secrets(byte: u8) -> SigningSecrets {
        SigningSecrets::new(vec![vec![byte; 32]]).unwrap()
    }

    fn places() -> Vec<LogPlace> {
        let at_backend = |cursor: &str, lines| {
            let cursor = cursor.to_owned();
            Spot::Backend(BackendPlace { cursor, lines })
        };
        let spots = [
            Spot::Start,
            at_backend("f/\"é\u{1}", Some(u64::MAX)),
            at_backend("", None),
            Spot::Archive(0),
        ];
        let places = spots.into_iter().map(|spot| LogPlace { attempt: 3, spot });
        places.collect()
    }

    #[test]
    fn a_place_comes_back_as_it_was_given_out() {
        for place in places() {
            let cursor = place.seal(&job(1), &secrets(1));
            assert_eq!(LogPlace::open(&cursor, &job(1), &secrets(1)), Some(place));
        }
    }

    #[test]
    fn nothing_else_is_a_place() {
        let cursor = places()[1].seal(&job(1), &secrets(1));
        assert_eq!(LogPlace::open(&cursor, &job(2), &secrets(1)), None);
        assert_eq!(LogPlace::open(&cursor, &job(1), &secrets(2)), None);
        for index in 0..cursor.len() {
            let mut other = cursor.clone().into_bytes();
            other[index] = if other[index] == b'A' { b'B' } else { b'A' };
            let other = String::from_utf8(other).unwrap();
            assert_eq!(
                LogPlace::open(&other, &job(1), &secrets(1)),
                None,
                "{other}"
            );
        }
        for length in 0..cursor.len() {
            assert_eq!(
                LogPlace::open(&cursor[..length], &job(1), &secrets(1)),
                None
            );
        }
        for text in ["", "é", "AAAA", "..", "\0"] {
            assert_eq!(LogPlace::open(text, &job(1), &secrets(1)), None);
        }
    }
}
