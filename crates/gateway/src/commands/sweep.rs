//! `batchway sweep`.

use std::sync::Arc;

use batchway_application::loops::{Ending, SweepByHand, Verdict};
use batchway_domain::Timestamp;
use batchway_domain::ports::{Orphan, Queue};
use serde::Serialize;

use crate::command_line::SweepArguments;
use crate::configuration::Configuration;
use crate::data_folder::DataFolder;
use crate::failure::{Failure, with_causes};
use crate::system_clock::SystemClock;
use crate::wiring::{self, Patience};

/// What a sweep found and did.
#[derive(Debug, Default, Serialize)]
struct Account {
    queues: Vec<SweptQueue>,
    orphans: Vec<FoundOrphan>,
    /// What could not be done, a sentence each.
    problems: Vec<String>,
}

#[derive(Debug, Serialize)]
struct SweptQueue {
    backend: String,
    queue: String,
    /// Up to when it had been swept before.
    swept_until: Option<String>,
    /// How many of our jobs it holds that have not ended; `None` where it could not be swept.
    living_jobs: Option<usize>,
}

#[derive(Debug, Serialize)]
struct FoundOrphan {
    backend: String,
    id: String,
    name: String,
    queue: String,
    /// When the backend took it; `None` where it does not say.
    created_at: Option<String>,
    first_seen_at: String,
    /// When it is ended by itself; `None` where only a person ends it.
    ends_at: Option<String>,
    /// What becomes of it, one sentence.
    verdict: String,
    /// What was done now, with `--apply`.
    #[serde(skip_serializing_if = "Option::is_none")]
    done: Option<&'static str>,
}

/// Sweeps every queue to its end and tells of orphans, or ends them.
pub(crate) async fn run(
    configuration: Configuration,
    arguments: SweepArguments,
) -> Result<(), Failure> {
    let folder = DataFolder::open(&configuration.data_folder, "BATCHWAY_DATA_DIR")?;
    let address = configuration.listen;
    let clock = Arc::new(SystemClock);
    let gateway = wiring::wire_at(&configuration, &folder, address, clock, Patience::None).await?;
    let mut account = Account::default();
    for sweep in gateway.application.sweeps_by_hand() {
        sweep_all(&sweep, &mut account).await;
        judge_all(&sweep, &mut account, arguments.apply).await;
    }
    if arguments.json {
        print(&serde_json::to_string_pretty(&account).map_err(Failure::failed)?);
    } else {
        tell(&account);
    }
    match account.problems.len() {
        0 => Ok(()),
        _ => Err(Failure::failed(account.problems.join("\nbatchway: "))),
    }
}

async fn sweep_all(sweep: &SweepByHand, account: &mut Account) {
    let (queues, open) = sweep.queues().await;
    for question in open {
        account.problems.push(format!(
            "the queue of job type {} could not be found out: {}",
            question.job_type, question.reason
        ));
    }
    for queue in queues {
        let swept_until = sweep.swept_until(&queue).await;
        let living_jobs = sweep.sweep(&queue).await;
        for failed in [swept_until.as_ref().err(), living_jobs.as_ref().err()] {
            account.problems.extend(failed.map(|error| {
                let error = with_causes(error);
                format!("{} could not be swept: {error}", queue.0)
            }));
        }
        account.queues.push(SweptQueue {
            backend: sweep.backend().to_string(),
            queue: queue.0,
            swept_until: swept_until.ok().flatten().map(text),
            living_jobs: living_jobs.ok(),
        });
    }
}

async fn judge_all(sweep: &SweepByHand, account: &mut Account, apply: bool) {
    let orphans = match sweep.orphans().await {
        Ok(orphans) => orphans,
        Err(error) => {
            let error = with_causes(&error);
            let problem = format!("the jobs without a record could not be looked at: {error}");
            account.problems.push(problem);
            return;
        }
    };
    for (orphan, verdict) in orphans {
        let mut found = FoundOrphan::of(&orphan, verdict);
        if apply {
            match sweep.end(&orphan).await {
                Ok(ending) => found.done = Some(words_for(ending)),
                Err(error) => {
                    let error = with_causes(&error);
                    let problem = format!("{} could not be ended: {error}", orphan.id);
                    account.problems.push(problem);
                }
            }
        }
        account.orphans.push(found);
    }
}

const fn words_for(ending: Ending) -> &'static str {
    match ending {
        Ending::Ended => "ended",
        Ending::Asked => "asked to end",
        Ending::NoOrphan => "nothing: it had ended, or has a record by now",
    }
}

impl FoundOrphan {
    fn of(orphan: &Orphan, verdict: Verdict) -> Self {
        let Queue(queue) = orphan.queue.clone();
        let is_dated = verdict != Verdict::Undated;
        Self {
            backend: orphan.backend.to_string(),
            id: orphan.id.to_string(),
            name: orphan.name.to_string(),
            queue,
            created_at: is_dated.then(|| text(orphan.created_at)),
            first_seen_at: text(orphan.noted_at),
            ends_at: match verdict {
                Verdict::EndsAt(at) => Some(text(at)),
                Verdict::OlderThanStore(_) | Verdict::Undated => None,
            },
            verdict: verdict.to_string(),
            done: None,
        }
    }
}

fn tell(account: &Account) {
    if account.queues.is_empty() && account.problems.is_empty() {
        print(
            "Nothing to sweep: no job type is sent to a queue, and everything else is found by its name.",
        );
        return;
    }
    for queue in &account.queues {
        let until = queue.swept_until.as_deref().unwrap_or("never");
        print(&format!("{} {}", queue.backend, queue.queue));
        print(&format!("  last swept: {until}"));
        if let Some(living) = queue.living_jobs {
            print(&format!(
                "  now swept to its end: {living} living jobs of this deployment"
            ));
        }
    }
    print(&format!("jobs without a record: {}", account.orphans.len()));
    for orphan in &account.orphans {
        print(&format!("{} {}", orphan.backend, orphan.id));
        print(&format!("  name:       {}", orphan.name));
        print(&format!("  queue:      {}", orphan.queue));
        print(&format!(
            "  created:    {}",
            orphan.created_at.as_deref().unwrap_or("-")
        ));
        print(&format!("  first seen: {}", orphan.first_seen_at));
        match orphan.done {
            Some(done) => print(&format!("  done now:   {done}")),
            None => print(&format!("  verdict:    {}", orphan.verdict)),
        }
    }
}

fn text(at: Timestamp) -> String {
    at.to_string()
}

#[expect(
    clippy::print_stdout,
    reason = "this is what the command is asked to print"
)]
fn print(line: &str) {
    println!("{line}");
}
