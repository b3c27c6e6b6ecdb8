//! How long a job will take, by what past ones took.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use batchway_domain::identity::JobTypeName;
use batchway_domain::job_type::JobType;
use batchway_domain::ports::FinishedRun;

/// The longest estimate that is told: 30 days.
const LONGEST_SECONDS: f64 = 30.0 * 24.0 * 3600.0;

/// Seconds for each unit of work, by type, learnt from past jobs. In memory, so that a POST
/// asks nobody; a loop refreshes it.
#[derive(Debug, Default)]
pub(crate) struct Estimates(RwLock<BTreeMap<JobTypeName, f64>>);

impl Estimates {
    /// Seconds for so much work: by past jobs, or by the type's own formula until there are any.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "clamped to 1..=LONGEST_SECONDS before the cast"
    )]
    pub(crate) fn seconds(&self, kind: &JobType, work: f64) -> u64 {
        let learnt = self
            .0
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&kind.name)
            .copied();
        let seconds = match learnt {
            Some(per_unit) => per_unit * work,
            None => kind.estimate.seconds_for(work),
        };
        seconds.ceil().clamp(1.0, LONGEST_SECONDS) as u64
    }

    /// Learns from the runs of one type: the median of seconds for a unit of work, which one
    /// odd run does not move.
    pub(crate) fn learn(&self, kind: &JobTypeName, runs: &[FinishedRun]) {
        let mut rates: Vec<f64> = runs
            .iter()
            .map(|run| run.ran_for.as_secs_f64() / run.work)
            .filter(|rate| rate.is_finite())
            .collect();
        rates.sort_by(f64::total_cmp);
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match rates.get(rates.len() / 2) {
            Some(median) => table.insert(kind.clone(), *median),
            None => table.remove(kind),
        };
    }
}
