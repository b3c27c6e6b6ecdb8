//! One connection to each server, and the watchdog that replaces it.
//!
//! fred reconnects by itself, for ever. It has been seen to fall silent for good all the same,
//! so whoever calls after [`SILENCE`] without any answer gets a new client in place of the old.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use fred::clients::Client;
use fred::error::{Error, ErrorKind};
use fred::interfaces::ClientLike;
use fred::types::config::{
    Config, ConnectionConfig, PerformanceConfig, ReconnectPolicy, ServerConfig, TcpConfig,
    UnresponsiveConfig,
};
use fred::types::{Builder, ClusterHash, ConnectHandle, CustomCommand, Value};
use tokio::time::Instant;

use crate::config::RedisConfig;
use crate::connect_error::ConnectError;
use crate::store_error::{code, is_unsent, sentence};
use crate::tls;

/// How long a connection may take to come about, or longer where a command may.
const CONNECTION_TIMEOUT: Duration = Duration::from_secs(5);

/// A command is sent so often while connections break under it.
const ATTEMPTS: u32 = 10;

/// fred must follow no redirection. After `ASK` it sends `ASKING` to the new server and takes the
/// next reply there for its answer, whosever it is, and then the command to the old server again:
/// with other commands under way, replies reach the wrong callers. Without redirections it only
/// learns from `MOVED` where the slot is now, and says that it didn't follow; then [`crate::link`]
/// calls again.
const REDIRECTIONS: u32 = 0;

/// A connection that leaves a command without an answer for so many of its timeouts is closed and
/// opened anew.
const UNRESPONSIVE: u32 = 2;

/// A client that gives no answer for so many timeouts of a command is replaced.
const SILENCE: u32 = 4;

/// How clients are made.
#[derive(Clone, Debug)]
pub(crate) struct Clients {
    builder: Builder,
    address: String,
    silence: Duration,
}

impl Clients {
    pub(crate) fn new(config: &RedisConfig, is_cluster: bool) -> Result<Self, ConnectError> {
        let server = if is_cluster {
            ServerConfig::new_clustered(config.servers.clone())
        } else {
            let (host, port) = config.servers[0].clone();
            ServerConfig::new_centralized(host, port)
        };
        let tls = config.tls.then(|| tls::client(config.ca_file.as_deref()));
        let mut builder = Builder::from_config(Config {
            server,
            username: config.username.clone(),
            password: config.password.clone(),
            database: (!is_cluster && config.database > 0).then_some(config.database),
            tls: tls.transpose()?,
            ..Config::default()
        });
        builder
            .set_policy(ReconnectPolicy::new_exponential(0, 20, 500, 2))
            .set_performance_config(PerformanceConfig {
                default_command_timeout: config.command_timeout,
                ..PerformanceConfig::default()
            })
            .set_connection_config(ConnectionConfig {
                connection_timeout: CONNECTION_TIMEOUT.max(config.command_timeout),
                internal_command_timeout: config.command_timeout,
                max_command_attempts: ATTEMPTS,
                max_redirections: REDIRECTIONS,
                reconnect_on_auth_error: true,
                unresponsive: UnresponsiveConfig {
                    max_timeout: Some(UNRESPONSIVE * config.command_timeout),
                    interval: Duration::from_secs(1),
                },
                tcp: TcpConfig {
                    nodelay: Some(true),
                    ..TcpConfig::default()
                },
                ..ConnectionConfig::default()
            });
        Ok(Self {
            builder,
            address: config.address(),
            silence: SILENCE * config.command_timeout,
        })
    }

    /// A client that is connected, or the reason why there is none.
    pub(crate) async fn connect(&self) -> Result<Connection, ConnectError> {
        let refused = |error: Error| ConnectError::NoConnection {
            address: self.address.clone(),
            reason: sentence(&error),
            source: Some(error.into()),
        };
        let client = self.builder.build().map_err(refused)?;
        let task = client.init().await.map_err(refused)?;
        Ok(Connection {
            clients: self.clone(),
            present: Mutex::new(Present { client, task }),
            since: Instant::now(),
            answered_at: AtomicU64::new(0),
            is_failing: AtomicBool::new(false),
        })
    }
}

/// A client, and the task that drives it.
#[derive(Debug)]
struct Present {
    client: Client,
    task: ConnectHandle,
}

impl Drop for Present {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// A connection to each server.
#[derive(Debug)]
pub(crate) struct Connection {
    clients: Clients,
    present: Mutex<Present>,
    since: Instant,
    /// Milliseconds since `since`.
    answered_at: AtomicU64,
    /// The last command had no answer.
    is_failing: AtomicBool,
}

impl Connection {
    pub(crate) fn client(&self) -> Client {
        let present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        present.client.clone()
    }

    /// Sends a command to the server of a slot.
    pub(crate) async fn send(
        &self,
        command: &'static str,
        slot: u16,
        arguments: Vec<Value>,
    ) -> Result<Value, Error> {
        let client = self.client();
        // Once one has waited in vain the others needn't, until there is a connection again.
        if self.is_failing.load(Ordering::Relaxed) && !client.is_connected() {
            self.replace_if_silent();
            return Err(Error::new(ErrorKind::IO, "it is gone; looking for it"));
        }
        let command = CustomCommand::new_static(command, ClusterHash::Custom(slot), false);
        // On the heap: fred's future is several kilobytes large, and many wait at once.
        let answer = Box::pin(client.custom(command, arguments)).await;
        self.observe(&answer);
        answer
    }

    /// Takes note of an answer, or of there being none.
    pub(crate) fn observe<T>(&self, answer: &Result<T, Error>) {
        let is_silent = match answer {
            Err(error) if is_unsent(error) => return,
            Err(error) => code(error).is_none(),
            Ok(_) => false,
        };
        self.is_failing.store(is_silent, Ordering::Relaxed);
        if is_silent {
            self.replace_if_silent();
        } else {
            self.answered_at.store(self.now(), Ordering::Relaxed);
        }
    }

    fn now(&self) -> u64 {
        u64::try_from(self.since.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    fn replace_if_silent(&self) {
        let mut present = self.present.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.now();
        let answered_at = self.answered_at.load(Ordering::Relaxed);
        if u128::from(now.saturating_sub(answered_at)) < self.clients.silence.as_millis() {
            return;
        }
        // The new one gets as long before it is replaced in turn.
        self.answered_at.store(now, Ordering::Relaxed);
        let mut builder = self.clients.builder.clone();
        builder.with_config(|config| config.fail_fast = false);
        match builder.build() {
            Ok(client) => {
                tracing::warn!(
                    address = self.clients.address,
                    "Redis is silent: connecting anew"
                );
                let task = client.connect();
                *present = Present { client, task };
            }
            Err(error) => tracing::error!(%error, "no new client of Redis can be made"),
        }
    }

    pub(crate) fn address(&self) -> &str {
        &self.clients.address
    }
}

/// Bytes as an argument.
pub(crate) fn argument(bytes: impl AsRef<[u8]>) -> Value {
    Value::Bytes(fred::bytes::Bytes::copy_from_slice(bytes.as_ref()))
}

/// A number as an argument.
pub(crate) fn number(number: impl std::fmt::Display) -> Value {
    Value::String(number.to_string().into())
}
