//! The end of a run: everything is waited for, and the books are brought together.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use tokio::time::Instant;

use crate::Outcome;
use crate::books::{Books, Stored};
use crate::dice::Dice;
use crate::load::Load;
use crate::report::{Figures, Report};
use crate::stage::Stage;

/// What is waited for at the end. A job whose sending is in doubt is looked for over two minutes
/// once the lease of a minute is over, and then it has to run.
const PATIENCE: Duration = Duration::from_secs(330);

/// A run that is about to end.
pub(crate) struct Reckoning {
    pub(crate) scene: &'static str,
    pub(crate) command: String,
    pub(crate) start: Instant,
    pub(crate) kills: u64,
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
        load.wait_for_ends(PATIENCE, &mut dice).await?;
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
            batch: stage.aws().batch.jobs(),
            bucket: stage.aws().bucket.all().await?,
        };
        let mut discrepancies = books.discrepancies();
        let pages = std::mem::take(&mut *load.notebook.pages());
        discrepancies.extend(pages.broken);
        discrepancies.extend(stage.crashes());
        let faults = stage.faults();
        let mut remarks = vec![
            format!(
                "all was waited for {} s after the last fault",
                waited.as_secs()
            ),
            format!("{} {faults:?}", count_by_status(&books)),
        ];
        match books.further_tries() {
            0 => {}
            number => remarks.push(format!("{number} jobs got a further try")),
        }
        let figures = Figures {
            kills: self.kills,
            faults: faults.faults(),
            jobs: books.stored.len() as u64,
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
    let http = reqwest::Client::builder().no_proxy().build()?;
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
