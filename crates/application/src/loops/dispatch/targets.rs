//! What job types are sent to, as their backend resolved it a moment ago.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use batchway_domain::Timestamp;
use batchway_domain::identity::JobTypeName;
use batchway_domain::job::Target;
use batchway_domain::job_type::JobType;
use batchway_domain::ports::SubmitError;

use super::Dispatch;

/// How long an answer is good where asking is limited: a new revision of a definition is used
/// at the latest after this.
const GOOD_FOR: Duration = Duration::from_secs(60);

#[derive(Debug, Default)]
pub(super) struct ResolvedTargets(Mutex<BTreeMap<JobTypeName, (Target, Timestamp)>>);

impl ResolvedTargets {
    fn get(&self, kind: &JobTypeName, now: Timestamp) -> Option<Target> {
        let known = self.known();
        let (target, resolved_at) = known.get(kind)?;
        let is_good = *resolved_at <= now && now.since(*resolved_at) < GOOD_FOR;
        is_good.then(|| target.clone())
    }

    fn keep(&self, kind: &JobTypeName, target: &Target, now: Timestamp) {
        self.known().insert(kind.clone(), (target.clone(), now));
    }

    pub(super) fn forget(&self, kind: &JobTypeName) {
        self.known().remove(kind);
    }

    fn known(&self) -> MutexGuard<'_, BTreeMap<JobTypeName, (Target, Timestamp)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Dispatch {
    /// What jobs of this type are sent to now.
    pub(super) async fn resolve_target(&self, kind: &JobType) -> Result<Target, SubmitError> {
        let now = self.application.now();
        if let Some(target) = self.targets.get(&kind.name, now) {
            return Ok(target);
        }
        let target = self.calls.resolve_target(&kind.execution).await?;
        if self.calls.are_limited() {
            self.targets.keep(&kind.name, &target, now);
        }
        Ok(target)
    }
}
