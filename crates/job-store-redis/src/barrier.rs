//! Waiting until what was written is as durable as configured.
//!
//! With `server` and `fsync` that is so when Redis answers: with `appendfsync always` it writes
//! and syncs before it sends replies. `replicas:N` asks for it with WAIT, which counts only what
//! its own connection wrote, and forgets that with the connection. So each barrier writes
//! something of its own, after what it protects, and is believed only if the connection was the
//! same before and after. That holds after a replay, too, whose script wrote nothing.

use std::time::Duration;

use batchway_domain::ports::StoreError;
use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::{ClusterHash, CustomCommand, Value};

use crate::config::Durability;
use crate::connection::{Connection, argument, number};
use crate::keyspace::Key;
use crate::link::Link;
use crate::reply::integer;
use crate::store_error::store_error;

/// How long the replicas may take.
const WAIT: Duration = Duration::from_millis(1000);

/// How often a barrier is tried while connections break.
const TRIES: usize = 3;

/// Waits until everything that was written before to the server of `key` is durable. The key
/// counts barriers and holds nothing else.
pub(crate) async fn wait(link: &Link, durability: Durability, key: &Key) -> Result<(), StoreError> {
    let Durability::Replicas(wanted) = durability else {
        return Ok(());
    };
    let connection = &link.writer;
    let mut acknowledged = 0;
    for _ in 0..TRIES {
        match Box::pin(reached(connection, key.slot, &key.name, wanted)).await {
            Ok(Some(replicas)) if replicas >= i64::from(wanted) => return Ok(()),
            Ok(replicas) => acknowledged = replicas.unwrap_or(0),
            Err(error) => return Err(store_error(connection.address(), &error)),
        }
    }
    Err(StoreError::Unavailable {
        reason: format!(
            "{acknowledged} replicas of Redis at {} have what was written and {wanted} must; bring \
             them back, or lower the durability",
            connection.address()
        ),
        source: None,
    })
}

/// How many replicas have what was written; nothing where the connection changed meanwhile.
async fn reached(
    connection: &Connection,
    slot: u16,
    key: &[u8],
    wanted: u32,
) -> Result<Option<i64>, Error> {
    // No redirection is followed: a write that went elsewhere would leave the WAIT behind.
    let client = connection.client();
    let send = |command: &'static str, arguments: Vec<Value>| {
        let command = CustomCommand::new_static(command, ClusterHash::Custom(slot), false);
        client.custom::<Value, Value>(command, arguments)
    };
    let (before, written, acknowledged, after) = tokio::join!(
        biased;
        send("CLIENT", vec![argument("ID")]),
        send("INCR", vec![argument(key)]),
        send("WAIT", vec![number(wanted), number(WAIT.as_millis())]),
        send("CLIENT", vec![argument("ID")]),
    );
    connection.observe(&acknowledged);
    if written.is_err() {
        return Ok(None);
    }
    let is_same = before? == after?;
    let replicas = integer(acknowledged?, "a count of replicas").unwrap_or(0);
    Ok(is_same.then_some(replicas))
}
