//! Tenants take turns at being sent.
//!
//! A batch goes round by round: the first job of each tenant, then the second of each, and so
//! on. Who comes first in a round is who has waited longest for a turn. Turns are remembered by
//! each process for itself: where each is fair, all together are.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use batchway_domain::identity::{JobId, Shard};
use batchway_domain::job::Lane;
use batchway_domain::ports::{DueRequest, StoreError};
use bytes::Bytes;
use futures_util::future::try_join_all;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::due::Taken;
use crate::outlook::{Prospect, Prospects, by_shard};
use crate::reply::{array, integer, parsed, text, unexpected};
use crate::script::Script;

/// The most tenants that one look at a shard passes: Redis does nothing else meanwhile. The next
/// look goes on where this one stopped.
const TENANTS: usize = 256;

/// So many tenants' turns are remembered; above it the older half is forgotten.
const REMEMBERED: usize = 10_000;

/// Who had a turn when, and where looks at crowded shards stopped.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<BTreeMap<Lane, LaneTurns>>);

#[derive(Debug, Default)]
struct LaneTurns {
    given: u64,
    last: HashMap<String, u64>,
    stopped_at: HashMap<Shard, String>,
}

/// A tenant with jobs to be sent.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tenant {
    name: String,
    shard: Shard,
    jobs: usize,
    first_due_at: i64,
}

impl Turns {
    fn with<T>(&self, lane: &Lane, work: impl FnOnce(&mut LaneTurns) -> T) -> T {
        let mut lanes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(lanes.entry(lane.clone()).or_default())
    }
}

impl LaneTurns {
    fn last(&self, tenant: &str) -> u64 {
        self.last.get(tenant).copied().unwrap_or(0)
    }

    /// Whose turns the next ones are, at most `limit`, and remembers that they had them.
    fn give(&mut self, mut tenants: Vec<Tenant>, limit: usize) -> Vec<Tenant> {
        tenants.sort_by(|a, b| {
            let order = |tenant: &Tenant| (self.last(&tenant.name), tenant.first_due_at);
            order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
        });
        let mut waiting: VecDeque<Tenant> = tenants.into();
        let mut turns = Vec::new();
        while turns.len() < limit
            && let Some(mut tenant) = waiting.pop_front()
        {
            self.given += 1;
            self.last.insert(tenant.name.clone(), self.given);
            turns.push(tenant.clone());
            tenant.jobs -= 1;
            if tenant.jobs > 0 {
                waiting.push_back(tenant);
            }
        }
        self.forget();
        turns
    }

    fn forget(&mut self) {
        if self.last.len() > REMEMBERED {
            let mut turns: Vec<u64> = self.last.values().copied().collect();
            turns.sort_unstable();
            let middle = turns[turns.len() / 2];
            self.last.retain(|_, turn| *turn > middle);
        }
    }
}

impl Core {
    /// Says also whether others were faster.
    pub(crate) async fn take_by_turns(
        &self,
        request: &DueRequest,
        prospects: &Prospects,
    ) -> Result<(Taken, bool), StoreError> {
        let now = prospects.now;
        let due = prospects
            .shards
            .iter()
            .filter(|prospect| prospect.due_at <= now.minus(prospect.late).as_millis());
        let waiting = try_join_all(due.map(|prospect| self.tenants(request, prospect))).await?;
        let tenants = waiting.into_iter().flatten().collect();
        let turns = self
            .turns
            .with(&request.lane, |lane| lane.give(tenants, request.limit));

        let mut wanted: BTreeMap<(Shard, &str), usize> = BTreeMap::new();
        for turn in &turns {
            *wanted.entry((turn.shard, &turn.name)).or_default() += 1;
        }
        let groups = by_shard(
            wanted
                .iter()
                .map(|((shard, name), jobs)| (*shard, (*name, *jobs))),
        );
        let takes = groups.into_iter().map(|(shard, tenants)| async move {
            let choice = tenants
                .iter()
                .flat_map(|(name, jobs)| [argument(name), number(jobs)]);
            let taken = self.take(request, shard, "turns", choice).await?;
            Ok::<_, StoreError>(taken)
        });
        let taken: Taken = try_join_all(takes).await?.into_iter().flatten().collect();
        let is_short = taken.len() < turns.len();
        Ok((in_turns(&turns, taken), is_short))
    }

    /// The tenants of a shard with jobs that are due.
    async fn tenants(
        &self,
        request: &DueRequest,
        prospect: &Prospect,
    ) -> Result<Vec<Tenant>, StoreError> {
        const WHAT: &str = "waiting tenants";
        let Lane::Dispatch(backend) = &request.lane else {
            return Ok(Vec::new());
        };
        let shard = prospect.shard;
        let after = self
            .turns
            .with(&request.lane, |lane| lane.stopped_at.remove(&shard));
        let keys = [self.keyspace.of_shard(shard).turns(backend)];
        let arguments = vec![
            self.time.argument(),
            number(request.limit),
            number(TENANTS),
            argument(after.unwrap_or_default()),
        ];
        let answer = self.link.run(Script::Waiting, &keys, arguments).await?;
        let mut answer = array(answer, WHAT)?.into_iter();
        let stopped_at = text(answer.next().ok_or_else(|| unexpected(WHAT))?, WHAT)?;
        if !stopped_at.is_empty() {
            self.turns.with(&request.lane, |lane| {
                lane.stopped_at.insert(shard, stopped_at);
            });
        }
        let mut tenants = Vec::new();
        while let (Some(name), Some(jobs), Some(first)) =
            (answer.next(), answer.next(), answer.next())
        {
            tenants.push(Tenant {
                name: text(name, WHAT)?,
                shard,
                jobs: usize::try_from(integer(jobs, WHAT)?).unwrap_or(0),
                first_due_at: parsed(first, WHAT)?,
            });
        }
        tenants.retain(|tenant| tenant.jobs > 0);
        Ok(tenants)
    }
}

/// What was taken, in the order of the turns. The name of its tenant stands behind each id.
fn in_turns(turns: &[Tenant], taken: Taken) -> Taken {
    let mut by_tenant: HashMap<String, VecDeque<(String, Bytes)>> = HashMap::new();
    for (entry, value) in taken {
        let tenant = entry[JobId::LENGTH..].to_owned();
        by_tenant
            .entry(tenant)
            .or_default()
            .push_back((entry, value));
    }
    turns
        .iter()
        .filter_map(|turn| by_tenant.get_mut(&turn.name)?.pop_front())
        .collect()
}
