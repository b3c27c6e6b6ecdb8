//! Recording new jobs. Those of a shard that wait while a call is under way go together in the
//! next one, each with its own answer, so that the number of calls hardly grows with the number
//! of callers, and nobody waits for others to come.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use batchway_domain::identity::{Shard, UserName};
use batchway_domain::job::Job;
use batchway_domain::ports::{Admission, AdmitError, Admitted, StoreError};
use batchway_domain::security::KeyDigest;
use fred::types::Value;
use tokio::sync::oneshot;

use crate::connection::{argument, number};
use crate::core::Core;
use crate::envelope::{head, index_rest, open, status_letter};
use crate::events::packed_event;
use crate::keyspace::{Key, SHARDS};
use crate::packing::pack_record;
use crate::reply::{array, bytes, integer, text, unexpected};
use crate::script::Script;

/// The most jobs of one call, and the most bytes of params: Redis does nothing else meanwhile.
const BATCH: usize = 64;
const BATCH_BYTES: usize = 1 << 20;

/// The most that wait in one shard. Who comes later is sent away.
const WAITING: usize = 10_000;

/// The admissions of one process, by shard.
#[derive(Debug)]
pub(crate) struct Admissions {
    core: Arc<Core>,
    shards: Arc<Vec<Mutex<Queue>>>,
}

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<Item>,
    is_busy: bool,
}

/// An admission whose caller waits for the answer.
#[derive(Debug)]
struct Item {
    key: KeyDigest,
    user: UserName,
    operation: u128,
    job: Job,
    admission: Admission,
    event: Vec<u8>,
    reply: oneshot::Sender<Result<Admitted, AdmitError>>,
}

impl Admissions {
    pub(crate) fn new(core: Arc<Core>) -> Self {
        let shards = (0..SHARDS).map(|_| Mutex::default()).collect();
        Self {
            core,
            shards: Arc::new(shards),
        }
    }

    /// Records a job. Once it waits here it is recorded even if the caller goes away.
    pub(crate) async fn admit(
        &self,
        key: &KeyDigest,
        admission: Admission,
    ) -> Result<Admitted, AdmitError> {
        self.core.refresh_in_background();
        if let Some(reason) = self.core.outlook.full_memory() {
            return Err(StoreError::Full {
                reason,
                source: None,
            }
            .into());
        }
        let user = self.core.caller(key).await?;
        let begun = admission.job.admit(user.clone());
        let event = packed_event(&begun.events[0])?;
        let (reply, answer) = oneshot::channel();
        let shard = key.shard;
        self.enqueue(
            shard,
            Item {
                key: *key,
                user,
                operation: self.core.operations.next(),
                job: begun.job,
                admission,
                event,
                reply,
            },
        )?;
        answer.await.unwrap_or_else(|_| Err(interrupted().into()))
    }

    fn enqueue(&self, shard: Shard, item: Item) -> Result<(), StoreError> {
        let mut queue = lock(&self.shards, shard);
        if queue.waiting.len() >= WAITING {
            return Err(StoreError::Unavailable {
                reason: format!("{WAITING} admissions wait for Redis already"),
                source: None,
            });
        }
        self.core.outlook.backlog.expect_admission(shard);
        queue.waiting.push_back(item);
        if !queue.is_busy {
            queue.is_busy = true;
            tokio::spawn(send_all(
                Arc::clone(&self.core),
                Arc::clone(&self.shards),
                shard,
            ));
        }
        Ok(())
    }
}

fn lock(shards: &[Mutex<Queue>], shard: Shard) -> std::sync::MutexGuard<'_, Queue> {
    shards[usize::from(shard.number())]
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
}

fn interrupted() -> StoreError {
    StoreError::Unavailable {
        reason: "the gateway stopped before Redis answered".to_owned(),
        source: None,
    }
}

/// Sends what waits in a shard, call after call, until nothing waits.
async fn send_all(core: Arc<Core>, shards: Arc<Vec<Mutex<Queue>>>, shard: Shard) {
    loop {
        let batch = {
            let mut queue = lock(&shards, shard);
            let batch = next_batch(&mut queue.waiting);
            queue.is_busy = !batch.is_empty();
            batch
        };
        if batch.is_empty() {
            return;
        }
        send(&core, shard, batch).await;
    }
}

fn next_batch(waiting: &mut VecDeque<Item>) -> Vec<Item> {
    let mut bytes = 0;
    let fits = |item: &&Item| {
        bytes += item.admission.params.len();
        bytes <= BATCH_BYTES
    };
    let count = waiting.iter().take(BATCH).take_while(fits).count();
    waiting.drain(..count.max(1).min(waiting.len())).collect()
}

async fn send(core: &Core, shard: Shard, batch: Vec<Item>) {
    let answer = call(core, shard, &batch).await;
    core.outlook.backlog.forget_expected(shard, batch.len());
    match answer {
        Ok(answers) => {
            for (item, answer) in batch.into_iter().zip(answers) {
                let outcome = outcome(&item, answer);
                // A caller who went away does not want to know.
                let _ = item.reply.send(outcome);
            }
        }
        Err(error) => {
            let error = Arc::new(error);
            for item in batch {
                let _ = item.reply.send(Err(again(&error).into()));
            }
        }
    }
}

/// The same error for each of many.
fn again(error: &Arc<StoreError>) -> StoreError {
    let source = Some(Arc::clone(error).into());
    match error.as_ref() {
        StoreError::Unavailable { reason, .. } => StoreError::Unavailable {
            reason: reason.clone(),
            source,
        },
        StoreError::Full { reason, .. } => StoreError::Full {
            reason: reason.clone(),
            source,
        },
        StoreError::Unreadable { reason, .. } => StoreError::Unreadable {
            reason: reason.clone(),
            source,
        },
    }
}

/// One answer for each. The barrier is waited for also where nothing was written: what a replay
/// tells may have been written by somebody who still waits.
async fn call(core: &Core, shard: Shard, batch: &[Item]) -> Result<Vec<Value>, StoreError> {
    let place = core.keyspace.of_shard(shard);
    let mut keys = vec![
        place.api_keys(),
        place.jobs(),
        place.params(),
        place.counts(),
        place.idempotency(),
        place.idempotency_expiry(),
    ];
    let mut arguments = vec![core.time.argument(), core.is_mirrored()];
    let elsewhere = core.outlook.backlog.elsewhere(shard);
    for item in batch {
        keys.extend(keys_of(core, item));
        arguments.extend(arguments_of(item, elsewhere)?);
    }
    keys.extend(core.mirror_key(shard));
    let answer = core.link.run(Script::Admit, &keys, arguments).await?;
    let mut answers = array(answer, "admissions")?;
    if answers.len() != batch.len() + 1 {
        return Err(unexpected("admissions"));
    }
    let queued = integer(answers.remove(0), "a count of jobs")?;
    core.outlook.backlog.saw_queued(shard, queued);
    core.outlook.touch(shard);
    core.barrier(shard).await?;
    Ok(answers)
}

fn keys_of(core: &Core, item: &Item) -> [Key; 5] {
    let place = core.keyspace.of_shard(item.key.shard);
    [
        place.index(&item.user),
        place.events(&item.user),
        place.due(&item.job.due().lane),
        place.turns(&item.job.backend),
        place.ages(&item.job.backend),
    ]
}

fn arguments_of(item: &Item, queued_elsewhere: u64) -> Result<[Value; 14], StoreError> {
    let Item { job, admission, .. } = item;
    let status = char::from(status_letter(job.status()));
    let (key, fingerprint, kept_for) = match &admission.idempotency {
        Some(wanted) => (
            wanted.key.as_str(),
            &wanted.fingerprint[..],
            wanted.kept_for.as_millis(),
        ),
        None => ("", &[][..], 0),
    };
    let most_queued = admission.limits.queued.saturating_sub(queued_elsewhere);
    let most_active = admission.limits.active_of_user;
    Ok([
        argument(item.key.sha256),
        argument(item.user.as_str()),
        argument(job.id.as_str()),
        argument(head(job, item.operation)),
        argument(pack_record(&job.encode())),
        argument(admission.params.as_bytes()),
        argument(format!("{status}{}", index_rest(job))),
        number(job.due().at.as_millis()),
        argument(&item.event),
        argument(key),
        argument(fingerprint),
        number(kept_for),
        number(most_queued),
        most_active.map_or_else(|| argument(""), number),
    ])
}

/// What a script's answer means to its caller.
fn outcome(item: &Item, answer: Value) -> Result<Admitted, AdmitError> {
    const WHAT: &str = "an admission";
    let mut parts = array(answer, WHAT)?.into_iter();
    let mut part = || parts.next().ok_or_else(|| unexpected(WHAT));
    let limits = &item.admission.limits;
    match text(part()?, WHAT)?.as_str() {
        "N" => Ok(Admitted {
            job: item.job.clone(),
            replayed: false,
        }),
        known @ ("O" | "R") => {
            let job = open(&bytes(part()?, WHAT)?)?;
            if job.user != item.user {
                return Err(unexpected("another user's job").into());
            }
            let replayed = known == "R";
            Ok(Admitted { job, replayed })
        }
        "M" => Err(AdmitError::FingerprintMismatch {
            job: text(part()?, WHAT)?.parse().map_err(|_| unexpected(WHAT))?,
        }),
        "A" => Err(AdmitError::TooManyActive {
            limit: limits.active_of_user.unwrap_or(u64::MAX),
        }),
        "B" => Err(AdmitError::BacklogFull {
            limit: limits.queued,
        }),
        "U" => Err(AdmitError::Unauthorized),
        _ => Err(unexpected(WHAT).into()),
    }
}
