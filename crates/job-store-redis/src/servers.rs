//! Asking every server about itself.

use fred::error::{Error, ErrorKind};
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
        let appendfsync = setting(appendfsync)?;
        facts.push(Facts::new(&server.to_string(), &info, appendfsync));
    }
    Ok(facts)
}

/// One setting of a server, where it may be asked for. A refusal is the server's own answer; one
/// that was lost on the way says nothing of what is allowed.
fn setting(answer: Result<Value, Error>) -> Result<Option<String>, Error> {
    match answer {
        Ok(Value::Array(mut values)) => Ok(values.pop().and_then(Value::into_string)),
        Ok(_) => Ok(None),
        Err(error) => match error.kind() {
            ErrorKind::IO | ErrorKind::Canceled | ErrorKind::Timeout => Err(error),
            _ => Ok(None),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_that_may_not_be_asked_for_is_unknown_and_a_lost_answer_is_no_refusal() {
        let answer = Value::Array(vec!["appendfsync".into(), "always".into()]);
        let known = setting(Ok(answer)).unwrap();
        assert_eq!(known.as_deref(), Some("always"));
        let refusal = "NOPERM this user has no permissions to run the 'config|get' command";
        let refused = Error::new(ErrorKind::Unknown, refusal);
        assert_eq!(setting(Err(refused)).unwrap(), None);
        for kind in [ErrorKind::IO, ErrorKind::Canceled, ErrorKind::Timeout] {
            assert!(setting(Err(Error::new(kind, "it is gone"))).is_err());
        }
    }
}
