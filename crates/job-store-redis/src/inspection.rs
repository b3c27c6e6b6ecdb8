//! Whether a server is fit to keep jobs, and how durable it keeps them.

use std::collections::BTreeMap;

use crate::config::Durability;
use crate::connect_error::ConnectError;

/// Admission stops above this share of `maxmemory`, in percent.
pub(crate) const FULL_AT_PERCENT: u64 = 85;

/// What a server says of itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) address: String,
    info: BTreeMap<String, String>,
    /// `appendfsync`, where CONFIG may be asked.
    appendfsync: Option<String>,
}

/// How durable a server is, in words, and what the operator should know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Verdict {
    pub(crate) summary: String,
    pub(crate) warnings: Vec<String>,
}

impl Facts {
    pub(crate) fn new(address: &str, info: &str, appendfsync: Option<String>) -> Self {
        let info = info.lines().filter_map(|line| line.split_once(':'));
        Self {
            address: address.to_owned(),
            info: info
                .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
                .collect(),
            appendfsync,
        }
    }

    pub(crate) fn text(&self, name: &str) -> &str {
        self.info.get(name).map_or("", String::as_str)
    }

    pub(crate) fn number(&self, name: &str) -> u64 {
        self.text(name).parse().unwrap_or(0)
    }

    pub(crate) fn is_cluster(&self) -> bool {
        self.text("cluster_enabled") == "1"
    }

    /// Whether so much memory is used that no more jobs are admitted.
    pub(crate) fn is_full(&self) -> bool {
        let limit = self.number("maxmemory");
        limit > 0 && self.number("used_memory") > limit / 100 * FULL_AT_PERCENT
    }

    pub(crate) fn appends(&self) -> bool {
        self.text("aof_enabled") == "1"
    }

    /// Refuses a server that could lose jobs, and says what the others do with them.
    pub(crate) fn judge(&self, durability: Durability) -> Result<Verdict, ConnectError> {
        self.refuse_old()?;
        self.refuse_replica()?;
        self.refuse_eviction()?;
        let mut warnings = Vec::new();
        if self.is_full() {
            warnings.push(format!(
                "more than {FULL_AT_PERCENT} % of maxmemory is used: no job is admitted until \
                 there is room"
            ));
        }
        let summary = match durability {
            Durability::Server => self.as_the_server_does(&mut warnings),
            Durability::Fsync => self.synced()?,
            Durability::Replicas(wanted) => self.replicated(wanted, &mut warnings),
        };
        Ok(Verdict { summary, warnings })
    }

    fn unfit(&self, reason: String) -> ConnectError {
        ConnectError::Unfit {
            address: self.address.clone(),
            reason,
        }
    }

    pub(crate) fn refuse_old(&self) -> Result<(), ConnectError> {
        let version = self.text("redis_version");
        let major = version.split('.').next().and_then(|part| part.parse().ok());
        match major {
            Some(major @ 0..7) => Err(self.unfit(format!(
                "it has version {version} (major {major}); 7.0 or later is needed"
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_replica(&self) -> Result<(), ConnectError> {
        match self.text("role") {
            "slave" => Err(self.unfit(format!(
                "it is a replica of {}:{}; point the gateway at its primary",
                self.text("master_host"),
                self.text("master_port")
            ))),
            _ => Ok(()),
        }
    }

    pub(crate) fn refuse_eviction(&self) -> Result<(), ConnectError> {
        match self.text("maxmemory_policy") {
            "" | "noeviction" => Ok(()),
            policy => Err(self.unfit(format!(
                "its maxmemory-policy {policy} throws data away when memory is full; set \
                 maxmemory-policy noeviction"
            ))),
        }
    }

    pub(crate) fn as_the_server_does(&self, warnings: &mut Vec<String>) -> String {
        if !self.appends() {
            warnings.push(
                "it has no append-only file: accepted jobs are lost when it restarts; set \
                 appendonly yes"
                    .to_owned(),
            );
            return "an accepted job is in Redis's memory; a restart loses what its last snapshot \
                    does not have"
                .to_owned();
        }
        match self.appendfsync.as_deref() {
            Some("always") => "an accepted job is on Redis's disk (appendfsync always)".to_owned(),
            Some("no") => "an accepted job is in Redis's append-only file, and on the disk when \
                           its operating system writes it (appendfsync no)"
                .to_owned(),
            Some("everysec") => "an accepted job is in Redis's append-only file, and on the disk \
                                 within about a second (appendfsync everysec)"
                .to_owned(),
            _ => "an accepted job is in Redis's append-only file; when it is on the disk is \
                  unknown, as CONFIG may not be asked"
                .to_owned(),
        }
    }

    pub(crate) fn synced(&self) -> Result<String, ConnectError> {
        match self.appendfsync.as_deref() {
            Some("always") if self.appends() => {
                Ok("an accepted job is on Redis's disk (appendfsync always)".to_owned())
            }
            None => Err(self.unfit(
                "the durability fsync needs appendfsync always, and CONFIG may not be asked \
                 whether it is set; allow +config|get, or choose the durability server"
                    .to_owned(),
            )),
            Some(setting) => Err(self.unfit(format!(
                "the durability fsync needs appendonly yes and appendfsync always, and it has \
                 appendonly {} and appendfsync {setting}",
                if self.appends() { "yes" } else { "no" }
            ))),
        }
    }

    pub(crate) fn replicated(&self, wanted: u32, warnings: &mut Vec<String>) -> String {
        let connected = self.number("connected_slaves");
        if connected < u64::from(wanted) {
            warnings.push(format!(
                "it has {connected} replicas and the durability wants {wanted}: every change \
                 fails until they are there"
            ));
        }
        if !self.appends() {
            warnings.push(
                "it has no append-only file: it comes back empty from a restart unless a replica \
                 takes over first"
                    .to_owned(),
            );
        }
        format!("an accepted job is in the memory of Redis and of {wanted} replicas (WAIT)")
    }
}

#[cfg(test)]
#[path = "inspection_tests.rs"]
mod tests;
