//! What happened to a user's jobs.

use batchway_domain::identity::{Shard, UserName};
use batchway_domain::job::Event;
use batchway_domain::ports::StoreError;

use crate::connection::number;
use crate::core::Core;
use crate::packing::{pack_event, unpack};
use crate::reply::{array, bytes, pairs, parsed};
use crate::script::Script;

/// No log is longer, so no answer is.
const KEPT: usize = 10_000;

/// The most that one call answers: Redis does nothing else meanwhile.
const PAGE: usize = 1000;

/// An event as it is kept.
pub(crate) fn packed_event(event: &Event) -> Result<Vec<u8>, StoreError> {
    let json = serde_json::to_vec(event).map_err(unreadable)?;
    Ok(pack_event(&json))
}

fn unreadable(error: serde_json::Error) -> StoreError {
    StoreError::Unreadable {
        reason: format!("an event: {error}"),
        source: Some(error.into()),
    }
}

impl Core {
    pub(crate) async fn events_of_user(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        let limit = limit.min(KEPT);
        let mut after = after;
        let mut events = Vec::new();
        while events.len() < limit {
            let wanted = PAGE.min(limit - events.len());
            let page = self.page_of_events(user, after, wanted).await?;
            let Some((last, _)) = page.last() else { break };
            after = *last;
            let is_last = page.len() < wanted;
            events.extend(page);
            if is_last {
                break;
            }
        }
        Ok(events)
    }

    async fn page_of_events(
        &self,
        user: &UserName,
        after: u64,
        limit: usize,
    ) -> Result<Vec<(u64, Event)>, StoreError> {
        // Greater numbers are not given out: Redis's scripts count in doubles.
        if after >= 1 << 53 {
            return Ok(Vec::new());
        }
        let place = self.keyspace.of_shard(Shard::of_user(user));
        let keys = [place.jobs(), place.events(user)];
        let arguments = vec![number(after), number(limit)];
        let answer = self.link.run(Script::Events, &keys, arguments).await?;
        pairs(array(answer, "events")?)
            .map(|(number, event)| {
                let event = bytes(event, "an event")?;
                let event = serde_json::from_slice(&unpack(&event)?).map_err(unreadable)?;
                Ok((parsed(number, "the number of an event")?, event))
            })
            .collect()
    }
}
