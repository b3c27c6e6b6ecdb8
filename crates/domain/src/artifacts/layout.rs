//! The fixed layout of keys: `{env}/{user_id}/{job_id}/{name}`.

use super::{ArtifactKey, InvalidArtifactKey};
use crate::identity::{Environment, JobId, UserName};

/// Everything of one job in the artifact store: its results, and below `_batchway/` what the
/// gateway and the runner keep for themselves, which is never listed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobFolder(ArtifactKey);

impl JobFolder {
    /// The name below which nothing is a result.
    pub const RESERVED: &'static str = "_batchway";

    /// The folder of a job.
    pub fn new(environment: &Environment, user: &UserName, job: &JobId) -> Self {
        let key = format!("{environment}/{user}/{job}");
        Self(
            key.parse()
                .expect("each of the three is a valid part of a key"),
        )
    }

    /// What every key of the job begins with, with the `/` at its end.
    pub fn prefix(&self) -> String {
        format!("{}/", self.0)
    }

    /// The key of a result.
    ///
    /// # Errors
    /// [`InvalidArtifactKey`] where the name can't be one, or is reserved.
    pub fn artifact(&self, name: &str) -> Result<ArtifactKey, InvalidArtifactKey> {
        if is_reserved(name) {
            Err(InvalidArtifactKey)
        } else {
            self.0.join(name)
        }
    }

    /// The name of a result out of its key; `None` for another job's key and for what is
    /// reserved.
    pub fn name_of<'a>(&self, key: &'a ArtifactKey) -> Option<&'a str> {
        let name = key
            .as_str()
            .strip_prefix(self.0.as_str())?
            .strip_prefix('/')?;
        (!is_reserved(name)).then_some(name)
    }

    /// The object that decides which copy of a try may work.
    pub fn gate(&self, try_number: u32) -> ArtifactKey {
        self.reserved(&format!("try-{try_number}/gate.json"))
    }

    /// The object, written last, that says how a try ended and what it left.
    pub fn manifest(&self, try_number: u32) -> ArtifactKey {
        self.reserved(&format!("try-{try_number}/manifest.json"))
    }

    /// What was written in one attempt of a try: what its runner stored, and in its place, once the
    /// job has ended, the log as the gateway archived it ([`super::LogFormat`]).
    pub fn log(&self, try_number: u32, attempt: u32) -> ArtifactKey {
        self.reserved(&format!("try-{try_number}/attempt-{attempt}.log"))
    }

    /// Progress and heartbeats of a runner that can't reach the gateway.
    pub fn heartbeat(&self, try_number: u32) -> ArtifactKey {
        self.reserved(&format!("try-{try_number}/heartbeat.json"))
    }

    /// The params where they are too long to be handed over directly.
    pub fn params(&self) -> ArtifactKey {
        self.reserved("params.json")
    }

    /// The checkpoint that the next attempt starts from, whatever try made it.
    pub fn checkpoint(&self) -> ArtifactKey {
        self.reserved("checkpoint")
    }

    fn reserved(&self, name: &str) -> ArtifactKey {
        self.0
            .join(&format!("{}/{name}", Self::RESERVED))
            .expect("our own names are valid and short")
    }
}

fn is_reserved(name: &str) -> bool {
    name.split('/').next() == Some(JobFolder::RESERVED)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Timestamp;

    fn folder() -> JobFolder {
        let job = JobId::new(Timestamp::EPOCH, "00".parse().unwrap(), [0; 10]);
        JobFolder::new(&"prod".parse().unwrap(), &"user123".parse().unwrap(), &job)
    }

    #[test]
    fn the_layout_is_the_promised_one() {
        let key = folder().artifact("plots/a.svg").unwrap();
        assert_eq!(
            key.as_str(),
            "prod/user123/job_0000000000000000000000000000/plots/a.svg"
        );
        assert_eq!(folder().name_of(&key), Some("plots/a.svg"));
    }

    #[test]
    fn what_is_reserved_is_neither_written_nor_listed_as_a_result() {
        for name in ["_batchway", "_batchway/try-1/gate.json", "..", "", "/a"] {
            assert!(folder().artifact(name).is_err(), "{name}");
        }
        for key in [
            folder().gate(1),
            folder().manifest(1),
            folder().params(),
            folder().checkpoint(),
            folder().log(1, 1),
            folder().heartbeat(1),
        ] {
            assert_eq!(folder().name_of(&key), None, "{key}");
        }
        let foreign: ArtifactKey = format!("{}x/y", folder().0).parse().unwrap();
        assert_eq!(folder().name_of(&foreign), None);
    }
}
