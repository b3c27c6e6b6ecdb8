//! Where the Redis is, and what is asked of it.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use url::{Host, Url};

use crate::connect_error::ConnectError;

/// The port of Redis where none is given.
pub const DEFAULT_PORT: u16 = 6379;

/// How long a command may take where nothing else is said: callers wait for the news that Redis is
/// gone.
const DEFAULT_COMMAND_TIMEOUT: Duration = Duration::from_secs(2);

/// Where the Redis is, who we are to it, and what is asked of it. `Debug` shows no password.
#[derive(Clone, PartialEq, Eq)]
pub struct RedisConfig {
    /// Host and port of the server, or of some nodes of a cluster; at least one.
    pub servers: Vec<(String, u16)>,
    /// Whether it is a cluster; `None`: ask the server.
    pub cluster: Option<bool>,
    /// Name of the ACL user; `None`: `default`.
    pub username: Option<String>,
    /// The user's password.
    pub password: Option<String>,
    /// Number of the database. A cluster has only 0.
    pub database: u8,
    /// Talks TLS. Certificates are checked against the system's authorities, or `ca_file`'s.
    pub tls: bool,
    /// PEM file of the authorities to trust instead of the system's.
    pub ca_file: Option<PathBuf>,
    /// What "recorded" means.
    pub durability: Durability,
    /// How long a command may take, from being handed to the client to its answer.
    pub command_timeout: Duration,
    /// Keeps several stores apart in one Redis: part of every key. 1 to 32 lower-case letters,
    /// digits and `-`.
    pub namespace: Option<String>,
    /// Name of this process among those that share the store, by which they share the work;
    /// `None`: a number that nobody else has.
    pub replica: Option<String>,
    /// Keeps in mind which jobs have changed since they were mirrored. All processes that change
    /// jobs of one store have to agree on it.
    pub mirror_backlog: bool,
}

impl RedisConfig {
    /// A server without a password.
    pub fn new(host: impl Into<String>, port: u16) -> Self {
        Self {
            servers: vec![(host.into(), port)],
            cluster: None,
            username: None,
            password: None,
            database: 0,
            tls: false,
            ca_file: None,
            durability: Durability::Server,
            command_timeout: DEFAULT_COMMAND_TIMEOUT,
            namespace: None,
            replica: None,
            mirror_backlog: false,
        }
    }

    /// Reads `redis://[[user]:password@]host[:port][/database]`; `rediss://` for TLS;
    /// `redis-cluster://` and `rediss-cluster://` for a cluster, further nodes as
    /// `?node=host:port&node=…`.
    ///
    /// # Errors
    /// [`ConnectError::InvalidUrl`], which doesn't show the URL: it holds the password.
    pub fn from_url(text: &str) -> Result<Self, ConnectError> {
        let url = Url::parse(text).map_err(|error| invalid(error.to_string()))?;
        let (tls, cluster) = match url.scheme() {
            "redis" => (false, None),
            "rediss" => (true, None),
            "redis-cluster" => (false, Some(true)),
            "rediss-cluster" => (true, Some(true)),
            other => return Err(invalid(format!("{other}:// is not a scheme of Redis"))),
        };
        let mut config = Self {
            cluster,
            tls,
            username: credential(url.username())?,
            password: url.password().map(credential).transpose()?.flatten(),
            database: database(url.path())?,
            ..Self::new(host(&url)?, url.port().unwrap_or(DEFAULT_PORT))
        };
        for (name, value) in url.query_pairs() {
            if name != "node" {
                return Err(invalid(format!("the parameter {name} is not known")));
            }
            config.servers.push(node(&value)?);
        }
        Ok(config)
    }

    /// The servers as text, for logs and errors.
    pub(crate) fn address(&self) -> String {
        let servers: Vec<String> = self
            .servers
            .iter()
            .map(|(host, port)| format!("{host}:{port}"))
            .collect();
        servers.join(", ")
    }
}

impl fmt::Debug for RedisConfig {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("RedisConfig")
            .field("servers", &self.servers)
            .field("cluster", &self.cluster)
            .field("username", &self.username)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("database", &self.database)
            .field("tls", &self.tls)
            .field("ca_file", &self.ca_file)
            .field("durability", &self.durability)
            .field("command_timeout", &self.command_timeout)
            .field("namespace", &self.namespace)
            .field("replica", &self.replica)
            .field("mirror_backlog", &self.mirror_backlog)
            .finish()
    }
}

fn invalid(reason: impl Into<String>) -> ConnectError {
    ConnectError::InvalidUrl {
        reason: reason.into(),
    }
}

fn host(url: &Url) -> Result<String, ConnectError> {
    match url.host() {
        Some(Host::Ipv6(address)) => Ok(address.to_string()),
        Some(host) => Ok(host.to_string()),
        None => Err(invalid("there is no host in it")),
    }
}

fn credential(text: &str) -> Result<Option<String>, ConnectError> {
    let mut decoded = Vec::with_capacity(text.len());
    let mut bytes = text.bytes();
    while let Some(byte) = bytes.next() {
        if byte != b'%' {
            decoded.push(byte);
            continue;
        }
        let digits = [bytes.next(), bytes.next()].map(|digit| digit.map(char::from));
        let value = |digit: Option<char>| digit.and_then(|digit| digit.to_digit(16));
        let (Some(high), Some(low)) = (value(digits[0]), value(digits[1])) else {
            return Err(invalid(
                "a % in user or password is not followed by two hex digits",
            ));
        };
        decoded.extend(u8::try_from(high * 16 + low));
    }
    let decoded =
        String::from_utf8(decoded).map_err(|_| invalid("user or password are not UTF-8"))?;
    Ok(Some(decoded).filter(|text| !text.is_empty()))
}

fn database(path: &str) -> Result<u8, ConnectError> {
    match path.trim_matches('/') {
        "" => Ok(0),
        number => number
            .parse()
            .map_err(|_| invalid("what follows the host is not the number of a database")),
    }
}

fn node(text: &str) -> Result<(String, u16), ConnectError> {
    let (host, port) = text
        .rsplit_once(':')
        .ok_or_else(|| invalid("a node is not host:port"))?;
    let port = port
        .parse()
        .map_err(|_| invalid("the port of a node is not a number"))?;
    Ok((host.to_owned(), port))
}

/// What has to be true before a change counts as recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// What the server's own settings make of it.
    Server,
    /// It is on the server's disk: the server must have `appendfsync always`.
    Fsync,
    /// So many replicas of the server have it (WAIT).
    Replicas(u32),
}

impl FromStr for Durability {
    type Err = InvalidDurability;

    fn from_str(text: &str) -> Result<Self, InvalidDurability> {
        match text {
            "server" => Ok(Self::Server),
            "fsync" => Ok(Self::Fsync),
            _ => text
                .strip_prefix("replicas:")
                .and_then(|number| number.parse().ok())
                .filter(|number| (1..=100).contains(number))
                .map(Self::Replicas)
                .ok_or(InvalidDurability),
        }
    }
}

impl fmt::Display for Durability {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Server => formatter.write_str("server"),
            Self::Fsync => formatter.write_str("fsync"),
            Self::Replicas(number) => write!(formatter, "replicas:{number}"),
        }
    }
}

/// The text is not a durability.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a durability is server, fsync, or replicas: and a number from 1 to 100")]
pub struct InvalidDurability;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_says_everything() {
        let config = RedisConfig::from_url("rediss://us%65r:p%40ss@db.example:7000/3").unwrap();
        let expected = RedisConfig {
            username: Some("user".to_owned()),
            password: Some("p@ss".to_owned()),
            database: 3,
            tls: true,
            ..RedisConfig::new("db.example", 7000)
        };
        assert_eq!(config, expected);
        let plain = RedisConfig::from_url("redis://:secret@[::1]").unwrap();
        assert_eq!(plain.servers, [("::1".to_owned(), DEFAULT_PORT)]);
        assert_eq!((plain.username, plain.cluster), (None, None));
        let cluster = RedisConfig::from_url("redis-cluster://a:1?node=b:2&node=c:3").unwrap();
        assert_eq!(cluster.address(), "a:1, b:2, c:3");
        assert_eq!(cluster.cluster, Some(true));
    }

    #[test]
    fn a_url_that_can_not_be_read_is_not_shown() {
        for url in [
            "http://u:hunter2@host",
            "redis://u:hunter2@host/x",
            "redis://u:hunter2@host?color=red",
            "redis://u:hunter2%zz@host",
            "redis://u:hunter2@host:port",
            "hunter2",
        ] {
            let error = RedisConfig::from_url(url).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("hunter2"), "{error}");
        }
    }

    #[test]
    fn the_password_is_never_printed() {
        let config = RedisConfig::from_url("redis://u:hunter2@host").unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn durabilities_read_back() {
        for durability in [
            Durability::Server,
            Durability::Fsync,
            Durability::Replicas(2),
        ] {
            assert_eq!(durability.to_string().parse(), Ok(durability));
        }
        for text in ["", "always", "replicas", "replicas:0", "replicas:x"] {
            assert_eq!(text.parse::<Durability>(), Err(InvalidDurability), "{text}");
        }
    }
}
