//! What one process knows of all shards without asking: how many jobs wait, when the first of
//! each lane is due, which replicas live. Looked up once a second in one go, one cheap read a
//! shard, whatever the number of lanes and loops; a shard that this process has changed is looked
//! at again by the next who takes.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::Shard;
use batchway_domain::ports::StoreError;
use futures_util::future::join_all;
use tokio::time::Instant;

use crate::backlog::Backlog;
use crate::core::Core;
use crate::due_set::DueSet;
use crate::keyspace::{SHARDS, shards};
use crate::replicas::Replicas;
use crate::reply::{array, integer, text, unexpected};
use crate::script::Script;
use crate::servers;

/// How old a look may be.
const PERIOD: Duration = Duration::from_secs(1);

/// How long a shard counts as one's own after one has changed it.
const OWN_FOR: Duration = Duration::from_secs(2);

/// How late what lies in other replicas' shards must be.
const OTHERS_LATE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(crate) struct Outlook {
    /// The name of this process among the replicas.
    replica: String,
    pub(crate) backlog: Backlog,
    /// When each shard was changed by this process, and whether that has been looked at.
    touched: Mutex<Vec<Touch>>,
    full_memory: Mutex<Option<String>>,
    is_refreshing: AtomicBool,
    view: tokio::sync::Mutex<View>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Touch {
    at: Option<Instant>,
    is_unseen: bool,
}

/// What the last look saw.
#[derive(Debug)]
struct View {
    looked_at: Option<Instant>,
    sets: Vec<DueSet>,
    /// By shard, then in the order of `sets`.
    heads: Vec<Vec<Head>>,
    /// A time of the server, and when it was told.
    server_time: Option<(i64, Instant)>,
    replicas: Replicas,
}

/// The first of a set in a shard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Head {
    due_at: Option<i64>,
    /// Where it is kept by age: the oldest job.
    oldest: Option<String>,
}

/// A shard with something in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Prospect {
    pub(crate) shard: Shard,
    /// When the first is due, in milliseconds.
    pub(crate) due_at: i64,
    pub(crate) oldest: Option<String>,
    /// How late one must be for this process to take it.
    pub(crate) late: Duration,
}

/// What there is in a set, the first due first.
#[derive(Clone, Debug)]
pub(crate) struct Prospects {
    pub(crate) now: Timestamp,
    pub(crate) shards: Vec<Prospect>,
}

impl Outlook {
    pub(crate) fn new(replica: String) -> Self {
        Self {
            replica: replica.clone(),
            backlog: Backlog::default(),
            touched: Mutex::new(vec![Touch::default(); SHARDS]),
            full_memory: Mutex::default(),
            is_refreshing: AtomicBool::new(false),
            view: tokio::sync::Mutex::new(View {
                looked_at: None,
                sets: Vec::new(),
                heads: vec![Vec::new(); SHARDS],
                server_time: None,
                replicas: Replicas::alone(replica),
            }),
        }
    }

    pub(crate) fn replica(&self) -> &str {
        &self.replica
    }

    /// This process has changed a shard: the next who takes looks at it again.
    pub(crate) fn touch(&self, shard: Shard) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched[usize::from(shard.number())] = Touch {
            at: Some(Instant::now()),
            is_unseen: true,
        };
    }

    /// This process has taken from a shard: what is first there is now something else.
    pub(crate) fn saw_take(&self, shard: Shard) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        touched[usize::from(shard.number())].is_unseen = true;
    }

    /// The shards that were changed since the last who asked, and those changed just now.
    fn take_touched(&self) -> (Vec<bool>, Vec<bool>) {
        let mut touched = self.touched.lock().unwrap_or_else(PoisonError::into_inner);
        let unseen = touched
            .iter_mut()
            .map(|touch| std::mem::take(&mut touch.is_unseen))
            .collect();
        let own = touched
            .iter()
            .map(|touch| touch.at.is_some_and(|at| at.elapsed() < OWN_FOR))
            .collect();
        (unseen, own)
    }

    /// Why nothing is admitted, where memory is short.
    pub(crate) fn full_memory(&self) -> Option<String> {
        let full = self.full_memory.lock();
        full.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn saw_memory(&self, full: Option<String>) {
        *self
            .full_memory
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = full;
    }
}

impl Core {
    /// What there is in a set now.
    pub(crate) async fn prospects(&self, set: &DueSet) -> Result<Prospects, StoreError> {
        let mut view = self.outlook.view.lock().await;
        let is_new = !view.sets.contains(set);
        if is_new {
            view.sets.push(set.clone());
        }
        let is_old = view.looked_at.is_none_or(|at| at.elapsed() >= PERIOD);
        let (unseen, own) = self.outlook.take_touched();
        if is_old {
            view.replicas.beat(self).await?;
            self.look_at_memory().await;
        }
        let wanted = |shard: &Shard| is_old || is_new || unseen[usize::from(shard.number())];
        let looked_at = Instant::now();
        let looked = self
            .look(&mut view, shards().filter(wanted).collect())
            .await;
        if let Err(error) = looked {
            // What was touched is looked at by the next.
            let again = shards().filter(|shard| unseen[usize::from(shard.number())]);
            again.for_each(|shard| self.outlook.touch(shard));
            return Err(error);
        }
        if is_old {
            view.looked_at = Some(looked_at);
        }
        Ok(self.prospects_of(&view, set, &own))
    }

    fn prospects_of(&self, view: &View, set: &DueSet, own: &[bool]) -> Prospects {
        let position = view.sets.iter().position(|known| known == set);
        let head = |shard: Shard| {
            let heads = &view.heads[usize::from(shard.number())];
            position.and_then(|position| heads.get(position))
        };
        let mut found: Vec<Prospect> = shards()
            .filter_map(|shard| {
                let head = head(shard)?;
                let is_own = own[usize::from(shard.number())] || view.replicas.is_own(shard);
                Some(Prospect {
                    shard,
                    due_at: head.due_at?,
                    oldest: head.oldest.clone(),
                    late: if is_own { Duration::ZERO } else { OTHERS_LATE },
                })
            })
            .collect();
        found.sort_by_key(|prospect| (prospect.late, prospect.due_at));
        Prospects {
            now: self.now(view),
            shards: found,
        }
    }

    fn now(&self, view: &View) -> Timestamp {
        self.time.by_hand().unwrap_or_else(|| {
            let told = view.server_time.map(|(time, at)| {
                let passed = i64::try_from(at.elapsed().as_millis()).unwrap_or(0);
                Timestamp::from_millis(time + passed)
            });
            told.unwrap_or(Timestamp::EPOCH)
        })
    }

    /// Looks at these shards. One that can't be read is left as it was, unless none can.
    async fn look(&self, view: &mut View, wanted: Vec<Shard>) -> Result<(), StoreError> {
        let sets = &view.sets;
        let looks = wanted
            .into_iter()
            .map(async |shard| Ok((shard, self.heads(shard, sets).await?)));
        for (shard, (time, queued, heads)) in answers(looks).await? {
            self.outlook.backlog.saw_queued(shard, queued);
            view.heads[usize::from(shard.number())] = heads;
            view.server_time = Some((time, Instant::now()));
        }
        Ok(())
    }

    async fn heads(
        &self,
        shard: Shard,
        sets: &[DueSet],
    ) -> Result<(i64, i64, Vec<Head>), StoreError> {
        const WHAT: &str = "the heads of what is due";
        let place = self.keyspace.of_shard(shard);
        let mut keys = vec![place.counts()];
        for set in sets {
            keys.push(set.due(place));
            keys.extend(set.ages(place));
        }
        let answer = self.link.run(Script::Heads, &keys, Vec::new()).await?;
        let mut answer = array(answer, WHAT)?.into_iter();
        let mut next = || answer.next().ok_or_else(|| unexpected(WHAT));
        let time = integer(next()?, WHAT)?;
        let queued = integer(next()?, WHAT)?;
        let mut heads = Vec::with_capacity(sets.len());
        for set in sets {
            let _first = next()?;
            let due_at = optional(text(next()?, WHAT)?);
            let due_at = due_at.map(|at| at.parse().map_err(|_| unexpected(WHAT)));
            let mut head = Head {
                due_at: due_at.transpose()?,
                oldest: None,
            };
            if set.ages(place).is_some() {
                head.oldest = optional(text(next()?, WHAT)?);
                let _score = next()?;
            }
            heads.push(head);
        }
        Ok((time, queued, heads))
    }

    /// Where the last look is too old: looks again, without keeping anybody waiting.
    pub(crate) fn refresh_in_background(self: &Arc<Self>) {
        let Ok(view) = self.outlook.view.try_lock() else {
            return;
        };
        let is_old = view.looked_at.is_none_or(|at| at.elapsed() >= PERIOD);
        if !is_old || self.outlook.is_refreshing.swap(true, Ordering::AcqRel) {
            return;
        }
        drop(view);
        let core = Arc::clone(self);
        tokio::spawn(async move {
            if let Err(error) = core.refresh().await {
                tracing::warn!(%error, "how many jobs wait in all is not known anew");
            }
            core.outlook.is_refreshing.store(false, Ordering::Release);
        });
    }

    /// Looks at all shards.
    pub(crate) async fn refresh(&self) -> Result<(), StoreError> {
        let mut view = self.outlook.view.lock().await;
        let looked_at = Instant::now();
        self.look_at_memory().await;
        self.look(&mut view, shards().collect()).await?;
        view.looked_at = Some(looked_at);
        Ok(())
    }

    async fn look_at_memory(&self) {
        match servers::look(&self.link.reader).await {
            Ok(full) => self.outlook.saw_memory(full),
            Err(error) => tracing::warn!(%error, "how much memory Redis uses is not known anew"),
        }
    }
}

fn optional(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// What shards answer to calls made at the same time. One that doesn't answer, as while it is
/// moved, is passed over, unless none does.
pub(crate) async fn answers<T>(
    calls: impl IntoIterator<Item = impl Future<Output = Result<T, StoreError>>>,
) -> Result<Vec<T>, StoreError> {
    let (mut told, mut silent, mut failure) = (Vec::new(), 0, None);
    for answer in join_all(calls).await {
        match answer {
            Ok(answer) => told.push(answer),
            Err(error) => {
                silent += 1;
                failure = Some(error);
            }
        }
    }
    match failure {
        Some(error) if told.is_empty() => Err(error),
        Some(error) => {
            tracing::warn!(%error, shards = silent, "some shards don't answer");
            Ok(told)
        }
        None => Ok(told),
    }
}

/// Groups what belongs to one shard, to be asked for together.
pub(crate) fn by_shard<T>(items: impl IntoIterator<Item = (Shard, T)>) -> BTreeMap<Shard, Vec<T>> {
    let mut groups: BTreeMap<Shard, Vec<T>> = BTreeMap::new();
    for (shard, item) in items {
        groups.entry(shard).or_default().push(item);
    }
    groups
}
