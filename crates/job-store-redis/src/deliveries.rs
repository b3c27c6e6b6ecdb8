//! Deliveries of events: they come with a commit (`jobs`), are taken when they are due, and are
//! changed by what came of them.

use std::collections::BTreeSet;

use batchway_domain::identity::{JobId, Shard};
use batchway_domain::job::Job;
use batchway_domain::ports::{CommitError, DeliveryRequest, Receiver, StoreError};
use batchway_domain::webhooks::{Delivery, DeliveryId};
use bytes::Bytes;
use fred::types::Value;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::due::ROUNDS;
use crate::due_set::DueSet;
use crate::keyspace::{Key, ShardKeys};
use crate::outlook::answers;
use crate::packing::{pack_event, unpack};
use crate::reply::{array, bytes, optional_bytes, pairs, text, unexpected};
use crate::script::Script;
use crate::turns::{WantedTurns, in_turns, turns_by_shard};

/// Bytes of the version that stands before the record, for the scripts to compare.
const VERSION: usize = 8;

/// What scripts need to write deliveries of a job, or to forget them: the keys.
pub(crate) fn outbox_keys(place: ShardKeys<'_>) -> [Key; 4] {
    [
        place.deliveries(),
        place.deliveries_of(),
        place.deliveries_due(),
        place.deliveries_turns(),
    ]
}

/// And by which name the receiver of a job takes turns; nothing where nobody is told of it.
pub(crate) fn receiver_of(job: &Job) -> Option<Value> {
    let target = job.webhook.as_ref()?;
    Some(argument(name_of(&Receiver::new(&job.user, target))))
}

/// What a commit says of a new delivery: its event's number, what is kept, when it is due.
pub(crate) fn new_delivery(delivery: &Delivery) -> [Value; 3] {
    [
        number(delivery.id.event()),
        argument(value_of(delivery)),
        due_of(delivery),
    ]
}

/// There is no space in the name of a user.
fn name_of(receiver: &Receiver) -> String {
    format!("{} {}", receiver.user, receiver.origin)
}

fn value_of(delivery: &Delivery) -> Vec<u8> {
    let mut value = delivery.version.to_be_bytes().to_vec();
    value.extend(pack_event(&delivery.encode()));
    value
}

/// When it is due; nothing where it is not.
fn due_of(delivery: &Delivery) -> Value {
    delivery
        .due_at()
        .map_or_else(|| argument(""), |at| number(at.as_millis()))
}

fn open(value: &Bytes) -> Result<Delivery, StoreError> {
    let record = value.get(VERSION..).ok_or_else(|| unexpected(WHAT))?;
    let json = unpack(record)?;
    Delivery::decode(&json).map_err(|error| StoreError::Unreadable {
        reason: format!("a delivery: {error}"),
        source: Some(Box::new(error)),
    })
}

const WHAT: &str = "a delivery";

/// What one look brought.
struct Batch {
    deliveries: Vec<Delivery>,
    /// Who has had turns now.
    served: BTreeSet<String>,
    /// Whether a further look may bring more: others were faster, or there is a crowd.
    may_have_more: bool,
}

impl Core {
    pub(crate) async fn take_deliveries(
        &self,
        request: &DeliveryRequest,
    ) -> Result<Vec<Delivery>, StoreError> {
        let mut wanted = WantedTurns {
            limit: request.limit,
            of_each: request.per_receiver,
            except: request.except.iter().map(name_of).collect(),
        };
        let mut deliveries = Vec::new();
        for _ in 0..ROUNDS {
            let batch = self.take_batch(request, &wanted).await?;
            wanted.limit -= batch.deliveries.len();
            wanted.except.extend(batch.served);
            deliveries.extend(batch.deliveries);
            if !batch.may_have_more || wanted.limit == 0 {
                break;
            }
        }
        Ok(deliveries)
    }

    async fn take_batch(
        &self,
        request: &DeliveryRequest,
        wanted: &WantedTurns,
    ) -> Result<Batch, StoreError> {
        let set = DueSet::Deliveries;
        let prospects = self.prospects(&set).await?;
        let next = self.next_turns(&set, &prospects, wanted).await?;
        let takes = turns_by_shard(&next.turns)
            .into_iter()
            .map(|(shard, choice)| self.take_deliveries_in(shard, request, choice));
        let taken: Vec<(String, Bytes)> = answers(takes).await?.concat();
        let may_have_more = next.is_crowded || taken.len() < next.turns.len();
        let taken = taken.iter().filter_map(read);
        let deliveries = in_turns(
            &next.turns,
            taken.map(|delivery| (name_of(&Receiver::of(&delivery)), delivery)),
        );
        Ok(Batch {
            deliveries,
            served: next.turns.into_iter().map(|turn| turn.name).collect(),
            may_have_more,
        })
    }

    async fn take_deliveries_in(
        &self,
        shard: Shard,
        request: &DeliveryRequest,
        choice: Vec<Value>,
    ) -> Result<Vec<(String, Bytes)>, StoreError> {
        let (place, set) = (self.keyspace.of_shard(shard), DueSet::Deliveries);
        let mut keys = vec![
            place.deliveries(),
            place.taken(self.outlook.replica(), &set),
        ];
        keys.extend(set.keys(place));
        let mut arguments = vec![
            self.time.argument(),
            number(request.lease.as_millis()),
            argument(self.operations.next().to_be_bytes()),
        ];
        arguments.extend(choice);
        let answer = self.link.run(Script::TakeDeliveries, &keys, arguments);
        let answer = answer.await?;
        self.outlook.saw_take(shard);
        pairs(array(answer, "taken deliveries")?)
            .map(|(id, value)| Ok((text(id, WHAT)?, bytes(value, WHAT)?)))
            .collect()
    }

    pub(crate) async fn record_delivery(
        &self,
        delivery: &Delivery,
        expected_version: u64,
    ) -> Result<(), CommitError> {
        let shard = delivery.id.job().shard();
        let place = self.keyspace.of_shard(shard);
        let mut keys = vec![place.deliveries()];
        keys.extend(DueSet::Deliveries.keys(place));
        let arguments = vec![
            argument(delivery.id.to_string()),
            argument(name_of(&Receiver::of(delivery))),
            argument(expected_version.to_be_bytes()),
            argument(value_of(delivery)),
            due_of(delivery),
        ];
        let answer = self.link.run(Script::RecordDelivery, &keys, arguments);
        match text(answer.await?, "a change of a delivery")?.as_str() {
            "K" => {}
            "C" => return Err(CommitError::Conflict),
            "N" => return Err(CommitError::NotFound),
            _ => return Err(unexpected("a change of a delivery").into()),
        }
        self.outlook.touch(shard);
        Ok(self.barrier(shard).await?)
    }

    pub(crate) async fn delivery(&self, id: &DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let deliveries = self.keyspace.of_shard(id.job().shard()).deliveries();
        let value = self
            .link
            .read("HGET", &deliveries, vec![argument(id.to_string())])
            .await?;
        optional_bytes(value, WHAT)?.as_ref().map(open).transpose()
    }

    pub(crate) async fn deliveries_of_job(
        &self,
        job: &JobId,
        limit: usize,
    ) -> Result<Vec<Delivery>, StoreError> {
        let place = self.keyspace.of_shard(job.shard());
        let keys = [place.deliveries(), place.deliveries_of()];
        let arguments = vec![argument(job.as_str()), number(limit)];
        let answer = self.link.run(Script::Deliveries, &keys, arguments).await?;
        array(answer, "deliveries of a job")?
            .into_iter()
            .map(|value| open(&bytes(value, WHAT)?))
            .collect()
    }
}

/// The delivery. One that can't be read must not keep all the others from being sent: it is
/// reported, and left alone until its lease is over.
fn read((id, value): &(String, Bytes)) -> Option<Delivery> {
    open(value)
        .inspect_err(|error| tracing::error!(delivery = id, %error, "a delivery is passed over"))
        .ok()
}
