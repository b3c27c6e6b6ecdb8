//! What the environment and `.env` say, read once and checked whole.

mod adapters;
mod aws;
mod mirror;
mod redis;
mod secrets;
mod variables;
mod warnings;
mod webhooks;

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::time::Duration;

use batchway_application::WebhookSettings;
use batchway_domain::identity::{DeploymentId, Environment};
use batchway_domain::ports::AdmissionLimits;

use crate::failure::Failure;

pub(crate) use adapters::{Adapters, ArtifactsChoice, BatchSettings, ComputeChoice, StoreChoice};
pub(crate) use aws::AwsSettings;
pub(crate) use secrets::Secret;
use secrets::parse_secrets;
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
    pub(crate) secrets: Option<Vec<Secret>>,
    pub(crate) link_ttl: Duration,
    pub(crate) job_retention: Duration,
    pub(crate) idempotency_ttl: Duration,
    pub(crate) limits: AdmissionLimits,
    pub(crate) webhooks: WebhookSettings,
    pub(crate) process_concurrency: usize,
    pub(crate) adapters: Adapters,
    /// How long requests are still taken after readiness has gone off.
    pub(crate) drain_delay: Duration,
    pub(crate) log: String,
    /// What is set and won't have the effect that someone may expect of it.
    pub(crate) warnings: Vec<String>,
    /// What of our own environment a job finds in its own.
    pub(crate) inherited: BTreeMap<String, String>,
}

/// Seven days: what Amazon S3 allows, and long enough anywhere.
const LONGEST_LINK: Duration = Duration::from_secs(7 * 24 * 3600);

const LONGEST_DRAIN_DELAY: Duration = Duration::from_secs(300);

impl Configuration {
    /// Reads the configuration out of variables.
    pub(crate) fn read(variables: &Variables) -> Result<Self, Failure> {
        let adapters = Adapters::select(variables)?;
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
            webhooks: webhooks::read(variables)?,
            process_concurrency: process_concurrency(variables)?,
            drain_delay: drain_delay(variables)?,
            log: variables.get("BATCHWAY_LOG").unwrap_or("info").to_owned(),
            warnings: warnings::of(variables, &adapters),
            adapters,
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
    if is_http_url(url) {
        Ok(Some(url.trim_end_matches('/').to_owned()))
    } else {
        Err(Failure::misconfigured(format!(
            "BATCHWAY_PUBLIC_URL={url:?} is not a URL such as https://jobs.example.org"
        )))
    }
}

/// Whether it can be the beginning of URLs.
fn is_http_url(text: &str) -> bool {
    ["http://", "https://"].into_iter().any(|scheme| {
        text.strip_prefix(scheme)
            .is_some_and(|rest| !rest.is_empty() && !rest.contains(['?', '#', ' ']))
    })
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

fn drain_delay(variables: &Variables) -> Result<Duration, Failure> {
    let delay = variables.duration("BATCHWAY_DRAIN_DELAY", "0s")?;
    if delay <= LONGEST_DRAIN_DELAY {
        Ok(delay)
    } else {
        Err(Failure::misconfigured(
            "BATCHWAY_DRAIN_DELAY must be from 0s to 5m: a restart takes so much longer",
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pairs: &[(&str, &str)]) -> Result<Configuration, Failure> {
        Configuration::read(&Variables::of_pairs(pairs))
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
            ("BATCHWAY_COMPUTE", "kubernetes"),
            ("BATCHWAY_ARTIFACTS", "gcs"),
            ("BATCHWAY_DRAIN_DELAY", "1h"),
            ("REDIS_PORT", "70000"),
            ("BATCHWAY_REDIS_DURABILITY", "always"),
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
    fn no_secret_is_ever_shown() {
        let pairs = [
            (
                "BATCHWAY_SECRET",
                "hunter-of-links-0123456789abcdef0123456789",
            ),
            ("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"),
            ("AWS_SECRET_ACCESS_KEY", "hunter-of-aws"),
            ("AWS_SESSION_TOKEN", "hunter-of-sessions"),
            ("AWS_BATCH_JOB_QUEUE", "live2-job-queue"),
            ("AWS_BATCH_JOB_DEFINITION", "live2-simulation"),
            ("AWS_S3_BUCKET", "live2-artifacts"),
            ("REDIS_HOST", "localhost"),
            ("REDIS_PASSWORD", "hunter-of-redis"),
            ("SUPABASE_URL", "https://project.supabase.co"),
            ("SUPABASE_SERVICE_KEY", "hunter-of-rows"),
        ];
        let shown = format!(
            "{:?} {:?}",
            Variables::of_pairs(&pairs),
            read(&pairs).unwrap()
        );
        assert!(
            shown.contains("live2-job-queue") && !shown.contains("hunter"),
            "{shown}"
        );
    }
}
