//! Tenants take turns at being sent.
//!
//! A batch goes round by round: the first job of each tenant, then the second of each, and so
//! on. Who comes first in a round is who has waited longest for a turn, over all batches, so
//! that small batches are as fair as large ones. Each step is one seek in an index by lane and
//! tenant: a batch costs as many as there are tenants who wait, and jobs that are taken, however
//! many jobs wait.

use std::collections::{BTreeMap, VecDeque};

use batchway_domain::Timestamp;
use batchway_domain::ports::DueRequest;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

/// The tenant after this one, with its first job by time.
pub(crate) const NEXT_TENANT_BY_TIME: &str = "
    SELECT tenant, at, job FROM due INDEXED BY turns_by_time
    WHERE takes_turns = 1 AND lane = ?1 AND tenant > ?2
    ORDER BY tenant, at, job LIMIT 1";

/// The tenant after this one, with its oldest job.
pub(crate) const NEXT_TENANT_BY_AGE: &str = "
    SELECT tenant, created_at, job FROM due INDEXED BY turns_by_age
    WHERE takes_turns = 1 AND lane = ?1 AND tenant > ?2
    ORDER BY tenant, created_at, job LIMIT 1";

/// The job of the same tenant after this one, by time.
pub(crate) const NEXT_JOB_BY_TIME: &str = "
    SELECT tenant, at, job FROM due INDEXED BY turns_by_time
    WHERE takes_turns = 1 AND lane = ?1 AND tenant = ?2 AND (at, job) > (?3, ?4)
    ORDER BY at, job LIMIT 1";

/// The job of the same tenant after this one, by age.
pub(crate) const NEXT_JOB_BY_AGE: &str = "
    SELECT tenant, created_at, job FROM due INDEXED BY turns_by_age
    WHERE takes_turns = 1 AND lane = ?1 AND tenant = ?2 AND (created_at, job) > (?3, ?4)
    ORDER BY created_at, job LIMIT 1";

pub(crate) const LAST_TURN: &str = "SELECT last_turn FROM tenants WHERE number = ?1";

pub(crate) const TAKE_TURN: &str = "UPDATE tenants SET last_turn = ?2 WHERE number = ?1";

pub(crate) const TURNS_TAKEN: &str = "SELECT turns FROM backlog WHERE only_row = 1";

pub(crate) const COUNT_TURNS: &str = "UPDATE backlog SET turns = ?1 WHERE only_row = 1";

/// The first waiting job of a tenant, or the next one.
#[derive(Clone, Copy)]
struct Head {
    tenant: i64,
    /// When it is due, or when it was created.
    time: i64,
    job: i64,
}

/// The numbers of the jobs whose turn it is.
pub(crate) fn next(
    connection: &Connection,
    request: &DueRequest,
    now: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    let mut walk = Walk::over(connection, request, now)?;
    let mut waiting = walk.heads()?;
    let mut taken = Vec::new();
    while taken.len() < request.limit
        && let Some(head) = waiting.pop_front()
    {
        taken.push(head);
        waiting.extend(walk.after(head)?);
    }
    if request.created_before.is_none() {
        record_turns(connection, &taken)?;
    }
    Ok(taken.iter().map(|head| head.job).collect())
}

/// The statements of one walk through a lane, and where it ends.
struct Walk<'a> {
    lane: String,
    /// Jobs at this time or later are not taken.
    end: i64,
    next_tenant: CachedStatement<'a>,
    next_job: CachedStatement<'a>,
    last_turn: CachedStatement<'a>,
}

impl<'a> Walk<'a> {
    fn over(
        connection: &'a Connection,
        request: &DueRequest,
        now: Timestamp,
    ) -> rusqlite::Result<Self> {
        let (next_tenant, next_job, end) = match request.created_before {
            Some(time) => (NEXT_TENANT_BY_AGE, NEXT_JOB_BY_AGE, time.as_millis()),
            None => (NEXT_TENANT_BY_TIME, NEXT_JOB_BY_TIME, now.as_millis() + 1),
        };
        Ok(Self {
            lane: request.lane.to_string(),
            end,
            next_tenant: connection.prepare_cached(next_tenant)?,
            next_job: connection.prepare_cached(next_job)?,
            last_turn: connection.prepare_cached(LAST_TURN)?,
        })
    }

    /// The first job of each tenant that has one to be taken; who had no turn for longest first.
    fn heads(&mut self) -> rusqlite::Result<VecDeque<Head>> {
        let mut heads = Vec::new();
        let mut tenant = i64::MIN;
        while let Some(head) = self
            .next_tenant
            .query_one(params![self.lane, tenant], read_head)
            .optional()?
        {
            tenant = head.tenant;
            if head.time < self.end {
                let turn: i64 = self.last_turn.query_one([tenant], |row| row.get(0))?;
                heads.push((turn, head));
            }
        }
        heads.sort_by_key(|(turn, head)| (*turn, head.time, head.job));
        Ok(heads.into_iter().map(|(_, head)| head).collect())
    }

    /// The job of the same tenant that comes after this one.
    fn after(&mut self, head: Head) -> rusqlite::Result<Option<Head>> {
        let next = self
            .next_job
            .query_one(
                params![self.lane, head.tenant, head.time, head.job],
                read_head,
            )
            .optional()?;
        Ok(next.filter(|next| next.time < self.end))
    }
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        tenant: row.get(0)?,
        time: row.get(1)?,
        job: row.get(2)?,
    })
}

fn record_turns(connection: &Connection, taken: &[Head]) -> rusqlite::Result<()> {
    if taken.is_empty() {
        return Ok(());
    }
    let mut turn: i64 = connection
        .prepare_cached(TURNS_TAKEN)?
        .query_one((), |row| row.get(0))?;
    let mut last_turns = BTreeMap::new();
    for head in taken {
        turn += 1;
        last_turns.insert(head.tenant, turn);
    }
    let mut take_turn = connection.prepare_cached(TAKE_TURN)?;
    for (tenant, turn) in last_turns {
        take_turn.execute([tenant, turn])?;
    }
    connection.prepare_cached(COUNT_TURNS)?.execute([turn])?;
    Ok(())
}
