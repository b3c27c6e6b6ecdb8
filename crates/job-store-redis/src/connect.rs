//! Opening the store: connecting, looking whether the server is fit, agreeing with the other
//! processes.

use batchway_domain::ports::StoreError;
use fred::error::Error;
use fred::types::{InfoKind, Value};
use std::sync::{Arc, OnceLock};

use crate::admission::Admissions;
use crate::config::{Durability, RedisConfig};
use crate::connect_error::ConnectError;
use crate::connection::{Clients, Connection, argument};
use crate::core::{Callers, Core, Operations, StoreTime};
use crate::inspection::Facts;
use crate::keyspace::{Keyspace, SHARDS};
use crate::link::Link;
use crate::outlook::Outlook;
use crate::reply::integer;
use crate::servers;
use crate::store_error::sentence;
use crate::turns::Turns;

/// The job store on Redis.
#[derive(Debug)]
pub struct RedisJobStore {
    core: Arc<Core>,
    pub(crate) admissions: Admissions,
    durability_summary: String,
}

impl RedisJobStore {
    /// Connects to Redis, looks whether it is fit to keep jobs, and agrees with the other
    /// processes of the store on how it is divided. What the operator should know is logged as
    /// warnings. It reconnects by itself from then on, for ever.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(config: RedisConfig, time: StoreTime) -> Result<Self, ConnectError> {
        let keyspace = keyspace(&config)?;
        let is_cluster = match config.cluster {
            Some(is_cluster) => is_cluster,
            None => detect_cluster(&config).await?,
        };
        let link = Link::connect(&Clients::new(&config, is_cluster)?).await?;
        let durability_summary = inspect(&link.reader, config.durability).await?;
        let process = number_of_process(&link, &keyspace).await?;
        let replica = config
            .replica
            .clone()
            .unwrap_or_else(|| process.to_string());
        let core = Core {
            link,
            keyspace,
            time,
            durability: config.durability,
            outlook: Outlook::new(replica),
            callers: Callers::default(),
            operations: Operations::of_process(process),
            turns: Turns::default(),
            keeps_mirror_backlog: config.mirror_backlog,
            deployment: OnceLock::new(),
        };
        agree_on_shards(&core).await?;
        core.kept_since().await?;
        core.refresh().await?;
        let core = Arc::new(core);
        Ok(Self {
            admissions: Admissions::new(Arc::clone(&core)),
            core,
            durability_summary,
        })
    }

    /// What it means that a job is accepted, in a sentence without its full stop.
    pub fn durability_summary(&self) -> &str {
        &self.durability_summary
    }

    pub(crate) fn core(&self) -> &Arc<Core> {
        &self.core
    }
}

pub(crate) fn keyspace(config: &RedisConfig) -> Result<Keyspace, ConnectError> {
    let is_fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    match &config.namespace {
        Some(namespace)
            if !(1..=32).contains(&namespace.len()) || !namespace.bytes().all(is_fine) =>
        {
            Err(ConnectError::InvalidNamespace {
                namespace: namespace.clone(),
            })
        }
        namespace => Ok(Keyspace::new(namespace.as_deref())),
    }
}

async fn detect_cluster(config: &RedisConfig) -> Result<bool, ConnectError> {
    let connection = Clients::new(config, false)?.connect().await?;
    let facts = servers::ask(&connection, InfoKind::Cluster).await;
    let facts = facts.map_err(|error| refused(&connection, &error))?;
    Ok(facts.iter().any(Facts::is_cluster))
}

fn refused(connection: &Connection, error: &Error) -> ConnectError {
    ConnectError::NoConnection {
        address: connection.address().to_owned(),
        reason: sentence(error),
        source: Some(error.clone().into()),
    }
}

/// Every server has to be fit; what is said of the store is what is said of the first.
async fn inspect(connection: &Connection, durability: Durability) -> Result<String, ConnectError> {
    let servers = servers::ask_everything(connection).await;
    let servers = servers.map_err(|error| refused(connection, &error))?;
    let mut summary = None;
    for facts in servers {
        let verdict = facts.judge(durability)?;
        for warning in verdict.warnings {
            tracing::warn!(server = facts.address, "Redis: {warning}");
        }
        summary.get_or_insert(verdict.summary);
    }
    summary.ok_or_else(|| ConnectError::NoConnection {
        address: connection.address().to_owned(),
        reason: "no server is connected".to_owned(),
        source: None,
    })
}

/// A number that the store gives to no other process.
async fn number_of_process(link: &Link, keyspace: &Keyspace) -> Result<u64, StoreError> {
    const WHAT: &str = "the number of this process";
    let settings = keyspace.of_store("settings");
    let arguments = vec![argument("processes"), Value::Integer(1)];
    let number = link.write("HINCRBY", &settings, arguments).await?;
    Ok(u64::try_from(integer(number, WHAT)?).unwrap_or_default())
}

async fn agree_on_shards(core: &Core) -> Result<(), ConnectError> {
    let expected = SHARDS.to_string();
    let found = core.agree_on("shards", &expected).await?;
    if found == expected {
        Ok(())
    } else {
        Err(ConnectError::OtherShards {
            address: core.link.writer.address().to_owned(),
            found,
            expected: SHARDS,
        })
    }
}
