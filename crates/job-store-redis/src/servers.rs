//! Asking every server about itself.

use fred::error::Error;
use fred::interfaces::ClientLike;
use fred::types::config::Options;
use fred::types::{ClusterHash, CustomCommand, InfoKind, Value};

use crate::connection::Connection;
use crate::inspection::{FULL_AT_PERCENT, Facts};

/// Why nothing may be admitted, where one of the servers is short of memory.
pub(crate) async fn look(connection: &Connection) -> Result<Option<String>, Error> {
    for facts in ask(connection, InfoKind::Memory).await? {
        if facts.is_full() {
            return Ok(Some(format!(
                "Redis at {} uses more than {FULL_AT_PERCENT} % of its maxmemory; give it more, \
                 or remove jobs earlier",
                facts.address
            )));
        }
    }
    Ok(None)
}

/// What each server says of itself.
pub(crate) async fn ask(connection: &Connection, kind: InfoKind) -> Result<Vec<Facts>, Error> {
    let client = connection.client();
    let mut facts = Vec::new();
    for server in client.active_connections() {
        let options = Options {
            cluster_node: client.is_clustered().then(|| server.clone()),
            ..Options::default()
        };
        let asked = client.with_options(&options);
        let info: String = asked.info(Some(kind.clone())).await?;
        facts.push(Facts::new(&server.to_string(), &info, None));
    }
    Ok(facts)
}

/// The same with what else decides whether a server is fit.
pub(crate) async fn ask_everything(connection: &Connection) -> Result<Vec<Facts>, Error> {
    let client = connection.client();
    let mut facts = Vec::new();
    for server in client.active_connections() {
        let options = Options {
            cluster_node: client.is_clustered().then(|| server.clone()),
            ..Options::default()
        };
        let asked = client.with_options(&options);
        let info: String = asked.info(Some(InfoKind::Default)).await?;
        let command = CustomCommand::new_static("CONFIG", ClusterHash::Random, false);
        let arguments = vec!["GET", "appendfsync"];
        let appendfsync = asked.custom::<Value, &str>(command, arguments).await;
        facts.push(Facts::new(&server.to_string(), &info, setting(appendfsync)));
    }
    Ok(facts)
}

/// One setting of a server, where it may be asked for.
fn setting(answer: Result<Value, Error>) -> Option<String> {
    match answer.ok()? {
        Value::Array(mut values) => values.pop()?.into_string(),
        _ => None,
    }
}
