//! `batchway keys`.

use std::sync::Arc;

use batchway_domain::Timestamp;
use batchway_domain::identity::UserName;
use batchway_domain::ports::{ApiKeys, Clock, Entropy, KeyError, KeyRecord};
use batchway_domain::security::ApiKey;

use crate::command_line::KeysCommand;
use crate::configuration::Configuration;
use crate::entropy::SystemEntropy;
use crate::failure::Failure;
use crate::system_clock::SystemClock;
use crate::wiring::{Patience, Store};

pub(crate) async fn run(configuration: Configuration, command: KeysCommand) -> Result<(), Failure> {
    let store = Store::open(&configuration, Arc::new(SystemClock), Patience::None).await?;
    let keys = &*store.keys();
    match command {
        KeysCommand::Create { user } => {
            let key = create(keys, &user_name(&user)?, SystemClock.now()).await?;
            print(key.reveal());
        }
        KeysCommand::List { user } => {
            let user = user.as_deref().map(user_name).transpose()?;
            list(&keys.list(user.as_ref()).await.map_err(failed)?);
        }
        KeysCommand::Revoke { digest } => revoke(keys, &digest).await?,
    }
    Ok(())
}

/// Makes and registers a key.
pub(crate) async fn create(
    keys: &dyn ApiKeys,
    user: &UserName,
    created_at: Timestamp,
) -> Result<ApiKey, Failure> {
    let entropy: &dyn Entropy = &SystemEntropy;
    let key = ApiKey::new(user, entropy.bytes());
    let record = KeyRecord {
        digest: key.digest(),
        user: user.clone(),
        created_at,
        revoked_at: None,
    };
    keys.register(&record).await.map_err(failed)?;
    Ok(key)
}

async fn revoke(keys: &dyn ApiKeys, digest: &str) -> Result<(), Failure> {
    let is_digest = digest.len() == 8 && digest.bytes().all(|b| b.is_ascii_hexdigit());
    if !is_digest {
        return Err(Failure::misconfigured(format!(
            "{digest:?} is not the beginning of a digest: give the eight digits that \
             `batchway keys list` shows in its first column"
        )));
    }
    let revoked = keys
        .revoke(&digest.to_ascii_lowercase(), SystemClock.now())
        .await
        .map_err(failed)?;
    if revoked.is_empty() {
        return Err(Failure::failed(format!(
            "there is no key {digest}; `batchway keys list` shows those there are"
        )));
    }
    list(&revoked);
    Ok(())
}

fn list(records: &[KeyRecord]) {
    print(&format!(
        "{:<10}{:<24}{:<26}{}",
        "digest", "user", "created", "revoked"
    ));
    for record in records {
        let revoked = record
            .revoked_at
            .map_or_else(|| "-".to_owned(), |at| at.to_string());
        print(&format!(
            "{:<10}{:<24}{:<26}{revoked}",
            record.digest.short(),
            record.user.as_str(),
            record.created_at.to_string()
        ));
    }
}

pub(super) fn user_name(text: &str) -> Result<UserName, Failure> {
    text.parse()
        .map_err(|error| Failure::misconfigured(format!("--user {text:?} can't be used: {error}")))
}

fn failed(error: KeyError) -> Failure {
    Failure::failed(error)
}

#[expect(
    clippy::print_stdout,
    reason = "this is what the command is asked to print"
)]
pub(super) fn print(line: &str) {
    println!("{line}");
}
