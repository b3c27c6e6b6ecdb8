//! The name under which a try is known at a backend.

use std::fmt;
use std::str::FromStr;

use super::{DeploymentId, InvalidName, JobId};

/// The name of one try of one job at a backend: `bw-{deployment}-{job id}-{try}`.
///
/// It is what a submission whose reply was lost is looked up by, so it is the same however
/// often the same try is sent. AWS Batch takes 128 characters of `[A-Za-z0-9_-]`; this has at
/// most 63.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TryName {
    /// The installation that made the try.
    pub deployment: DeploymentId,
    /// The job that the try belongs to.
    pub job: JobId,
    /// Which try of the job, from 1.
    pub number: u32,
}

impl fmt::Display for TryName {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            formatter,
            "bw-{}-{}-{}",
            self.deployment, self.job, self.number
        )
    }
}

impl FromStr for TryName {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, InvalidName> {
        parse(text)
            // A name is ours only if it is written exactly as we write it.
            .filter(|name| name.to_string() == text)
            .ok_or(InvalidName {
                what: "a try name",
                rule: "is bw-{deployment}-{job id}-{try}",
            })
    }
}

fn parse(text: &str) -> Option<TryName> {
    let (deployment, rest) = text.strip_prefix("bw-")?.split_once('-')?;
    let (job, number) = rest.split_once('-')?;
    Some(TryName {
        deployment: deployment.parse().ok()?,
        job: job.parse().ok()?,
        number: number.parse().ok().filter(|number| *number > 0)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    #[test]
    fn reads_back_exactly_what_it_writes_and_nothing_else() {
        let job = JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [1; 10]);
        let name = TryName {
            deployment: "abcd1234".parse().unwrap(),
            job,
            number: 12,
        };
        let text = name.to_string();
        assert!(text.len() <= 63);
        assert_eq!(text.parse::<TryName>().unwrap(), name);
        for foreign in [
            text.replace("-12", "-012"),
            text.replace("-12", "-0"),
            format!("{text}-1"),
            text.to_uppercase(),
            text.replace("bw-", ""),
        ] {
            assert!(foreign.parse::<TryName>().is_err(), "{foreign}");
        }
    }
}
