//! How long a job will take, by what past ones took.

use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

use batchway_domain::identity::JobTypeName;
use batchway_domain::job_type::{EstimateFormula, JobType};
use batchway_domain::ports::FinishedRun;

/// The longest estimate that is told: 30 days.
const LONGEST_SECONDS: f64 = 30.0 * 24.0 * 3600.0;

/// Runs whose work differs by less than this factor do not show what work costs: noise does more.
const TELLING_FACTOR: f64 = 2.0;

/// What jobs of each type take, learnt from past ones. In memory, so that a POST asks nobody; a
/// loop refreshes it.
#[derive(Debug, Default)]
pub(crate) struct Estimates(RwLock<BTreeMap<JobTypeName, Pace>>);

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
            Some(pace) => pace.start + pace.per_unit * work,
            None => kind.estimate.seconds_for(work),
        };
        seconds.ceil().clamp(1.0, LONGEST_SECONDS) as u64
    }

    /// Learns from the runs of one type.
    pub(crate) fn learn(&self, kind: &JobType, runs: &[FinishedRun]) {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        match Pace::of(runs, &kind.estimate) {
            Some(pace) => table.insert(kind.name.clone(), pace),
            None => table.remove(&kind.name),
        };
    }
}

/// A line through past runs.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Pace {
    /// Seconds that any job takes.
    start: f64,
    /// Seconds for each unit of work.
    per_unit: f64,
}

impl Pace {
    /// The line of Theil and Sen, which a few odd runs do not move, each pair of runs
    /// weighted by how far their works are apart (<https://doi.org/10.1080/01621459.1968.10480934>
    /// and Jaeckel, <https://doi.org/10.1214/aoms/1177692377>).
    fn of(runs: &[FinishedRun], formula: &EstimateFormula) -> Option<Self> {
        let points: Vec<(f64, f64)> = runs
            .iter()
            .map(|run| (run.work, run.ran_for.as_secs_f64()))
            .filter(|(work, _)| work.is_finite() && *work > 0.0)
            .collect();
        let least = points.iter().map(|(work, _)| *work).reduce(f64::min)?;
        let most = points.iter().map(|(work, _)| *work).reduce(f64::max)?;
        if most < least * TELLING_FACTOR {
            return Self::of_similar(&points, formula);
        }
        let pairs = points.iter().enumerate().flat_map(|(index, (work, time))| {
            points[index + 1..].iter().filter_map(move |other| {
                let apart = other.0 - work;
                (apart != 0.0).then(|| ((other.1 - time) / apart, apart.abs()))
            })
        });
        let per_unit = weighted_median(pairs.collect())?.max(0.0);
        let starts = points.iter().map(|(work, time)| time - per_unit * work);
        let start = median(starts)?.max(0.0);
        Some(Self { start, per_unit })
    }

    /// Where all runs are alike, how much of their time is the start is up to the type's formula.
    fn of_similar(points: &[(f64, f64)], formula: &EstimateFormula) -> Option<Self> {
        let time = median(points.iter().map(|(_, time)| *time))?;
        let work = median(points.iter().map(|(work, _)| *work))?;
        let start = formula.base_seconds.clamp(0.0, time);
        let per_unit = (time - start) / work;
        Some(Self { start, per_unit })
    }
}

fn median(values: impl Iterator<Item = f64>) -> Option<f64> {
    weighted_median(values.map(|value| (value, 1.0)).collect())
}

/// Of values and their weights, the one with half of the weight on either side.
fn weighted_median(mut values: Vec<(f64, f64)>) -> Option<f64> {
    values.sort_by(|one, other| one.0.total_cmp(&other.0));
    let half = values.iter().map(|(_, weight)| weight).sum::<f64>() / 2.0;
    let mut passed = 0.0;
    let middle = values.iter().find(|(_, weight)| {
        passed += weight;
        passed >= half
    });
    middle.map(|(value, _)| *value)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    const FORMULA: EstimateFormula = EstimateFormula {
        work: Vec::new(),
        seconds_per_unit: 1.0,
        base_seconds: 2.0,
    };

    fn runs(points: &[(f64, f64)]) -> Vec<FinishedRun> {
        let run = |(work, seconds): &(f64, f64)| FinishedRun {
            job_type: "simulate".parse().expect("a name"),
            work: *work,
            ran_for: Duration::from_secs_f64(*seconds),
        };
        points.iter().map(run).collect()
    }

    fn seconds(points: &[(f64, f64)], work: f64) -> f64 {
        let pace = Pace::of(&runs(points), &FORMULA).expect("there are runs");
        pace.start + pace.per_unit * work
    }

    #[track_caller]
    fn assert_about(seconds: f64, expected: f64) {
        let distance = (seconds - expected).abs();
        assert!(distance < expected / 100.0, "{seconds} for {expected}");
    }

    #[test]
    fn what_any_job_takes_is_told_from_what_its_work_takes() {
        let short_and_long = [(10.0, 3.1), (1000.0, 103.0), (500.0, 53.0), (10.0, 4.0)];
        assert_about(seconds(&short_and_long, 2000.0), 203.0);
        assert_about(seconds(&short_and_long, 10.0), 4.0);
    }

    #[test]
    fn many_tiny_jobs_make_no_long_one_longer() {
        let tiny = [(10.0, 0.4), (10.0, 0.3), (11.0, 0.5), (12.0, 0.3)];
        assert_about(seconds(&tiny, 1_000_000.0), 0.3);
    }

    #[test]
    fn jobs_that_are_alike_are_scaled_by_their_work() {
        let alike = [(100.0, 52.0), (100.0, 51.0), (100.0, 53.0)];
        assert_about(seconds(&alike, 100.0), 52.0);
        assert_about(seconds(&alike, 1000.0), 502.0);
    }

    #[test]
    fn one_odd_run_moves_nothing() {
        let mut points: Vec<(f64, f64)> = (1..20)
            .map(|n| f64::from(n) * 100.0)
            .map(|work| (work, 5.0 + work / 10.0))
            .collect();
        points.push((1000.0, 86_400.0));
        assert_about(seconds(&points, 4000.0), 405.0);
    }

    #[test]
    fn who_did_more_in_less_time_is_no_reason_to_expect_the_end_before_the_start() {
        let falling = [(10.0, 60.0), (1000.0, 20.0), (500.0, 40.0)];
        assert_about(seconds(&falling, 1_000_000.0), 40.0);
    }

    #[test]
    fn without_a_run_nothing_is_learnt() {
        assert_eq!(Pace::of(&[], &FORMULA), None);
        assert_eq!(Pace::of(&runs(&[(f64::INFINITY, 1.0)]), &FORMULA), None);
    }
}
