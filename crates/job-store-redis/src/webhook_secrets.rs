//! The secrets that sign what a user's receivers get, sealed.

use batchway_domain::identity::{Shard, UserName};
use batchway_domain::ports::StoreError;
use batchway_domain::webhooks::SealedSecrets;

use crate::connection::argument;
use crate::core::Core;
use crate::reply::{integer, optional_bytes};
use crate::script::Script;

const WHAT: &str = "webhook secrets";

impl Core {
    pub(crate) async fn webhook_secrets(
        &self,
        user: &UserName,
    ) -> Result<Option<SealedSecrets>, StoreError> {
        let key = self
            .keyspace
            .of_shard(Shard::of_user(user))
            .webhook_secrets();
        let value = self
            .link
            .read("HGET", &key, vec![argument(user.as_str())])
            .await?;
        let value = optional_bytes(value, WHAT)?;
        value
            .map(|json| serde_json::from_slice(&json).map_err(unreadable))
            .transpose()
    }

    pub(crate) async fn replace_webhook_secrets(
        &self,
        user: &UserName,
        expected: Option<&SealedSecrets>,
        new: &SealedSecrets,
    ) -> Result<bool, StoreError> {
        let shard = Shard::of_user(user);
        let keys = [self.keyspace.of_shard(shard).webhook_secrets()];
        let expected = expected.map_or_else(|| Ok(Vec::new()), json)?;
        let arguments = vec![
            argument(user.as_str()),
            argument(expected),
            argument(json(new)?),
        ];
        let answer = self.link.run(Script::ReplaceSecrets, &keys, arguments);
        let is_replaced = integer(answer.await?, WHAT)? == 1;
        if is_replaced {
            self.barrier(shard).await?;
        }
        Ok(is_replaced)
    }
}

fn json(secrets: &SealedSecrets) -> Result<Vec<u8>, StoreError> {
    serde_json::to_vec(secrets).map_err(unreadable)
}

fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Unreadable {
        reason: format!("{WHAT}: {error}"),
        source: Some(error.into()),
    }
}
