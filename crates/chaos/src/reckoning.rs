//! The end of a run: everything is waited for, and the books are brought together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::Outcome;
use crate::books::{Books, Stored};
use crate::dice::Dice;
use crate::http;
use crate::load::Load;
use crate::report::{Figures, Report};
use crate::stage::Stage;

/// How much of a run's jobs may be on their way where it is not waited for all.
pub(crate) const LARGEST_REST: f64 = 0.5;

/// What is waited for at the end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// All jobs, for up to five and a half minutes: a job whose sending is in doubt is looked for
    /// over two minutes, once its lease of one is over, and then it has to run.
    All,
    /// What ends within so long, or, on a machine that is slow or does much else, as long as it
    /// takes until half of all have ended.
    Most(Duration),
}

/// For all, or for half of them on a machine that is slow or does much else.
const LONGEST: Duration = Duration::from_secs(330);

impl Patience {
    /// Whether nobody waits any longer for those of all that are still open.
    pub(crate) fn is_over(self, waited: Duration, open: usize, all: usize) -> bool {
        let is_enough = match self {
            Self::All => open == 0,
            Self::Most(limit) => {
                open == 0 || waited > limit && open as f64 <= LARGEST_REST * all as f64
            }
        };
        is_enough || waited > LONGEST
    }
}

/// A run that is about to end.
pub(crate) struct Reckoning {
    pub(crate) scene: &'static str,
    pub(crate) command: String,
    pub(crate) start: Instant,
    pub(crate) kills: u64,
    pub(crate) patience: Patience,
}

impl Reckoning {
    /// Waits for all jobs and compares the books. The load must be over, and all faults with it.
    pub(crate) async fn make(
        self,
        stage: Arc<Stage>,
        load: Arc<Load>,
        mut dice: Dice,
    ) -> Outcome<Report> {
        let waiting_since = Instant::now();
        load.wait_for_ends(self.patience, &mut dice).await?;
        let waited = waiting_since.elapsed();
        let stored = load.stored(&mut dice).await;
        for (_, job) in &stored {
            load.note(job)?;
        }
        let orders = load.notebook.pages().orders.clone();
        let books = Books {
            orders,
            stored: read_all(stored).await?,
            runs: stage.ledger().runs()?,
            batch: stage.aws().jobs().await?,
            bucket: stage.aws().bucket.all().await?,
            are_final: self.patience == Patience::All,
        };
        let mut discrepancies = books.discrepancies();
        let pages = std::mem::take(&mut *load.notebook.pages());
        discrepancies.extend(pages.broken);
        discrepancies.extend(stage.crashes());
        let (open, jobs) = (books.open(), books.stored.len());
        if open as f64 > LARGEST_REST * jobs as f64 {
            discrepancies.push(format!("{open} of {jobs} jobs have not ended"));
        }
        let faults = stage.faults();
        let mut remarks = vec![
            format!(
                "waited for {} s after the last fault; {open} jobs are still on their way",
                waited.as_secs()
            ),
            format!("{} on the way: {faults}", count_by_status(&books)),
        ];
        let failed_starts = stage.failed_starts();
        if let Some(last) = failed_starts.last() {
            let number = failed_starts.len();
            remarks.push(format!(
                "{number} starts of gateways failed; one said {last}"
            ));
        }
        match books.further_tries() {
            0 => {}
            number => remarks.push(format!("{number} jobs got a further try")),
        }
        let figures = Figures {
            kills: self.kills,
            faults: faults.faults(),
            jobs: jobs as u64,
            accepted: pages.accepted,
            runs: books.runs.len() as u64,
            surplus: books.surplus() as u64,
        };
        drop(load);
        Ok(Report {
            scene: self.scene,
            command: self.command,
            figures,
            time: self.start.elapsed(),
            evidence: Stage::end(stage, !discrepancies.is_empty()),
            discrepancies,
            remarks,
        })
    }
}

/// Each job with what its result holds.
async fn read_all(jobs: Vec<(usize, Value)>) -> Outcome<BTreeMap<String, Stored>> {
    let http = http::client()?;
    let mut all = BTreeMap::new();
    for (caller, job) in jobs {
        let text = |field: &str| job[field].as_str().unwrap_or_default().to_owned();
        let result = match job["result_url"].as_str() {
            Some(url) => Some(http.get(url).send().await?.text().await?),
            None => None,
        };
        let stored = Stored {
            caller,
            status: text("status"),
            failure: job["failure"].to_string(),
            result,
        };
        all.insert(text("job_id"), stored);
    }
    Ok(all)
}

fn count_by_status(books: &Books) -> String {
    let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
    for stored in books.stored.values() {
        *numbers.entry(&stored.status).or_default() += 1;
    }
    let numbers: Vec<String> = numbers
        .iter()
        .map(|(status, number)| format!("{number} {status}"))
        .collect();
    format!("{};", numbers.join(", "))
}
