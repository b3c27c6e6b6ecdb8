//! Who has something due takes turns: tenants at being sent, receivers at being told.
//!
//! A batch goes round by round: the first thing of each, then the second of each, and so on. Who
//! comes first in a round is who has waited longest for a turn. Turns are remembered by each
//! process for itself: where each is fair, all together are.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use batchway_domain::identity::Shard;
use batchway_domain::ports::StoreError;
use fred::types::Value;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::due_set::DueSet;
use crate::outlook::{Prospects, answers, by_shard};
use crate::reply::{array, integer, parsed, text, unexpected};
use crate::script::Script;

/// The most claimants that one look at a shard passes: Redis does nothing else meanwhile. The
/// next look goes on where this one stopped.
const CLAIMANTS: usize = 256;

/// So many claimants' turns are remembered; above it the older half is forgotten.
const REMEMBERED: usize = 10_000;

/// Who had a turn when, and where looks at crowded shards stopped.
#[derive(Debug, Default)]
pub(crate) struct Turns(Mutex<BTreeMap<DueSet, TurnsInSet>>);

#[derive(Debug, Default)]
struct TurnsInSet {
    given: u64,
    last: HashMap<String, u64>,
    stopped_at: HashMap<Shard, String>,
}

/// Who has something due: a tenant in a dispatch lane, a receiver among deliveries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claimant {
    pub(crate) name: String,
    shard: Shard,
    /// How many things, as far as they count.
    due: usize,
    first_due_at: i64,
}

/// How many turns are wanted, and whose.
#[derive(Clone, Debug)]
pub(crate) struct WantedTurns {
    pub(crate) limit: usize,
    pub(crate) of_each: usize,
    /// Names of those who are passed over.
    pub(crate) except: BTreeSet<String>,
}

/// Whose turns the next ones are.
#[derive(Debug)]
pub(crate) struct NextTurns {
    pub(crate) turns: Vec<Claimant>,
    /// Whether a shard is so crowded that a further look sees others.
    pub(crate) is_crowded: bool,
}

impl Turns {
    fn with<T>(&self, set: &DueSet, work: impl FnOnce(&mut TurnsInSet) -> T) -> T {
        let mut sets = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        work(sets.entry(set.clone()).or_default())
    }
}

impl TurnsInSet {
    fn last(&self, name: &str) -> u64 {
        self.last.get(name).copied().unwrap_or(0)
    }

    /// Whose turns the next ones are, at most `limit`, and remembers that they had them.
    fn give(&mut self, mut claimants: Vec<Claimant>, limit: usize) -> Vec<Claimant> {
        claimants.sort_by(|a, b| {
            let order = |one: &Claimant| (self.last(&one.name), one.first_due_at);
            order(a).cmp(&order(b)).then_with(|| a.name.cmp(&b.name))
        });
        let mut waiting: VecDeque<Claimant> = claimants.into();
        let mut turns = Vec::new();
        while turns.len() < limit
            && let Some(mut claimant) = waiting.pop_front()
        {
            self.given += 1;
            self.last.insert(claimant.name.clone(), self.given);
            turns.push(claimant.clone());
            claimant.due -= 1;
            if claimant.due > 0 {
                waiting.push_back(claimant);
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
    /// Gives the next turns in a set, of those who are seen in one look.
    pub(crate) async fn next_turns(
        &self,
        set: &DueSet,
        prospects: &Prospects,
        wanted: &WantedTurns,
    ) -> Result<NextTurns, StoreError> {
        let now = prospects.now;
        let due = prospects
            .shards
            .iter()
            .filter(|prospect| prospect.due_at <= now.minus(prospect.late).as_millis());
        let most = wanted.of_each.min(wanted.limit);
        let looks = due.map(|prospect| self.claimants(set, prospect.shard, most));
        let (seen, crowded): (Vec<_>, Vec<_>) = answers(looks).await?.into_iter().unzip();
        let mut claimants = seen.concat();
        claimants.retain(|one| one.due > 0 && !wanted.except.contains(&one.name));
        let turns = self
            .turns
            .with(set, |turns| turns.give(claimants, wanted.limit));
        Ok(NextTurns {
            turns,
            is_crowded: crowded.contains(&true),
        })
    }

    /// Who has something due in a shard, and whether there are more than one look passes.
    async fn claimants(
        &self,
        set: &DueSet,
        shard: Shard,
        most: usize,
    ) -> Result<(Vec<Claimant>, bool), StoreError> {
        const WHAT: &str = "whose turn it may be";
        let Some(turns) = set.turns(self.keyspace.of_shard(shard)) else {
            return Ok((Vec::new(), false));
        };
        let after = self
            .turns
            .with(set, |turns| turns.stopped_at.remove(&shard));
        let arguments = vec![
            self.time.argument(),
            number(most),
            number(CLAIMANTS),
            argument(after.unwrap_or_default()),
        ];
        let answer = self.link.run(Script::Waiting, &[turns], arguments).await?;
        let mut answer = array(answer, WHAT)?.into_iter();
        let stopped_at = text(answer.next().ok_or_else(|| unexpected(WHAT))?, WHAT)?;
        let is_crowded = !stopped_at.is_empty();
        if is_crowded {
            self.turns
                .with(set, |turns| turns.stopped_at.insert(shard, stopped_at));
        }
        let mut claimants = Vec::new();
        while let (Some(name), Some(due), Some(first)) =
            (answer.next(), answer.next(), answer.next())
        {
            claimants.push(Claimant {
                name: text(name, WHAT)?,
                shard,
                due: usize::try_from(integer(due, WHAT)?).unwrap_or(0),
                first_due_at: parsed(first, WHAT)?,
            });
        }
        Ok((claimants, is_crowded))
    }
}

/// For the scripts that take: in each shard whose turn it is, and how many turns, by turns.
pub(crate) fn turns_by_shard(turns: &[Claimant]) -> BTreeMap<Shard, Vec<Value>> {
    let mut counts: BTreeMap<(Shard, &str), usize> = BTreeMap::new();
    for turn in turns {
        *counts.entry((turn.shard, &turn.name)).or_default() += 1;
    }
    let choices = counts
        .into_iter()
        .map(|((shard, name), turns)| (shard, [argument(name), number(turns)]));
    by_shard(choices)
        .into_iter()
        .map(|(shard, choices)| (shard, choices.into_iter().flatten().collect()))
        .collect()
}

/// What was taken, each under the name of whose it is, in the order of the turns.
pub(crate) fn in_turns<T>(
    turns: &[Claimant],
    taken: impl IntoIterator<Item = (String, T)>,
) -> Vec<T> {
    let mut by_name: HashMap<String, VecDeque<T>> = HashMap::new();
    for (name, thing) in taken {
        by_name.entry(name).or_default().push_back(thing);
    }
    turns
        .iter()
        .filter_map(|turn| by_name.get_mut(&turn.name)?.pop_front())
        .collect()
}
