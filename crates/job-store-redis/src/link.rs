//! Calling scripts and commands: by their digests, again where that is harmless, and with the
//! errors of the port.

use std::time::Duration;

use batchway_domain::ports::StoreError;
use fred::error::Error;
use fred::types::Value;
use tokio::time::Instant;

use crate::connect_error::ConnectError;
use crate::connection::{Clients, Connection, argument, number};
use crate::keyspace::Key;
use crate::reply::text;
use crate::script::Script;
use crate::store_error::{code, is_unsent, sentence, store_error};

/// While a slot of a cluster is being moved a call is made again for so long.
const PATIENCE: Duration = Duration::from_secs(3);
const PAUSE: Duration = Duration::from_millis(20);

/// The two connections: reads never wait behind a write's barrier.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) writer: Connection,
    pub(crate) reader: Connection,
    /// Digests of the scripts, in the order of [`Script::ALL`].
    digests: Vec<Value>,
}

impl Link {
    pub(crate) async fn connect(clients: &Clients) -> Result<Self, ConnectError> {
        let (writer, reader) = tokio::try_join!(clients.connect(), clients.connect())?;
        let mut digests = Vec::with_capacity(Script::ALL.len());
        for script in Script::ALL {
            let source = vec![argument("LOAD"), argument(script.source())];
            let digest =
                writer
                    .send("SCRIPT", 0, source)
                    .await
                    .map_err(|error| ConnectError::Unfit {
                        address: writer.address().to_owned(),
                        reason: format!(
                            "it doesn't take a script ({}); Redis 7.0 or later is needed",
                            sentence(&error)
                        ),
                    })?;
            let digest = text(digest, "the digest of a script")?;
            digests.push(Value::String(digest.into()));
        }
        Ok(Self {
            writer,
            reader,
            digests,
        })
    }

    /// Runs a script. All keys must lie in one slot.
    pub(crate) async fn run(
        &self,
        script: Script,
        keys: &[Key],
        arguments: Vec<Value>,
    ) -> Result<Value, StoreError> {
        let connection = if script.only_reads() {
            &self.reader
        } else {
            &self.writer
        };
        let position = Script::ALL.iter().position(|known| *known == script);
        let digest = &self.digests[position.expect("ALL holds every script")];
        let mut call = Vec::with_capacity(2 + keys.len() + arguments.len());
        call.push(digest.clone());
        call.push(number(keys.len()));
        call.extend(keys.iter().map(|key| Value::Bytes(key.name.clone())));
        call.extend(arguments);
        let slot = keys.first().map_or(0, |key| key.slot);
        match again(|| connection.send("EVALSHA", slot, call.clone())).await {
            Err(error) if code(&error) == Some("NOSCRIPT") => {
                call[0] = Value::String(script.source().into());
                again(|| connection.send("EVAL", slot, call.clone())).await
            }
            answer => answer,
        }
        .map_err(|error| store_error(connection.address(), &error))
    }

    /// Sends a command that only reads, about one key.
    pub(crate) async fn read(
        &self,
        command: &'static str,
        key: &Key,
        arguments: Vec<Value>,
    ) -> Result<Value, StoreError> {
        send(&self.reader, command, key, arguments).await
    }

    /// Sends a command that may be sent twice, about one key.
    pub(crate) async fn write(
        &self,
        command: &'static str,
        key: &Key,
        arguments: Vec<Value>,
    ) -> Result<Value, StoreError> {
        send(&self.writer, command, key, arguments).await
    }
}

async fn send(
    connection: &Connection,
    command: &'static str,
    key: &Key,
    arguments: Vec<Value>,
) -> Result<Value, StoreError> {
    let mut call = vec![Value::Bytes(key.name.clone())];
    call.extend(arguments);
    again(|| connection.send(command, key.slot, call.clone()))
        .await
        .map_err(|error| store_error(connection.address(), &error))
}

/// Calls, and calls again while a slot is on its way from one server to another, or the client is
/// about to connect again and has sent nothing.
async fn again<F>(call: impl Fn() -> F) -> Result<Value, Error>
where
    F: Future<Output = Result<Value, Error>>,
{
    let begun = Instant::now();
    loop {
        match call().await {
            Err(error)
                if (is_moving(&error) || is_unsent(&error)) && begun.elapsed() < PATIENCE =>
            {
                tokio::time::sleep(PAUSE).await;
            }
            answer => return answer,
        }
    }
}

fn is_moving(error: &Error) -> bool {
    matches!(code(error), Some("TRYAGAIN" | "MOVED" | "ASK"))
}
