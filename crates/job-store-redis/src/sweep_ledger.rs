//! How far sweeps came, and jobs at a backend of which there is no record.

use batchway_domain::Timestamp;
use batchway_domain::identity::BackendName;
use batchway_domain::job::BackendId;
use batchway_domain::ports::{MAX_ORPHANS, Orphan, Queue, StoreError};

use crate::connection::{argument, number};
use crate::core::Core;
use crate::keyspace::Key;
use crate::reply::{array, bytes, integer, optional_bytes, pairs, unexpected};
use crate::script::Script;

impl Core {
    pub(crate) async fn swept_until(&self, queue: &Queue) -> Result<Option<Timestamp>, StoreError> {
        let arguments = vec![argument(&queue.0)];
        let kept = self.link.read("HGET", &self.sweeps(), arguments).await?;
        if kept.is_null() {
            return Ok(None);
        }
        let millis = integer(kept, "the time of a sweep")?;
        Ok(Some(Timestamp::from_millis(millis)))
    }

    pub(crate) async fn record_sweep(
        &self,
        queue: &Queue,
        began_at: Timestamp,
    ) -> Result<(), StoreError> {
        let arguments = vec![argument(&queue.0), number(began_at.as_millis())];
        let keys = [self.sweeps()];
        self.link.run(Script::RecordSweep, &keys, arguments).await?;
        self.barrier_of_store().await
    }

    pub(crate) async fn note_orphan(&self, orphan: &Orphan) -> Result<Orphan, StoreError> {
        let arguments = vec![
            argument(field(&orphan.backend, &orphan.id)),
            argument(value(orphan)),
            number(MAX_ORPHANS),
        ];
        let keys = [self.orphan_hash()];
        let kept = self.link.run(Script::NoteOrphan, &keys, arguments).await?;
        let kept = optional_bytes(kept, WHAT)?.ok_or_else(too_many)?;
        self.barrier_of_store().await?;
        read(&field(&orphan.backend, &orphan.id), &kept)
    }

    pub(crate) async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        let kept = self
            .link
            .read("HGETALL", &self.orphan_hash(), Vec::new())
            .await?;
        let mut orphans = pairs(array(kept, WHAT)?)
            .map(|(field, value)| read(&bytes(field, WHAT)?, &bytes(value, WHAT)?))
            .collect::<Result<Vec<Orphan>, _>>()?;
        orphans.sort_by(|one, other| {
            let times = one.noted_at.cmp(&other.noted_at);
            times.then_with(|| (&one.id, &one.backend).cmp(&(&other.id, &other.backend)))
        });
        Ok(orphans)
    }

    pub(crate) async fn forget_orphan(
        &self,
        backend: &BackendName,
        id: &BackendId,
    ) -> Result<(), StoreError> {
        let arguments = vec![argument(field(backend, id))];
        self.link
            .write("HDEL", &self.orphan_hash(), arguments)
            .await?;
        self.barrier_of_store().await
    }

    /// Hash of queues: up to when each is swept, in milliseconds.
    fn sweeps(&self) -> Key {
        self.keyspace.of_store("sweeps")
    }

    /// Hash of orphans: backend and id to the rest.
    fn orphan_hash(&self) -> Key {
        self.keyspace.of_store("orphans")
    }
}

const WHAT: &str = "a job without a record";

/// Digits of a time.
const DIGITS: usize = 15;

/// Backend and id; a backend's name has no zero byte in it.
fn field(backend: &BackendName, id: &BackendId) -> Vec<u8> {
    format!("{backend}\0{id}").into_bytes()
}

/// When it was noted and when it was taken (15 digits each), its name, its queue.
fn value(orphan: &Orphan) -> Vec<u8> {
    let Orphan {
        name,
        queue,
        created_at,
        noted_at,
        ..
    } = orphan;
    let (noted_at, created_at) = (noted_at.as_millis(), created_at.as_millis());
    format!(
        "{noted_at:0DIGITS$}{created_at:0DIGITS$}{name}\0{}",
        queue.0
    )
    .into_bytes()
}

fn read(field: &[u8], value: &[u8]) -> Result<Orphan, StoreError> {
    try_read(field, value).ok_or_else(|| unexpected(WHAT))
}

fn try_read(field: &[u8], value: &[u8]) -> Option<Orphan> {
    let (backend, id) = std::str::from_utf8(field).ok()?.split_once('\0')?;
    let value = std::str::from_utf8(value).ok()?;
    let (noted_at, rest) = value.split_at_checked(DIGITS)?;
    let (created_at, rest) = rest.split_at_checked(DIGITS)?;
    let (name, queue) = rest.split_once('\0')?;
    Some(Orphan {
        backend: backend.parse().ok()?,
        id: BackendId(id.to_owned()),
        name: name.parse().ok()?,
        queue: Queue(queue.to_owned()),
        created_at: Timestamp::from_millis(created_at.parse().ok()?),
        noted_at: Timestamp::from_millis(noted_at.parse().ok()?),
    })
}

fn too_many() -> StoreError {
    StoreError::Full {
        reason: format!(
            "{MAX_ORPHANS} jobs without a record are kept in mind already, as if this store had lost \
             its jobs; look at them by `batchway sweep`"
        ),
        source: None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_orphan_reads_back() {
        for id in ["8b2f", "", "with \0 in it"] {
            let orphan = Orphan {
                backend: "aws-batch".parse().unwrap(),
                id: BackendId(id.to_owned()),
                name: "bw-12be5d26-job_06h0fqndvm49x3cerrt1m4f94vye-1"
                    .parse()
                    .unwrap(),
                queue: Queue("arn:aws:batch:eu-central-1:1:job-queue/a\0b é".to_owned()),
                created_at: Timestamp::EPOCH,
                noted_at: Timestamp::MAX,
            };
            let field = field(&orphan.backend, &orphan.id);
            assert_eq!(read(&field, &value(&orphan)).unwrap(), orphan);
        }
    }

    #[test]
    fn what_is_not_an_orphan_is_not_read() {
        for (field, value) in [("", ""), ("aws-batch\0id", "0"), ("no separator", "1")] {
            assert!(read(field.as_bytes(), value.as_bytes()).is_err());
        }
    }
}
