//! The books, side by side: what callers were told, what the store says, what ran, what AWS Batch
//! was given, and what was left in S3.

use std::collections::{BTreeMap, BTreeSet};

use crate::bucket::Left;
use crate::ledger::Run;
use crate::notebook::{Order, is_end};

/// A job as the store shows it to its owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stored {
    pub(crate) caller: usize,
    pub(crate) status: String,
    /// Why it failed, in the store's words.
    pub(crate) failure: String,
    /// What `result_url` leads to.
    pub(crate) result: Option<String>,
}

/// A job at AWS Batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BatchJob {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) status: String,
    pub(crate) is_over: bool,
}

impl BatchJob {
    /// The job and the try that it was submitted for, by its name.
    fn owner(&self) -> Option<(String, u32)> {
        let (rest, try_number) = self.name.rsplit_once('-')?;
        let (_, job) = rest.rsplit_once('-')?;
        Some((job.to_owned(), try_number.parse().ok()?))
    }
}

/// Everything that is known once it is over.
#[derive(Clone, Debug, Default)]
pub(crate) struct Books {
    pub(crate) orders: Vec<Order>,
    pub(crate) stored: BTreeMap<String, Stored>,
    pub(crate) runs: Vec<Run>,
    pub(crate) batch: Vec<BatchJob>,
    pub(crate) bucket: BTreeMap<String, Left>,
    /// Whether all was waited for; otherwise a job may still be on its way.
    pub(crate) are_final: bool,
}

impl Books {
    /// A sentence for each promise that was broken.
    pub(crate) fn discrepancies(&self) -> Vec<String> {
        let mut found = self.of_orders();
        for (job, stored) in &self.stored {
            self.of_job(job, stored, &mut found);
        }
        self.of_batch(&mut found);
        for run in &self.runs {
            if !self.stored.contains_key(&run.job) {
                found.push(format!("{}: its program ran, and no book has it", run.job));
            }
        }
        found
    }

    /// Jobs at AWS Batch beyond one for each try.
    pub(crate) fn surplus(&self) -> usize {
        let tries: BTreeSet<_> = self.batch.iter().filter_map(BatchJob::owner).collect();
        self.batch.len() - tries.len()
    }

    /// Jobs that have not ended.
    pub(crate) fn open(&self) -> usize {
        let stored = self.stored.values();
        stored.filter(|stored| !is_end(&stored.status)).count()
    }

    /// Tries beyond the first of each job.
    pub(crate) fn further_tries(&self) -> usize {
        let owners = self.batch.iter().filter_map(BatchJob::owner);
        let tries: BTreeSet<_> = owners.collect();
        tries.iter().filter(|(_, number)| *number > 1).count()
    }

    /// Every 2xx has exactly one job in the store, and no job is there without one.
    fn of_orders(&self) -> Vec<String> {
        let mut found = Vec::new();
        let mut ordered = BTreeSet::new();
        for order in &self.orders {
            let Order {
                job,
                idempotency_key: key,
                ..
            } = order;
            if !ordered.insert(job) {
                found.push(format!("{job}: two keys stand for it, one is {key}"));
            }
            match self.stored.get(job) {
                Some(stored) if stored.caller == order.caller => {}
                Some(stored) => found.push(format!(
                    "{job}: user {} was told of it, and the store shows it to user {}",
                    order.caller, stored.caller
                )),
                None => found.push(format!(
                    "{job}: accepted under {key}, and the store does not have it"
                )),
            }
        }
        for job in self.stored.keys() {
            if !ordered.contains(job) {
                found.push(format!("{job}: in the store, and nobody was told of it"));
            }
        }
        found
    }

    fn of_job(&self, job: &str, stored: &Stored, found: &mut Vec<String>) {
        let mut wrong = |words: String| found.push(format!("{job}: {words}"));
        let runs: Vec<&Run> = self.runs.iter().filter(|run| run.job == job).collect();
        let status = stored.status.as_str();
        if !is_end(status) && self.are_final {
            let at_batch = self.at_batch(job);
            wrong(format!(
                "still {status} at the end; at AWS Batch: {at_batch}"
            ));
        }
        if status == "failed" {
            wrong(format!("failed: {}", stored.failure));
        }
        for run in &runs {
            if is_end(status) && run.process.is_alive() {
                let pid = run.process.pid;
                wrong(format!("{status}, and process {pid} of it still runs"));
            }
        }
        let tries: BTreeSet<u32> = runs.iter().map(|run| run.try_number).collect();
        if tries.len() != runs.len() {
            wrong(format!("a try ran more than once: {runs:?}"));
        }
        let left = self.bucket.get(job).cloned().unwrap_or_default();
        for run in &runs {
            let named = left.gates.get(&run.try_number).cloned().flatten();
            if named.as_ref() != Some(&run.backend_id) {
                let Run {
                    try_number,
                    backend_id,
                    ..
                } = run;
                wrong(format!(
                    "try {try_number} ran as {backend_id}, and its gate names {named:?}"
                ));
            }
        }
        if status == "completed" {
            self.of_completed(job, stored, &runs, &left, &mut wrong);
        } else if stored.result.is_some() {
            wrong(format!("{status}, and has a result"));
        }
    }

    /// One run that came to its end, one manifest, one result with the right content.
    fn of_completed(
        &self,
        job: &str,
        stored: &Stored,
        runs: &[&Run],
        left: &Left,
        wrong: &mut impl FnMut(String),
    ) {
        let ended: Vec<&&Run> = runs.iter().filter(|run| run.has_ended).collect();
        let [run] = ended[..] else {
            let number = ended.len();
            return wrong(format!(
                "completed, and {number} programs of it came to their end: {runs:?}"
            ));
        };
        if left.manifests != [run.try_number] {
            wrong(format!(
                "try {} came to its end, and tries with a manifest are {:?}",
                run.try_number, left.manifests
            ));
        }
        if left.results != ["result.txt"] {
            wrong(format!("its results are {:?}", left.results));
        }
        let order = self.orders.iter().find(|order| order.job == job);
        let right = order.map(|order| format!("{} {}", order.nonce, run.backend_id));
        if stored.result != right {
            let result = &stored.result;
            wrong(format!("its result is {result:?} and should be {right:?}"));
        }
    }

    /// No job at AWS Batch without an owner, and none that goes on once all is over.
    fn of_batch(&self, found: &mut Vec<String>) {
        for at_batch in &self.batch {
            let BatchJob {
                id, name, status, ..
            } = at_batch;
            let owner = at_batch.owner().and_then(|(job, _)| self.stored.get(&job));
            let Some(owner) = owner else {
                found.push(format!("{name} ({id}, {status}) at AWS Batch has no owner"));
                continue;
            };
            // What has just ended may leave a copy that is not ended yet, for as long as jobs may
            // be on their way.
            if !at_batch.is_over && self.are_final {
                let owner = &owner.status;
                found.push(format!(
                    "{name} ({id}) at AWS Batch is still {status}, and its job {owner}"
                ));
            }
        }
    }

    fn at_batch(&self, job: &str) -> String {
        let of_job = self
            .batch
            .iter()
            .filter(|at_batch| at_batch.owner().is_some_and(|(owner, _)| owner == job));
        let all: Vec<String> = of_job
            .map(|at_batch| format!("{} {}", at_batch.id, at_batch.status))
            .collect();
        if all.is_empty() {
            "nothing".to_owned()
        } else {
            all.join(", ")
        }
    }
}

#[cfg(test)]
mod tests;
