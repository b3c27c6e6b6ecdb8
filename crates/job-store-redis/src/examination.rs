//! A look at the servers that changes nothing: what an operator should know before a gateway works
//! with them.

use batchway_domain::Timestamp;
use fred::error::Error;
use fred::types::{InfoKind, Value};

use crate::RedisJobStore;
use crate::config::{Durability, RedisConfig};
use crate::connect::keyspace;
use crate::connect_error::ConnectError;
use crate::connection::{Clients, Connection, argument};
use crate::inspection::{FULL_AT_PERCENT, Facts};
use crate::reply::{array, integer, optional_bytes};
use crate::servers;
use crate::settings::DEPLOYMENT;
use crate::store_error::sentence;

/// What was seen.
#[derive(Clone, Debug)]
pub struct Examination {
    /// Each server, and each node of a cluster that keeps jobs.
    pub servers: Vec<ServerExamination>,
    /// What the first one's clock shows; `None` where it does not say.
    pub server_time: Option<Timestamp>,
    /// Whose jobs are kept there; `None` where no gateway has used it yet.
    pub deployment: Option<String>,
}

/// One server.
#[derive(Clone, Debug)]
pub struct ServerExamination {
    /// Host and port.
    pub address: String,
    /// Each once, in a fixed order.
    pub aspects: Vec<Aspect>,
}

/// One thing about a server.
#[derive(Clone, Debug)]
pub struct Aspect {
    /// What it is about.
    pub about: AspectKind,
    /// What the server says.
    pub seen: String,
    /// What is thought of it.
    pub fitness: Fitness,
}

/// What an aspect is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AspectKind {
    /// Of Redis.
    Version,
    /// Primary or replica.
    Role,
    /// What it does when memory is full.
    Eviction,
    /// How much memory is left.
    Memory,
    /// What a restart leaves.
    Persistence,
}

/// Whether a server can keep jobs, as far as one aspect goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fitness {
    /// It can.
    Fit,
    /// A gateway works with it, and warns so.
    Risky(String),
    /// A gateway refuses it, for this reason.
    Unfit(String),
}

impl RedisJobStore {
    /// Looks at the servers as [`connect`](Self::connect) does, without becoming one of the
    /// processes of the store.
    ///
    /// # Errors
    /// [`ConnectError`] where there is no connection to be had.
    pub async fn examine(config: &RedisConfig) -> Result<Examination, ConnectError> {
        let keyspace = keyspace(config)?;
        let connection = Clients::new(config, config.cluster.unwrap_or(false))?;
        let mut connection = connection.connect().await?;
        let refused = |connection: &Connection, error: &Error| ConnectError::NoConnection {
            address: connection.address().to_owned(),
            reason: sentence(error),
            source: Some(error.clone().into()),
        };
        if config.cluster.is_none() {
            let facts = servers::ask(&connection, InfoKind::Cluster).await;
            let facts = facts.map_err(|error| refused(&connection, &error))?;
            if facts.iter().any(Facts::is_cluster) {
                connection = Clients::new(config, true)?.connect().await?;
            }
        }
        let facts = servers::ask_everything(&connection).await;
        let facts = facts.map_err(|error| refused(&connection, &error))?;
        let examine = |facts: &Facts| ServerExamination {
            address: facts.address.clone(),
            aspects: facts.aspects(config.durability),
        };
        let settings = keyspace.of_store("settings");
        let name = vec![argument(&settings.name), argument(DEPLOYMENT)];
        let deployment = connection.send("HGET", settings.slot, name).await;
        Ok(Examination {
            servers: facts.iter().map(examine).collect(),
            server_time: server_time(&connection).await,
            deployment: deployment.ok().and_then(as_text),
        })
    }
}

async fn server_time(connection: &Connection) -> Option<Timestamp> {
    const WHAT: &str = "the time";
    let answer = connection.send("TIME", 0, Vec::new()).await.ok()?;
    let mut parts = array(answer, WHAT).ok()?.into_iter();
    let mut next = || integer(parts.next()?, WHAT).ok();
    let (seconds, microseconds) = (next()?, next()?);
    Some(Timestamp::from_millis(seconds * 1000 + microseconds / 1000))
}

fn as_text(value: Value) -> Option<String> {
    let bytes = optional_bytes(value, "a setting of the store").ok()??;
    String::from_utf8(bytes.to_vec()).ok()
}

impl Facts {
    fn aspects(&self, durability: Durability) -> Vec<Aspect> {
        use AspectKind::{Eviction, Memory, Role, Version};
        let aspect = |about, seen: String, fitness| Aspect {
            about,
            seen,
            fitness,
        };
        let or_unknown = |text: &str| match text {
            "" => "not told".to_owned(),
            text => text.to_owned(),
        };
        vec![
            aspect(
                Version,
                or_unknown(self.text("redis_version")),
                fitness(self.refuse_old()),
            ),
            aspect(
                Role,
                or_unknown(self.text("role")),
                fitness(self.refuse_replica()),
            ),
            aspect(
                Eviction,
                or_unknown(self.text("maxmemory_policy")),
                fitness(self.refuse_eviction()),
            ),
            aspect(Memory, self.memory(), self.fitness_of_memory()),
            self.persistence(durability),
        ]
    }

    fn memory(&self) -> String {
        const MIB: u64 = 1024 * 1024;
        let used = self.number("used_memory") / MIB;
        match self.number("maxmemory") / MIB {
            0 => format!("{used} MiB used, no maxmemory"),
            most => format!("{used} of {most} MiB used"),
        }
    }

    fn fitness_of_memory(&self) -> Fitness {
        if self.is_full() {
            return Fitness::Risky(format!(
                "above {FULL_AT_PERCENT} % of maxmemory no job is admitted"
            ));
        }
        Fitness::Fit
    }

    /// As [`Facts::judge`] says it, where nothing else is wrong.
    fn persistence(&self, durability: Durability) -> Aspect {
        let mut warnings = Vec::new();
        let judged = match durability {
            Durability::Server => Ok(self.as_the_server_does(&mut warnings)),
            Durability::Fsync => self.synced(),
            Durability::Replicas(wanted) => Ok(self.replicated(wanted, &mut warnings)),
        };
        let (seen, fitness) = match judged {
            Ok(summary) if warnings.is_empty() => (summary, Fitness::Fit),
            Ok(summary) => (summary, Fitness::Risky(warnings.join("; "))),
            Err(error) => {
                let appends = if self.appends() { "yes" } else { "no" };
                (format!("appendonly {appends}"), fitness(Err(error)))
            }
        };
        Aspect {
            about: AspectKind::Persistence,
            seen,
            fitness,
        }
    }
}

fn fitness(judged: Result<(), ConnectError>) -> Fitness {
    match judged {
        Ok(()) => Fitness::Fit,
        Err(ConnectError::Unfit { reason, .. }) => Fitness::Unfit(reason),
        Err(other) => Fitness::Unfit(other.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INFO: &str = "redis_version:6.2.1\r\nrole:slave\r\nmaxmemory:104857600\r\n\
        maxmemory_policy:allkeys-lru\r\nused_memory:99614720\r\naof_enabled:0\r\n";

    #[test]
    fn every_fault_of_a_server_is_told_and_not_the_first_alone() {
        let aspects = Facts::new("db:6379", INFO, None).aspects(Durability::Server);
        let told: Vec<(AspectKind, &str)> = aspects
            .iter()
            .map(|aspect| (aspect.about, &*aspect.seen))
            .collect();
        assert_eq!(told[0], (AspectKind::Version, "6.2.1"));
        assert_eq!(told[2], (AspectKind::Eviction, "allkeys-lru"));
        assert_eq!(told[3], (AspectKind::Memory, "95 of 100 MiB used"));
        for aspect in &aspects[..3] {
            assert!(matches!(aspect.fitness, Fitness::Unfit(_)), "{aspect:?}");
        }
        for aspect in &aspects[3..] {
            assert!(matches!(aspect.fitness, Fitness::Risky(_)), "{aspect:?}");
        }
        let synced = Facts::new("db:6379", INFO, None).aspects(Durability::Fsync);
        assert!(matches!(synced[4].fitness, Fitness::Unfit(_)));
    }
}
