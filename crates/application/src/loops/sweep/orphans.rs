//! Jobs without a record: how long they are held, and how they end.
//!
//! A sweep may be wrong about them, if the store was lost or another one is in use. So they are
//! told of, held for a day, and ended only if the store was there before they were: then it would
//! know them if it ever had.

use std::collections::HashMap;
use std::fmt;
use std::sync::{MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::job::{Absence, BackendId, Rules};
use batchway_domain::ports::{Description, Orphan, StoreError};

use super::{Progress, Sweep, SweepError};
use crate::calls::IDS_PER_LOOK;
use crate::causes::WithCauses;

/// How long an orphan is held for someone to claim it.
const HELD_FOR: Duration = Duration::from_secs(24 * 3600);

/// Over how long a time, in several answers, an orphan must be missing to count as ended.
const GONE_AFTER: Duration = Duration::from_secs(3600);

/// How far the clocks of a backend and ours may be apart.
const CLOCKS_APART: Duration = Duration::from_secs(3600);

/// What a backend is told when an orphan is stopped.
const STOP_REASON: &str = "batchway: its deployment has no record of this job";

/// What becomes of an orphan.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is ended at this time, unless it ends before.
    EndsAt(Timestamp),
    /// The store has been keeping jobs only since this time: another may know the orphan.
    OlderThanStore(Timestamp),
    /// The backend does not say when it took the orphan, or says what can't be.
    Undated,
}

impl Verdict {
    fn on(orphan: &Orphan, kept_since: Timestamp) -> Self {
        if orphan.created_at > orphan.noted_at.plus(CLOCKS_APART) {
            Self::Undated
        } else if kept_since < orphan.created_at {
            Self::EndsAt(orphan.noted_at.plus(HELD_FOR))
        } else {
            Self::OlderThanStore(kept_since)
        }
    }

    fn is_due(self, now: Timestamp) -> bool {
        matches!(self, Self::EndsAt(at) if at <= now)
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EndsAt(at) => write!(formatter, "it is ended at {at}"),
            Self::OlderThanStore(since) => write!(
                formatter,
                "it is ended only by hand, as it is older than this job store, which has been \
                 keeping jobs since {since}"
            ),
            Self::Undated => formatter
                .write_str("it is ended only by hand, as the backend does not say when it took it"),
        }
    }
}

/// How it is with an orphan now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Presence {
    /// It is there, and nobody's still.
    Alive,
    /// The backend did not tell of it, which proves nothing yet.
    Missing,
    /// It has ended, or has a record by now: it is no orphan any more.
    Over,
}

impl Sweep {
    pub(super) async fn verdict_on(&self, orphan: &Orphan) -> Result<Verdict, StoreError> {
        Ok(Verdict::on(orphan, self.ledger().kept_since().await?))
    }

    /// Looks at all orphans, in every period of sweeps once, by all replicas together.
    pub(super) async fn review(&self) -> Result<Progress, SweepError> {
        let orphans = self.orphans().await?;
        if orphans.is_empty() {
            return Ok(Progress::Done);
        }
        let turn = self.calls.grant_review(&self.backend).await?;
        if turn.tokens == 0 {
            return Ok(Progress::NotBefore(turn.next_in));
        }
        let mut result = Ok(Progress::Done);
        for (orphan, presence) in self.look_at(orphans).await? {
            let is_due = self
                .verdict_on(&orphan)
                .await?
                .is_due(self.application.now());
            if is_due
                && presence == Presence::Alive
                && let Err(error) = self.stop(&orphan).await
            {
                result = Err(error);
            }
        }
        result
    }

    pub(super) async fn orphans(&self) -> Result<Vec<Orphan>, StoreError> {
        let mut orphans = self.ledger().orphans().await?;
        orphans.retain(|orphan| orphan.backend == self.backend);
        Ok(orphans)
    }

    /// How it is with these orphans. Those that are none any more are forgotten.
    pub(super) async fn look_at(
        &self,
        orphans: Vec<Orphan>,
    ) -> Result<Vec<(Orphan, Presence)>, SweepError> {
        let mut seen = Vec::new();
        for some in orphans.chunks(IDS_PER_LOOK) {
            let ids: Vec<BackendId> = some.iter().map(|orphan| orphan.id.clone()).collect();
            let told = self.calls.look_at(&ids).await?;
            let told: HashMap<&BackendId, &Description> =
                told.iter().map(|one| (&one.id, one)).collect();
            for orphan in some {
                let presence = self.presence(orphan, told.get(&orphan.id).copied()).await?;
                if presence == Presence::Over {
                    self.forget(orphan).await?;
                } else {
                    seen.push((orphan.clone(), presence));
                }
            }
        }
        Ok(seen)
    }

    async fn presence(
        &self,
        orphan: &Orphan,
        told: Option<&Description>,
    ) -> Result<Presence, StoreError> {
        let has_ended = match told {
            Some(description) => {
                self.missing().remove(&orphan.id);
                description.state.has_ended()
            }
            None => self.is_gone(&orphan.id),
        };
        if has_ended {
            tracing::info!(backend_id = %orphan.id, name = %orphan.name, "a job without a record has ended");
            return Ok(Presence::Over);
        }
        match self.application.jobs().load(&orphan.name.job).await {
            Ok(None) => Ok(told.map_or(Presence::Missing, |_| Presence::Alive)),
            Ok(Some(job)) => {
                self.make_known(job, &orphan.name, &orphan.id).await?;
                Ok(Presence::Over)
            }
            // There is a record, if one that nobody can read.
            Err(StoreError::Unreadable { .. }) => Ok(Presence::Over),
            Err(error) => Err(error),
        }
    }

    /// Whether the backend has not told of it for long enough, this answer included.
    fn is_gone(&self, id: &BackendId) -> bool {
        let now = self.application.now();
        let mut missing = self.missing();
        let absence = missing.entry(id.clone()).or_insert(Absence {
            since: now,
            answers: 0,
        });
        absence.answers = absence.answers.saturating_add(1);
        absence.answers >= Rules::LOST_AFTER_ANSWERS && now.since(absence.since) >= GONE_AFTER
    }

    async fn forget(&self, orphan: &Orphan) -> Result<(), StoreError> {
        let forgotten = self.ledger().forget_orphan(&orphan.backend, &orphan.id);
        forgotten.await?;
        self.missing().remove(&orphan.id);
        Ok(())
    }

    /// Asks for it, and again in each review until it is seen to have ended.
    pub(super) async fn stop(&self, orphan: &Orphan) -> Result<(), SweepError> {
        let asked = self.calls.terminate(&orphan.id, STOP_REASON).await;
        match &asked {
            Ok(()) => {
                tracing::warn!(backend_id = %orphan.id, name = %orphan.name, "a job without a record is stopped");
            }
            Err(error) => {
                let error = WithCauses(error);
                tracing::warn!(backend_id = %orphan.id, name = %orphan.name, %error, "could not stop a job without a record");
            }
        }
        Ok(asked?)
    }

    fn missing(&self) -> MutexGuard<'_, HashMap<BackendId, Absence>> {
        self.missing.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use batchway_domain::identity::{JobId, TryName};
    use batchway_domain::ports::Queue;

    use super::*;

    const DAY: Duration = Duration::from_secs(24 * 3600);

    fn orphan(created_at: Timestamp, noted_at: Timestamp) -> Orphan {
        Orphan {
            backend: "aws-batch".parse().unwrap(),
            id: BackendId("a".to_owned()),
            name: TryName {
                deployment: "test0000".parse().unwrap(),
                job: JobId::new(created_at, "00".parse().unwrap(), [0; 10]),
                number: 1,
            },
            queue: Queue("queue".to_owned()),
            created_at,
            noted_at,
        }
    }

    #[test]
    fn only_what_the_store_would_know_is_ended_and_not_before_a_day() {
        let since = Timestamp::from_millis(1_772_366_400_000);
        let a_moment = Duration::from_millis(1);
        let noted = since.plus(DAY);
        let younger = Verdict::on(&orphan(since.plus(a_moment), noted), since);
        assert_eq!(younger, Verdict::EndsAt(noted.plus(DAY)));
        assert!(!younger.is_due(noted.plus(DAY).minus(a_moment)));
        assert!(younger.is_due(noted.plus(DAY)));
        for older in [since, since.minus(DAY)] {
            let verdict = Verdict::on(&orphan(older, noted), since);
            assert_eq!(verdict, Verdict::OlderThanStore(since));
            assert!(!verdict.is_due(Timestamp::MAX));
        }
        let undated = Verdict::on(&orphan(Timestamp::MAX, noted), since);
        assert_eq!(undated, Verdict::Undated);
        assert!(!undated.is_due(Timestamp::MAX));
    }
}
