//! What the environment and `.env` say, read once and checked whole.

mod secrets;
mod variables;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use batchway_domain::identity::{DeploymentId, Environment};
use batchway_domain::ports::AdmissionLimits;

use crate::failure::Failure;

pub(crate) use secrets::parse_secrets;
pub(crate) use variables::{Variables, inherited_by_jobs};

/// Everything that an operator can set, with the defaults of `.env.example`.
#[derive(Clone, Debug)]
pub(crate) struct Configuration {
    pub(crate) listen: SocketAddr,
    pub(crate) public_url: Option<String>,
    pub(crate) data_folder: PathBuf,
    pub(crate) job_types: Option<PathBuf>,
    pub(crate) environment: Environment,
    pub(crate) deployment: Option<DeploymentId>,
    pub(crate) secrets: Option<Vec<Vec<u8>>>,
    pub(crate) link_ttl: Duration,
    pub(crate) job_retention: Duration,
    pub(crate) idempotency_ttl: Duration,
    pub(crate) limits: AdmissionLimits,
    pub(crate) process_concurrency: usize,
    pub(crate) log: String,
    /// Variables that look like ours and mean nothing to the gateway, as a misspelt one does.
    pub(crate) unknown: Vec<String>,
    /// What of our own environment a job finds in its own.
    pub(crate) inherited: BTreeMap<String, String>,
}

/// The file that explains every variable there is.
const EXAMPLE: &str = include_str!("../../../../.env.example");

/// Seven days: what Amazon S3 allows, and long enough anywhere.
const LONGEST_LINK: Duration = Duration::from_secs(7 * 24 * 3600);

impl Configuration {
    /// Reads the configuration out of variables.
    pub(crate) fn read(variables: &Variables) -> Result<Self, Failure> {
        refuse_what_is_not_there(variables)?;
        let listen = SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 8000);
        Ok(Self {
            listen: variables
                .parsed("BATCHWAY_LISTEN", "an address such as 127.0.0.1:8000")?
                .unwrap_or(listen),
            public_url: public_url(variables)?,
            data_folder: variables
                .get("BATCHWAY_DATA_DIR")
                .unwrap_or("./batchway-data")
                .into(),
            job_types: variables.get("BATCHWAY_JOB_TYPES").map(PathBuf::from),
            environment: variables
                .parsed("ENV", Environment::RULE)?
                .unwrap_or_else(default_environment),
            deployment: variables.parsed("BATCHWAY_DEPLOYMENT", DeploymentId::RULE)?,
            secrets: variables
                .get("BATCHWAY_SECRET")
                .map(parse_secrets)
                .transpose()?,
            link_ttl: link_ttl(variables)?,
            job_retention: variables.duration("BATCHWAY_JOB_RETENTION", "90d")?,
            idempotency_ttl: variables.duration("BATCHWAY_IDEMPOTENCY_TTL", "72h")?,
            limits: limits(variables)?,
            process_concurrency: process_concurrency(variables)?,
            log: variables.get("BATCHWAY_LOG").unwrap_or("info").to_owned(),
            unknown: unknown(variables),
            inherited: inherited_by_jobs(),
        })
    }
}

fn default_environment() -> Environment {
    "prod".parse().expect("the default is a valid environment")
}

fn public_url(variables: &Variables) -> Result<Option<String>, Failure> {
    let Some(url) = variables.get("BATCHWAY_PUBLIC_URL") else {
        return Ok(None);
    };
    let is_url = (url.starts_with("http://") || url.starts_with("https://"))
        && !url.contains(['?', '#', ' ']);
    if is_url {
        Ok(Some(url.trim_end_matches('/').to_owned()))
    } else {
        Err(Failure::misconfigured(format!(
            "BATCHWAY_PUBLIC_URL={url:?} is not a URL such as https://jobs.example.org"
        )))
    }
}

fn link_ttl(variables: &Variables) -> Result<Duration, Failure> {
    let ttl = variables.duration("BATCHWAY_LINK_TTL", "1h")?;
    if (Duration::from_secs(1)..=LONGEST_LINK).contains(&ttl) {
        Ok(ttl)
    } else {
        Err(Failure::misconfigured(
            "BATCHWAY_LINK_TTL must be from 1s to 7d",
        ))
    }
}

fn limits(variables: &Variables) -> Result<AdmissionLimits, Failure> {
    let number = "a whole number";
    let active: u64 = variables
        .parsed("BATCHWAY_MAX_ACTIVE_JOBS_PER_USER", number)?
        .unwrap_or(0);
    Ok(AdmissionLimits {
        queued: variables
            .parsed("BATCHWAY_MAX_QUEUED_JOBS", number)?
            .unwrap_or(1_000_000),
        active_of_user: (active > 0).then_some(active),
    })
}

fn process_concurrency(variables: &Variables) -> Result<usize, Failure> {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    match variables.parsed("BATCHWAY_PROCESS_CONCURRENCY", "a whole number")? {
        Some(0) => Err(Failure::misconfigured(
            "BATCHWAY_PROCESS_CONCURRENCY=0 would never run a job; leave it out for one job per core",
        )),
        Some(jobs) => Ok(jobs),
        None => Ok(cores),
    }
}

fn unknown(variables: &Variables) -> Vec<String> {
    let explained: Vec<&str> = EXAMPLE
        .lines()
        .filter_map(|line| Some(line.trim_start_matches('#').split_once('=')?.0))
        .collect();
    variables
        .names()
        .filter(|name| name.starts_with("BATCHWAY_") && !explained.contains(name))
        .map(str::to_owned)
        .collect()
}

/// Settings for adapters that this version does not have are refused rather than ignored:
/// a gateway that quietly runs elsewhere than configured is worse than one that does not start.
fn refuse_what_is_not_there(variables: &Variables) -> Result<(), Failure> {
    const ADAPTERS: [(&str, &str, &[&str]); 3] = [
        ("BATCHWAY_STORE", "sqlite", &["REDIS_HOST", "REDIS_URL"]),
        (
            "BATCHWAY_COMPUTE",
            "process",
            &["AWS_BATCH_JOB_QUEUE", "AWS_BATCH_JOB_DEFINITION"],
        ),
        ("BATCHWAY_ARTIFACTS", "filesystem", &["AWS_S3_BUCKET"]),
    ];
    for (choice, only, selected_by) in ADAPTERS {
        match variables.get(choice) {
            Some(value) if value == only => {}
            Some(value) => {
                return Err(Failure::misconfigured(format!(
                    "{choice}={value} is not available in this version: only {only} is"
                )));
            }
            None => {
                if let Some(name) = selected_by
                    .iter()
                    .find(|name| variables.get(name).is_some())
                {
                    return Err(Failure::misconfigured(format!(
                        "{name} is set, and this version has no adapter for it yet: unset it, or \
                         set {choice}={only} to use the embedded one all the same"
                    )));
                }
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Configuration, Failure> {
        Configuration::read(&Variables::of(pairs))
    }

    #[test]
    fn nothing_set_is_the_embedded_default() {
        let configuration = read(&[]).unwrap();
        assert_eq!(configuration.listen.to_string(), "127.0.0.1:8000");
        assert_eq!(configuration.data_folder, PathBuf::from("./batchway-data"));
        assert_eq!(configuration.environment.as_str(), "prod");
        assert_eq!(configuration.link_ttl, Duration::from_secs(3600));
        assert_eq!(
            configuration.idempotency_ttl,
            Duration::from_secs(72 * 3600)
        );
        assert_eq!(
            configuration.limits,
            AdmissionLimits {
                queued: 1_000_000,
                active_of_user: None
            }
        );
    }

    #[test]
    fn every_bad_value_is_refused_naming_its_variable() {
        for (name, value) in [
            ("BATCHWAY_LISTEN", "8000"),
            ("BATCHWAY_PUBLIC_URL", "jobs.example.org"),
            ("ENV", "Prod"),
            ("BATCHWAY_DEPLOYMENT", "x"),
            ("BATCHWAY_SECRET", "short"),
            ("BATCHWAY_LINK_TTL", "8d"),
            ("BATCHWAY_LINK_TTL", "soon"),
            ("BATCHWAY_JOB_RETENTION", "-1"),
            ("BATCHWAY_IDEMPOTENCY_TTL", ""),
            ("BATCHWAY_MAX_QUEUED_JOBS", "many"),
            ("BATCHWAY_PROCESS_CONCURRENCY", "0"),
            ("BATCHWAY_STORE", "postgres"),
            ("AWS_S3_BUCKET", "live2-artifacts"),
        ] {
            match read(&[(name, value)]) {
                Err(Failure::Misconfigured(message)) => {
                    assert!(message.contains(name), "{message}")
                }
                // An empty variable counts as unset.
                other => assert!(
                    value.is_empty() && other.is_ok(),
                    "{name}={value}: {other:?}"
                ),
            }
        }
    }

    #[test]
    fn a_misspelt_variable_is_noticed() {
        let pairs = [
            ("BATCHWAY_DATADIR", "/srv"),
            ("BATCHWAY_DATA_DIR", "/srv"),
            ("PATH", "/bin"),
        ];
        assert_eq!(read(&pairs).unwrap().unknown, ["BATCHWAY_DATADIR"]);
    }

    #[test]
    fn the_embedded_adapters_can_be_named_beside_foreign_settings() {
        let pairs = [("REDIS_HOST", "localhost"), ("BATCHWAY_STORE", "sqlite")];
        assert!(read(&pairs).is_ok());
        assert!(read(&pairs[..1]).is_err());
    }
}
