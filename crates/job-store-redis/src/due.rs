//! Taking what is due, and moving when it is.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::{JobId, Shard};
use batchway_domain::job::{Job, Lane};
use batchway_domain::ports::{DueRequest, StoreError};
use bytes::Bytes;
use fred::types::Value;
use futures_util::future::try_join_all;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::due_set::DueSet;
use crate::envelope::open;
use crate::outlook::{Prospect, Prospects, answers, by_shard};
use crate::reply::{array, bytes, integer, optional_bytes, pairs, text, unexpected};
use crate::script::Script;
use crate::turns::{WantedTurns, in_turns, turns_by_shard};

/// How often a batch that others took from is filled up again.
pub(crate) const ROUNDS: usize = 3;

/// A job that is to be taken, and by what it is put in order.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Candidate {
    /// When it is due; by age, nothing.
    at: i64,
    /// Its id; by age in a dispatch lane, its tenant behind it.
    entry: String,
    shard: Shard,
}

/// What a taking script answers of one shard: ids, their tenants behind them where tenants take
/// turns, and values.
pub(crate) type Taken = Vec<(String, Bytes)>;

/// What is to be taken in the order in which it is due.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WantedByTime<'a> {
    pub(crate) set: &'a DueSet,
    pub(crate) limit: usize,
    pub(crate) lease: Duration,
}

impl Core {
    pub(crate) async fn take_due(&self, request: &DueRequest) -> Result<Vec<Job>, StoreError> {
        let set = DueSet::Jobs(request.lane.clone());
        let mut taken = Vec::new();
        for _ in 0..ROUNDS {
            let by_time = WantedByTime {
                set: &set,
                limit: request.limit - taken.len(),
                lease: request.lease,
            };
            let wanted = DueRequest {
                limit: request.limit - taken.len(),
                ..request.clone()
            };
            let prospects = self.prospects(&set).await?;
            let (batch, is_short) = match (&request.lane, request.created_before) {
                (_, Some(time)) => self.take_by_age(&wanted, time, &prospects).await?,
                (Lane::Dispatch(_), None) => self.take_by_turns(&wanted, &prospects).await?,
                _ => self.take_by_time(by_time, &prospects).await?,
            };
            taken.extend(batch);
            if !is_short || taken.len() >= request.limit {
                break;
            }
        }
        Ok(taken.iter().filter_map(read).collect())
    }

    /// The longest due first, over all shards. Says whether others were faster.
    pub(crate) async fn take_by_time(
        &self,
        wanted: WantedByTime<'_>,
        prospects: &Prospects,
    ) -> Result<(Taken, bool), StoreError> {
        let now = prospects.now.as_millis();
        let mut due: Vec<&Prospect> = prospects
            .shards
            .iter()
            .filter(|prospect| prospect.due_at <= now - millis(prospect))
            .collect();
        due.truncate(wanted.limit);
        let share = share(wanted.limit, due.len());
        let found = try_join_all(due.iter().map(|prospect| async move {
            let key = wanted.set.due(self.keyspace.of_shard(prospect.shard));
            let arguments = vec![number(0), number(share - 1), argument("WITHSCORES")];
            let found = self.link.read("ZRANGE", &key, arguments).await?;
            pairs(array(found, "due jobs")?)
                .map(|(entry, at)| candidate(prospect.shard, entry, at))
                .filter(|found| {
                    let is_due = |found: &Candidate| found.at <= now - millis(prospect);
                    found.as_ref().map_or(true, is_due)
                })
                .collect::<Result<Vec<_>, _>>()
        }))
        .await?;
        let mut candidates: Vec<Candidate> = found.into_iter().flatten().collect();
        candidates.sort();
        candidates.truncate(wanted.limit);
        self.take_candidates(wanted.set, wanted.lease, "due", candidates)
            .await
    }

    /// The first job of each tenant, then the second of each. Says whether others were faster.
    async fn take_by_turns(
        &self,
        request: &DueRequest,
        prospects: &Prospects,
    ) -> Result<(Taken, bool), StoreError> {
        let lane = DueSet::Jobs(request.lane.clone());
        let wanted = WantedTurns {
            limit: request.limit,
            of_each: request.limit,
            except: BTreeSet::new(),
        };
        let turns = self.next_turns(&lane, prospects, &wanted).await?.turns;
        let takes = turns_by_shard(&turns)
            .into_iter()
            .map(|(shard, choice)| self.take(&lane, request.lease, shard, "turns", choice));
        let taken: Taken = answers(takes).await?.concat();
        let is_short = taken.len() < turns.len();
        // The name of its tenant stands behind each id.
        let tenant = |entry: &str| entry[JobId::LENGTH..].to_owned();
        let taken = taken.into_iter().map(|job| (tenant(&job.0), job));
        Ok((in_turns(&turns, taken), is_short))
    }

    /// The oldest first, whether due or not.
    async fn take_by_age(
        &self,
        request: &DueRequest,
        created_before: Timestamp,
        prospects: &Prospects,
    ) -> Result<(Taken, bool), StoreError> {
        let bound = JobId::lower_bound_of(created_before);
        let found = try_join_all(
            prospects
                .shards
                .iter()
                .filter(|prospect| prospect.oldest.as_ref().is_none_or(|id| *id < bound))
                .map(|prospect| self.oldest(request, prospect.shard, &bound)),
        )
        .await?;
        let mut candidates: Vec<Candidate> = found.into_iter().flatten().collect();
        candidates.sort();
        candidates.truncate(request.limit);
        let lane = DueSet::Jobs(request.lane.clone());
        let (taken, _) = self
            .take_candidates(&lane, request.lease, "age", candidates)
            .await?;
        Ok((taken, false))
    }

    /// Only dispatch lanes are kept in the order of age, as nobody asks in others: there it
    /// costs a walk through the lane.
    async fn oldest(
        &self,
        request: &DueRequest,
        shard: Shard,
        bound: &str,
    ) -> Result<Vec<Candidate>, StoreError> {
        let place = self.keyspace.of_shard(shard);
        let (key, arguments) = match &request.lane {
            Lane::Dispatch(backend) => {
                let below = argument(format!("({bound}"));
                let limit = [argument("LIMIT"), number(0), number(request.limit)];
                let range = [argument("-"), below, argument("BYLEX")];
                (
                    place.ages(backend),
                    range.into_iter().chain(limit).collect(),
                )
            }
            lane => (place.due(lane), vec![number(0), number(-1)]),
        };
        let found = array(
            self.link.read("ZRANGE", &key, arguments).await?,
            "waiting jobs",
        )?;
        let mut candidates = found
            .into_iter()
            .map(|entry| candidate(shard, entry, Value::Integer(0)))
            .collect::<Result<Vec<_>, _>>()?;
        candidates.retain(|candidate| *candidate.entry < *bound);
        candidates.sort();
        candidates.truncate(request.limit);
        Ok(candidates)
    }

    async fn take_candidates(
        &self,
        set: &DueSet,
        lease: Duration,
        chosen: &'static str,
        candidates: Vec<Candidate>,
    ) -> Result<(Taken, bool), StoreError> {
        let has_tenants = chosen == "age";
        let groups = by_shard(candidates.iter().map(|candidate| {
            let (id, tenant) = candidate.entry.split_at(JobId::LENGTH);
            let mut arguments = vec![argument(id)];
            arguments.extend(has_tenants.then(|| argument(tenant)));
            (candidate.shard, arguments)
        }));
        let takes = groups.into_iter().map(|(shard, entries)| {
            self.take(set, lease, shard, chosen, entries.into_iter().flatten())
        });
        let mut values: HashMap<String, Bytes> =
            try_join_all(takes).await?.into_iter().flatten().collect();
        let taken: Taken = candidates
            .iter()
            .filter_map(|candidate| values.remove_entry(&candidate.entry))
            .collect();
        let is_short = taken.len() < candidates.len();
        Ok((taken, is_short))
    }

    /// Takes in one shard what was chosen. How late its jobs must be was looked at in choosing.
    async fn take(
        &self,
        set: &DueSet,
        lease: Duration,
        shard: Shard,
        chosen: &'static str,
        choice: impl IntoIterator<Item = Value>,
    ) -> Result<Taken, StoreError> {
        const WHAT: &str = "a taken job";
        let place = self.keyspace.of_shard(shard);
        let taken = place.taken(self.outlook.replica(), set);
        let mut keys = vec![place.jobs(), taken];
        keys.extend(set.keys(place));
        let mut arguments = vec![
            self.time.argument(),
            number(lease.as_millis()),
            argument(self.operations.next().to_be_bytes()),
            argument(chosen),
        ];
        arguments.extend(choice);
        let answer = self.link.run(Script::Take, &keys, arguments).await?;
        self.outlook.saw_take(shard);
        pairs(array(answer, "taken jobs")?)
            .map(|(entry, value)| Ok((checked(text(entry, WHAT)?)?, bytes(value, WHAT)?)))
            .collect()
    }

    pub(crate) async fn reschedule(&self, times: &[(JobId, Timestamp)]) -> Result<(), StoreError> {
        let by_shard = by_shard(times.iter().map(|(id, at)| (id.shard(), (id, *at))));
        let moves = by_shard
            .iter()
            .map(|(shard, times)| self.reschedule_in(*shard, times));
        try_join_all(moves).await.map(drop)
    }

    /// A job may leave its lane between being looked up and being moved: its new time is then
    /// for the new lane, so that it is looked up once more.
    async fn reschedule_in(
        &self,
        shard: Shard,
        times: &[(&JobId, Timestamp)],
    ) -> Result<(), StoreError> {
        let mut times = times.to_vec();
        for _ in 0..ROUNDS {
            let lanes = self.lanes_of(shard, &times).await?;
            let mut elsewhere = Vec::new();
            for (lane, moves) in lanes {
                let keys = DueSet::Jobs(lane).keys(self.keyspace.of_shard(shard));
                let answer = self.link.run(Script::Reschedule, &keys, moves).await?;
                for id in array(answer, "moved jobs")? {
                    elsewhere.push(text(id, "a job's id")?);
                }
            }
            times.retain(|(id, _)| elsewhere.iter().any(|moved| moved == id.as_str()));
            if times.is_empty() {
                break;
            }
        }
        self.outlook.touch(shard);
        self.barrier(shard).await
    }

    /// The arguments to move each job in its lane. One that isn't there or can't be read has none.
    async fn lanes_of(
        &self,
        shard: Shard,
        times: &[(&JobId, Timestamp)],
    ) -> Result<Vec<(Lane, Vec<Value>)>, StoreError> {
        let ids = times.iter().map(|(id, _)| argument(id.as_str())).collect();
        let jobs = self.keyspace.of_shard(shard).jobs();
        let values = array(self.link.read("HMGET", &jobs, ids).await?, "jobs")?;
        let mut lanes: Vec<(Lane, Vec<Value>)> = Vec::new();
        for ((id, at), value) in times.iter().zip(values) {
            let Some(value) = optional_bytes(value, "a job")? else {
                continue;
            };
            let Some(job) = read(&(id.to_string(), value)) else {
                continue;
            };
            let lane = job.due().lane;
            let arguments = [
                argument(job.user.as_str()),
                argument(id.as_str()),
                number(at.as_millis()),
            ];
            match lanes.iter_mut().find(|(known, _)| *known == lane) {
                Some((_, moves)) => moves.extend(arguments),
                None => lanes.push((lane, arguments.into())),
            }
        }
        Ok(lanes)
    }
}

/// How many to look for in each of so many shards, so that a batch is found if it is there: all
/// of it in few shards, somewhat more than an even share in many.
fn share(limit: usize, shards: usize) -> usize {
    match shards {
        0 | 1 => limit,
        _ => limit.min(4 * limit / shards + 8),
    }
    .max(1)
}

fn millis(prospect: &Prospect) -> i64 {
    i64::try_from(prospect.late.as_millis()).unwrap_or(i64::MAX)
}

fn candidate(shard: Shard, entry: Value, at: Value) -> Result<Candidate, StoreError> {
    Ok(Candidate {
        at: integer(at, "a due time")?,
        entry: checked(text(entry, "a due job")?)?,
        shard,
    })
}

/// What begins with a whole id.
fn checked(entry: String) -> Result<String, StoreError> {
    if entry.is_char_boundary(JobId::LENGTH) {
        Ok(entry)
    } else {
        Err(unexpected("a job's id"))
    }
}

/// The job. One that can't be read must not keep a loop from all the others: it is reported, and
/// left alone until its lease is over.
pub(crate) fn read((id, value): &(String, Bytes)) -> Option<Job> {
    open(value)
        .inspect_err(|error| {
            let id = &id[..JobId::LENGTH];
            tracing::error!(job = id, %error, "a job is passed over");
        })
        .ok()
}
