//! Receivers of webhooks take turns.
//!
//! A batch goes round by round: the longest due of each receiver, then the next of each, and so
//! on. It begins with the receiver after the one that was served last, so that small batches come
//! round to everyone too: between two turns of one, each of the others that wait has had its own.
//! Who was served last is remembered in memory; a gateway that is started anew begins with the
//! first receiver. Each step is a seek or two in an index by receiver: a batch costs as many as
//! there are receivers who wait, and deliveries that are taken, however many deliveries wait.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use batchway_domain::Timestamp;
use batchway_domain::ports::DeliveryRequest;
use rusqlite::{CachedStatement, Connection, OptionalExtension, Row, params};

use crate::tenants;

/// The next receiver of the same user, with its longest due delivery. Not `(tenant, origin) >`,
/// which SQLite looks up as `>=`, and then passes every delivery of this one.
pub(crate) const NEXT_ORIGIN: &str = "
    SELECT tenant, origin, due_at, delivery FROM outbox INDEXED BY outbox_by_receiver
    WHERE tenant = ?1 AND origin > ?2 ORDER BY origin, due_at, delivery LIMIT 1";

/// The first receiver of the next user, with its longest due delivery.
pub(crate) const NEXT_USER: &str = "
    SELECT tenant, origin, due_at, delivery FROM outbox INDEXED BY outbox_by_receiver
    WHERE tenant > ?1 ORDER BY tenant, origin, due_at, delivery LIMIT 1";

/// The delivery to the same receiver after this one.
pub(crate) const NEXT_DELIVERY: &str = "
    SELECT due_at, delivery FROM outbox INDEXED BY outbox_by_receiver
    WHERE tenant = ?1 AND origin = ?2 AND (due_at, delivery) > (?3, ?4)
    ORDER BY due_at, delivery LIMIT 1";

/// A user's number and an origin.
type Place = (i64, String);

/// Who was served last.
#[derive(Clone, Debug, Default)]
pub(crate) struct LastServed(Arc<Mutex<Option<Place>>>);

impl LastServed {
    fn get(&self) -> Place {
        let last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        last.clone().unwrap_or((i64::MIN, String::new()))
    }

    fn set(&self, place: Place) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Some(place);
    }
}

/// The first waiting delivery of a receiver, or the next one.
struct Head {
    place: Place,
    due_at: i64,
    delivery: i64,
    /// How many of the receiver are in the batch already.
    taken: usize,
}

/// The numbers of the deliveries whose turn it is.
pub(crate) fn next(
    connection: &Connection,
    request: &DeliveryRequest,
    last_served: &LastServed,
    now: Timestamp,
) -> rusqlite::Result<Vec<i64>> {
    let mut walk = Walk::over(connection, request, now)?;
    let mut waiting = walk.heads(&last_served.get())?;
    let mut batch = Vec::new();
    while batch.len() < request.limit
        && let Some(head) = waiting.pop_front()
    {
        batch.push(head.delivery);
        last_served.set(head.place.clone());
        waiting.extend(walk.after(head)?);
    }
    Ok(batch)
}

/// The statements of one walk through the outbox, and where it ends.
struct Walk<'a> {
    request: &'a DeliveryRequest,
    except: Vec<Place>,
    now: i64,
    next_origin: CachedStatement<'a>,
    next_user: CachedStatement<'a>,
    next_delivery: CachedStatement<'a>,
}

impl<'a> Walk<'a> {
    fn over(
        connection: &'a Connection,
        request: &'a DeliveryRequest,
        now: Timestamp,
    ) -> rusqlite::Result<Self> {
        let mut number_of = connection.prepare_cached(tenants::NUMBER_OF)?;
        let mut except = Vec::new();
        for receiver in &request.except {
            let tenant = number_of
                .query_one([receiver.user.as_str()], |row| row.get(0))
                .optional()?;
            except.extend(tenant.map(|tenant| (tenant, receiver.origin.clone())));
        }
        Ok(Self {
            request,
            except,
            now: now.as_millis(),
            next_origin: connection.prepare_cached(NEXT_ORIGIN)?,
            next_user: connection.prepare_cached(NEXT_USER)?,
            next_delivery: connection.prepare_cached(NEXT_DELIVERY)?,
        })
    }

    /// The longest due delivery of each receiver that has one, as many as find room in the batch:
    /// from the receiver after this one on, and then from the first.
    fn heads(&mut self, served: &Place) -> rusqlite::Result<VecDeque<Head>> {
        let mut heads = VecDeque::new();
        if self.request.per_receiver == 0 {
            return Ok(heads);
        }
        let mut place = served.clone();
        let mut is_second_lap = false;
        while heads.len() < self.request.limit {
            match self.receiver_after(&place)? {
                Some(head) if is_second_lap && head.place > *served => break,
                Some(head) => {
                    place.clone_from(&head.place);
                    let is_meant = head.due_at <= self.now && !self.except.contains(&place);
                    heads.extend(is_meant.then_some(head));
                }
                None if is_second_lap => break,
                None => {
                    is_second_lap = true;
                    place = (i64::MIN, String::new());
                }
            }
        }
        Ok(heads)
    }

    fn receiver_after(&mut self, (tenant, origin): &Place) -> rusqlite::Result<Option<Head>> {
        let of_same_user = self
            .next_origin
            .query_one(params![tenant, origin], read_head)
            .optional()?;
        match of_same_user {
            None => self.next_user.query_one([tenant], read_head).optional(),
            found => Ok(found),
        }
    }

    /// The delivery to the same receiver that comes after this one, if it may have another.
    fn after(&mut self, head: Head) -> rusqlite::Result<Option<Head>> {
        let taken = head.taken + 1;
        if taken >= self.request.per_receiver {
            return Ok(None);
        }
        let next = self
            .next_delivery
            .query_one(
                params![head.place.0, head.place.1, head.due_at, head.delivery],
                |row| Ok((row.get(0)?, row.get(1)?)),
            )
            .optional()?;
        let next = next.filter(|(due_at, _)| *due_at <= self.now);
        Ok(next.map(|(due_at, delivery)| Head {
            place: head.place,
            due_at,
            delivery,
            taken,
        }))
    }
}

fn read_head(row: &Row<'_>) -> rusqlite::Result<Head> {
    Ok(Head {
        place: (row.get(0)?, row.get(1)?),
        due_at: row.get(2)?,
        delivery: row.get(3)?,
        taken: 0,
    })
}
